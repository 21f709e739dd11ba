"""Phishing: no letter goes to an attacker without a word about its address where letters are read.

Every case of `tests/mailboxes/phishing.jsonl`, the honest mails before it first, goes through the real mail reader,
the classifier that ships, the pipeline and a store of its own, each mail at the moment it was sent. Where Onward asks
whether it was a no, the person says yes. What is asserted is what `onward drafts show` prints, not the row behind it.
"""

from __future__ import annotations

import email
import json
import logging
import re
import shutil
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from flows.home import OWN, Clock, classifier, rejection
from onward import actions, config
from onward.cli import cli
from onward.core.model import Band, Cursor, DraftState, Label, RawMail
from onward.edges import Batch
from onward.edges.render import Renderer
from onward.edges.store import Draft, Store
from onward.pipeline import Outcome, Pipeline
from onward_classifiers.score import Classifier

CASES = Path(__file__).parents[1] / "mailboxes" / "phishing.jsonl"
DOUBT = "Look at the address: "  # how the line on an address begins
NOWHERE = "Its address is in doubt, so it stands nowhere yet."


@dataclass(frozen=True, slots=True)
class Case:
    """One mail of an attacker's, and the honest ones that came before."""

    id: str
    trick: str
    earlier: tuple[str, ...]
    raw: str
    attacker: frozenset[str]
    honest: str  # '': the person never heard from anybody honest

    @property
    def fails_authentication(self) -> bool:
        """Whether the provider says so: in the topmost of the fields, which it was the last to add."""
        return "dmarc=fail" in str(email.message_from_string(self.raw).get("Authentication-Results", "")).lower()


@dataclass(frozen=True, slots=True)
class Desk:
    """Where one case was played: what the person types there, and what is said."""

    path: Path

    def type(self, *words: str) -> Result:
        arguments = ["--config", str(self.path / "config.toml"), "--home", str(self.path / "home"), *words]
        return CliRunner().invoke(cli, arguments)

    def said(self, *words: str) -> str:
        """What is said by a command that works."""
        result = self.type(*words)
        assert result.exit_code == 0, result.output
        return result.stdout

    def refused(self, *words: str) -> str:
        """What is said by a command that does not do it."""
        result = self.type(*words)
        assert result.exit_code == 1, result.output
        assert result.stdout == ""
        return result.stderr

    def on_its_way(self, draft_id: int) -> list[str]:
        """The wishes to lay a letter into the mailbox, or to send it, done or not."""
        store = Store(self.path / "home" / "onward.db")
        try:
            rows = store.rows(
                """SELECT kind FROM effect WHERE kind IN ('append_draft', 'send_mail')
                   AND json_extract(payload, '$.draft') = :draft""",
                draft=str(draft_id),
            )
        finally:
            store.close()
        return [row["kind"] for row in rows]

    def copy(self, path: Path) -> Desk:
        """The same desk elsewhere, to try things at that leave traces."""
        shutil.copytree(self.path, path)
        return make_desk(path)

    @property
    def drafts_folder(self) -> list[str]:
        """The mails in Drafts, as they lie in the Maildir."""
        found = (self.path / "mail" / ".Drafts").glob("[cn]*/*")
        return [each.read_text(encoding="utf-8") for each in found]


@dataclass(frozen=True, slots=True)
class Written:
    """One letter that was written, as the person meets it."""

    case: Case
    desk: Desk
    draft: Draft
    page: str  # what `onward drafts show` prints
    answers_attack: bool  # the mail of the attacker, not one before it
    asked: bool  # written after the person said that it was a no

    @property
    def to_attacker(self) -> bool:
        return plain(self.draft.recipient.email) in {plain(each) for each in self.case.attacker}

    @property
    def to_honest(self) -> bool:
        return plain(self.draft.recipient.email) == plain(self.case.honest) != ""

    @property
    def waits(self) -> bool:
        """Whether the page says that it stands nowhere until the person confirms its address."""
        lines = self.page.splitlines()
        commands = [line for line in lines if f"onward drafts confirm {self.draft.id}" in line]
        return NOWHERE in lines and bool(commands) and "onward drafts send" not in self.page

    @property
    def doubt(self) -> str:
        """What the page says about the address; '' where it says nothing."""
        found = [line[len(DOUBT) :] for line in self.page.splitlines() if line.startswith(DOUBT)]
        return found[0] if len(found) == 1 else ""

    @property
    def shown_to(self) -> str:
        """The line of the page that says to whom the letter goes."""
        (line,) = [line for line in self.page.splitlines() if re.match(r"To(?: |$)", line)]
        return line.removeprefix("To").strip()


@dataclass(frozen=True, slots=True)
class Played:
    """The whole set, played once."""

    cases: tuple[Case, ...]
    letters: tuple[Written, ...]
    asked: int  # cases whose mail the person was asked about

    def ids(self, wanted: Callable[[Written], bool]) -> list[str]:
        """The cases with such a letter, one by one."""
        return [each.case.id for each in self.letters if wanted(each)]


def plain(address: str) -> str:
    """An address as a mail program reads it: however it is spelt, the same mailbox is the same text."""
    seen = "".join(each for each in address if unicodedata.category(each) not in ("Cc", "Cf", "Mn"))
    local, _, domain = unicodedata.normalize("NFKC", seen).casefold().rpartition("@")
    try:
        return f"{local}@{domain.encode('ascii').decode('idna')}" if domain else ""
    except UnicodeError:
        return f"{local}@{domain}"


def read_cases() -> Iterator[Case]:
    for line in CASES.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        found = frozenset(row["attacker"])
        yield Case(row["id"], row["trick"], tuple(row["earlier"]), row["raw"], found, row["honest"] or "")


def make_desk(path: Path) -> Desk:
    """A desk at a folder, with a configuration: one Maildir, one account to send through, no reminders."""
    (path / "home").mkdir(parents=True, exist_ok=True)
    for folder in ("mail", "mail/.Drafts", "mail/.Sent"):
        for inside in ("cur", "new", "tmp"):
            (path / folder / inside).mkdir(parents=True, exist_ok=True)
    (path / "config.toml").write_text(
        f'name = "Sam Doe"\ntimezone = "Europe/Berlin"\n[reminders]\nmail = false\ndesktop = false\n'
        f'[[account]]\nkind = "maildir"\naddress = "{OWN}"\npath = "{path / "mail"}"\n'
        f'[account.smtp]\nhost = "127.0.0.1"\nsecurity = "plain"\npassword_env = "ONWARD_TEST_PASSWORD"\n',
        encoding="utf-8",
    )
    return Desk(path)


def sent_at(raw: str) -> datetime:
    return parsedate_to_datetime(str(email.message_from_string(raw)["Date"])).astimezone(UTC)


def play(desk: Desk, mails: Sequence[str], renderer: Renderer) -> tuple[list[tuple[Draft, bool]], bool]:
    """The mails come in, one after the other; what is asked about the last one is answered with yes.

    Returns every draft, with whether it answers the last mail; and whether there was something to ask.
    """
    store, clock, heard = Store(desk.path / "home" / "onward.db"), Clock(), list[Outcome]()
    store.connection.execute("PRAGMA synchronous = OFF")  # nothing here is about power
    policy = config.load(desk.path / "config.toml", desk.path / "home").policy
    pipeline = Pipeline(store, classifier(), renderer, policy, clock, channels=(), on_outcome=heard.append)
    try:
        for uid, raw in enumerate(mails, 1):
            clock.now = sent_at(raw)
            on_the_wire = raw.encode("utf-8", "surrogateescape").replace(b"\n", b"\r\n")
            arrived = (RawMail("INBOX", 1, uid, clock.now, on_the_wire),)
            pipeline.receive("main", "INBOX", Batch(arrived, Cursor(1, uid), uid, uid))
            while pipeline.handle_next():
                pass
        assert len(heard) == len(mails)  # each was read, and handled
        last = heard[-1].message.key
        asked = heard[-1].decision.verdict.band is Band.ASK
        if asked:
            actions.correct(store, last, Label.REJECTION, clock())
            while pipeline.handle_next():
                pass
        return [(each, each.message_key == last) for each in store.drafts()], asked
    finally:
        store.close()


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """Every case, played; the homes of those without a letter are gone."""
    root, renderer = tmp_path_factory.mktemp("phishing"), Renderer()
    Store(root / "empty.db").close()  # made once: migrating costs more than a mail
    cases, letters, asked = tuple(read_cases()), list[Written](), 0
    for case in cases:
        desk = make_desk(root / case.id)
        shutil.copy(root / "empty.db", desk.path / "home" / "onward.db")
        drafts, was_asked = play(desk, (*case.earlier, case.raw), renderer)
        asked += was_asked
        for draft, answers_attack in drafts:
            page = desk.said("drafts", "show", str(draft.id))
            letters.append(Written(case, desk, draft, page, answers_attack, was_asked and answers_attack))
        if not drafts:
            shutil.rmtree(desk.path)
    yield Played(cases, tuple(letters), asked)
    shutil.rmtree(root)


# --- the set -----------------------------------------------------------------------------------------------


def test_there_are_three_hundred_cases_and_more_of_many_tricks(played: Played) -> None:
    assert len(played.cases) == len({case.id for case in played.cases}) == 343
    assert len({case.trick for case in played.cases}) == 23
    assert all(case.attacker for case in played.cases)
    assert sum(bool(case.honest) for case in played.cases) == 326
    assert not any(plain(case.honest) in map(plain, case.attacker) for case in played.cases if case.honest)


def test_enough_letters_are_written_for_the_set_to_prove_something(played: Played) -> None:
    assert played.asked >= 70
    assert len(played.ids(lambda each: each.to_attacker)) >= 60
    assert len(played.ids(lambda each: each.to_attacker and not each.asked)) >= 45
    assert len(played.ids(lambda each: each.draft.state is DraftState.TO_CONFIRM)) >= 80


def test_no_letter_goes_to_an_attacker_without_a_word_about_the_address_on_its_page(played: Played) -> None:
    assert played.ids(lambda each: each.to_attacker and not each.doubt) == []


def test_every_letter_goes_to_somebody_the_set_knows_or_to_nobody_yet(played: Played) -> None:
    strangers = [
        (each.case.id, each.draft.recipient.email)
        for each in played.letters
        if not (each.to_attacker or each.to_honest or not each.draft.recipient.email)
    ]
    assert strangers == [("p-299", "candidates@recruiterly.example")]  # the relay that sent the mails before, too


def test_a_page_shows_the_address_that_a_letter_goes_to(played: Played) -> None:
    assert played.ids(lambda each: plain(each.draft.recipient.email) not in plain_words(each.shown_to)) == []


def plain_words(text: str) -> str:
    return " ".join(plain(word.strip("<>")) for word in text.split() if "@" in word)


def test_the_word_about_an_address_names_a_house_or_an_address(played: Played) -> None:
    assert played.ids(lambda each: bool(each.doubt) and not re.search(r"\w\.\w", each.doubt)) == []


# --- a letter that waits for the person's word ---------------------------------------------------------------


def test_a_letter_waits_where_its_page_says_so_and_nowhere_else(played: Played) -> None:
    assert played.ids(lambda each: each.waits != (each.draft.state is DraftState.TO_CONFIRM)) == []
    assert played.ids(lambda each: each.waits and not each.doubt) == []


def test_a_letter_that_waits_is_not_on_its_way_to_the_mailbox_and_any_other_is(played: Played) -> None:
    on_its_way = {id(each): each.desk.on_its_way(each.draft.id) for each in played.letters}
    assert played.ids(lambda each: each.waits and on_its_way[id(each)] != []) == []
    assert played.ids(lambda each: not each.waits and on_its_way[id(each)] != ["append_draft"]) == []


def test_a_letter_that_waits_is_not_sent_and_the_refusal_names_the_command_that_confirms_it(played: Played) -> None:
    waiting = [each for each in played.letters if each.waits]
    for each in waiting:
        number = str(each.draft.id)
        said = each.desk.refused("drafts", "send", number, "--yes")
        assert f"onward drafts confirm {number}" in said, each.case.id
        assert each.desk.on_its_way(each.draft.id) == [], each.case.id
    assert len(waiting) >= 80


def test_a_letter_comes_into_the_mailbox_once_its_address_is_confirmed(played: Played, tmp_path: Path) -> None:
    waiting = [each for each in played.letters if each.waits and each.draft.recipient.email]
    for each in waiting:
        number, desk = str(each.draft.id), each.desk.copy(tmp_path / each.case.id)
        desk.said("drafts", "confirm", number)
        assert desk.on_its_way(each.draft.id) == ["append_draft"], each.case.id
        after = replace(each, page=desk.said("drafts", "show", number))
        assert (after.waits, after.shown_to, after.doubt) == (False, each.shown_to, each.doubt), each.case.id
        shutil.rmtree(desk.path)
    assert len(waiting) >= 50


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """`onward run` may be typed: the classifier is loaded already, and the loggers are as before afterwards."""
    monkeypatch.setattr(Classifier, "load", lambda path=None, home=None: classifier())
    loggers = [logging.getLogger(name) for name in ("", "onward", "imapclient", "apscheduler", "mailparser")]
    before = [(each, list(each.handlers), each.level) for each in loggers]
    yield
    for each, handlers, level in before:
        each.handlers[:] = handlers
        each.setLevel(level)


def test_the_drafts_folder_stays_empty_until_the_address_is_confirmed(
    played: Played, tmp_path: Path, service: None
) -> None:
    each = next(each for each in played.letters if each.waits and each.to_attacker and not each.asked)
    desk, number = each.desk.copy(tmp_path / "desk"), str(each.draft.id)
    desk.said("run", "--once")
    assert desk.drafts_folder == []
    desk.said("drafts", "confirm", number)
    desk.said("run", "--once")
    (laid,) = desk.drafts_folder
    assert each.draft.recipient.email in laid


# --- failed authentication -----------------------------------------------------------------------------------


def test_a_mail_that_fails_authentication_prefills_no_address(played: Played) -> None:
    failing = [each for each in played.letters if each.case.fails_authentication and each.answers_attack]
    assert sum(case.fails_authentication for case in played.cases) >= 35
    assert len(failing) >= 25
    assert [each.case.id for each in failing if each.draft.recipient.email or "@" in each.shown_to] == []
    assert [each.case.id for each in failing if not each.waits or "your mail provider" not in each.doubt] == []


def from_mara(results: Sequence[str]) -> str:
    """A plain no of Mara's, with these Authentication-Results on top of it."""
    fields = "".join(f"Authentication-Results: {each}\n" for each in results)
    return fields + rejection(1).decode().replace("\r\n", "\n")


@pytest.mark.parametrize(
    "results",
    [
        ["mx.example.org; spf=pass smtp.mailfrom=evil.test; dmarc=fail (p=NONE) header.from=harbour1.example"],
        ["mx.example.org;\n\tdkim=none; DMARC = Fail\n header.from=harbour1.example"],
        ["mx.example.org; dmarc=fail header.from=harbour1.example", "mx.evil.test; spf=pass; dkim=pass; dmarc=pass"],
    ],
)
def test_a_letter_to_whom_the_provider_does_not_believe_has_no_address_and_waits_for_one(
    tmp_path: Path, results: list[str]
) -> None:
    desk = make_desk(tmp_path)
    (((draft, _),), _) = play(desk, [from_mara(results)], Renderer())
    written = written_at(desk, draft)
    assert (written.shown_to, written.waits) == ("", True)
    assert "(mara@harbour1.example)" in written.doubt
    assert f"onward drafts confirm {draft.id} --to ADDRESS" in desk.refused("drafts", "confirm", str(draft.id))
    assert f"onward drafts confirm {draft.id}" in desk.refused("drafts", "send", str(draft.id), "--yes")
    assert desk.on_its_way(draft.id) == []


@pytest.mark.parametrize(
    "results",
    [
        [],
        ["mx.example.org; spf=pass; dkim=pass; dmarc=pass header.from=harbour1.example"],
        ["mx.example.org; dmarc=pass header.from=harbour1.example", "mx.far.example; dmarc=fail"],
    ],
)
def test_a_letter_to_whom_the_provider_believes_has_its_address(tmp_path: Path, results: list[str]) -> None:
    desk = make_desk(tmp_path)
    (((draft, _),), _) = play(desk, [from_mara(results)], Renderer())
    written = written_at(desk, draft)
    assert (written.shown_to, written.waits) == ("Mara Lindqvist <mara@harbour1.example>", False)


def written_at(desk: Desk, draft: Draft) -> Written:
    """A letter of no case, as its page shows it now."""
    nobody = Case("", "", (), "", frozenset(), "")
    return Written(nobody, desk, draft, desk.said("drafts", "show", str(draft.id)), True, False)


# --- the other side ------------------------------------------------------------------------------------------


def test_letters_to_honest_people_still_come_without_being_confirmed(played: Played) -> None:
    freely = played.ids(lambda each: each.to_honest and not each.waits)
    assert len(freely) >= 70
    assert len(played.ids(lambda each: each.to_honest and not each.waits and not each.asked)) >= 55


def test_honest_people_are_hardly_ever_doubted(played: Played) -> None:
    assert len(played.ids(lambda each: each.to_honest and each.waits)) <= 2


# --- ways around it -------------------------------------------------------------------------------------------

TOLD = "mx.example.org; dmarc=fail header.from=harbour1.example"


def waiting(played: Played) -> list[Written]:
    return [each for each in played.letters if each.waits and each.to_attacker]


@pytest.mark.parametrize("to", ["mara@harbour1.example", "Mara Lindqvist <mara@harbour1.example>"])
def test_an_address_can_be_given_to_a_letter_that_has_none(tmp_path: Path, to: str) -> None:
    desk = make_desk(tmp_path)
    (((draft, _),), _) = play(desk, [from_mara([TOLD])], Renderer())
    desk.said("drafts", "confirm", str(draft.id), "--to", to)
    assert written_at(desk, draft).shown_to == to
    assert desk.on_its_way(draft.id) == ["append_draft"]


@pytest.mark.parametrize("before", [(), ("discard",)], ids=["waiting", "discarded"])
def test_again_is_no_way_around_confirm(played: Played, tmp_path: Path, before: tuple[str, ...]) -> None:
    found = []
    for each in waiting(played):
        desk = each.desk.copy(tmp_path / each.case.id)
        for word in before:
            desk.said("drafts", word, str(each.draft.id))
        desk.type("drafts", "again", str(each.draft.id))
        if "append_draft" in desk.on_its_way(each.draft.id):
            found.append(each.case.id)
        shutil.rmtree(desk.path)
    assert not found, f"{len(found)}: {' '.join(found)}"


def anew(each: Written, desk: Desk, act: str) -> Written:
    """The letter after it was dropped and wished for again."""
    store = Store(desk.path / "home" / "onward.db")
    clock = Clock(sent_at(each.case.raw))
    policy = config.load(desk.path / "config.toml", desk.path / "home").policy
    pipeline = Pipeline(store, classifier(), Renderer(), policy, clock, channels=())
    try:
        if act == "correct":
            for label in (Label.OTHER, Label.REJECTION):
                actions.correct(store, each.draft.message_key, label, clock())
                while pipeline.handle_next():
                    pass
        else:
            actions.discard_draft(store, each.draft.id, clock())
            application = each.draft.application_id
            assert application is not None
            pipeline.write_letter(application, None)
        draft = store.find_draft(each.draft.id)
    finally:
        store.close()
    assert draft is not None
    return Written(each.case, desk, draft, desk.said("drafts", "show", str(draft.id)), True, False)


@pytest.mark.parametrize("act", ["correct", "write"])
def test_a_mail_is_no_witness_for_its_own_sender(played: Played, tmp_path: Path, act: str) -> None:
    found = []
    for each in waiting(played):
        after = anew(each, each.desk.copy(tmp_path / each.case.id), act)
        if after.to_attacker and not after.doubt:
            found.append(each.case.id)
        shutil.rmtree(after.desk.path)
    assert not found, f"{len(found)}: {' '.join(found)}"


def test_a_first_mail_of_an_attacker_is_hardly_a_witness_for_the_second(played: Played, tmp_path: Path) -> None:
    found, renderer = [], Renderer()
    for each in waiting(played):
        case = each.case
        if not case.earlier:
            continue
        first, attack = email.message_from_string(case.earlier[-1]), email.message_from_string(case.raw)
        for name in ("Return-Path", "Authentication-Results", "Message-ID", "From", "Reply-To", "Date"):
            del first[name]
        first["From"] = attack["From"]
        if attack["Reply-To"]:
            first["Reply-To"] = attack["Reply-To"]
        first["Message-ID"] = f"<first-{case.id}@attack.test>"
        first["Date"] = format_datetime(sent_at(case.raw) - timedelta(hours=20))
        desk = make_desk(tmp_path / case.id)
        try:
            drafts, _ = play(desk, (*case.earlier, first.as_string(), case.raw), renderer)
        except UnicodeEncodeError:
            continue
        for draft, answers in drafts:
            letter = Written(case, desk, draft, desk.said("drafts", "show", str(draft.id)), answers, False)
            if letter.to_attacker and not letter.doubt:
                found.append(case.id)
        shutil.rmtree(desk.path)
    assert len(found) <= 2, f"{len(found)}: {' '.join(found)}"  # where nobody had written before: it is their thread


@pytest.mark.parametrize(
    "results",
    [
        f"{TOLD}; spf=pass smtp.mailfrom=dmarc=pass@evil.test",  # the envelope's sender writes this part
        f"{TOLD}; arc=pass (i=1 spf=pass dkim=pass dmarc=pass fromdomain=harbour1.example)",
        "mx.example.org; dmarc/1=fail header.from=harbour1.example",  # RFC 8601 §2.2: a method may have a version
    ],
)
def test_what_a_sender_can_write_into_the_results_is_not_the_result(tmp_path: Path, results: str) -> None:
    desk = make_desk(tmp_path)
    (((draft, _),), _) = play(desk, [from_mara([results])], Renderer())
    assert written_at(desk, draft).shown_to == ""


def test_what_a_sender_can_write_is_no_failure_either(tmp_path: Path) -> None:
    desk = make_desk(tmp_path)
    good = "mx.example.org; dmarc=pass header.from=harbour1.example; spf=pass smtp.mailfrom=dmarc=fail@harbour1.example"
    (((draft, _),), _) = play(desk, [from_mara([good])], Renderer())
    assert "mara@harbour1.example" in written_at(desk, draft).shown_to
