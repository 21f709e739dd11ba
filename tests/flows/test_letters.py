"""What becomes of letters in the weeks after a mail: spoken of once, asked after, changed, answered, or left unused.

The service is the real one, beside the embedded server; the clock is moved by hand.
"""

from __future__ import annotations

import email
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime

import pytest
from click.testing import CliRunner, Result

from flows.home import BEGIN, OWN, Home, classifier, rejection
from onward import actions, ledger
from onward.cli import cli
from onward.core import mail
from onward.core.model import Address, Label, LetterKind, Occasion, Refused
from onward.demo.server import Stored
from onward.service import pipeline_for
from onward_classifiers.score import Classifier

MARA = "Mara Lindqvist <mara@harbour1.example>"
ROBOT = "Harbour1 Optics Careers <no-reply@harbour1.example>"
FRIEND = Address("ines.moreau@friends.example", "Ines Moreau")
NO, TALK = "<no-1@harbour1.example>", "<talk@harbour1.example>"
PEOPLE = ("Mara Lindqvist", "Ines Moreau", "Jonas Weber", "Priya Raman", "Tomas Novak", "Aylin Kaya", "Noor Visser")
LATE_EVENING = BEGIN.replace(hour=21, minute=30)  # 22:30 in Berlin: night until eight
MAIL_ONLY = {"reminders": {"desktop": False}}
NO_REMINDERS = {"reminders": {"mail": False, "desktop": False}}

FEEDBACK = (
    "Dear Sam,\n\nof course I can tell you more. In the technical interview you were not sure about window functions "
    "and query plans, and your answers on SQL stayed at the surface. I would work on that first.\n\nBest,\nMara"
)
QUOTED = "On Mon, 2 Mar 2026 at 11:00, Sam Doe <sam.doe@example.org> wrote:\n> Dear Mara,\n> may I ask one thing?\n"


@pytest.fixture
def home(make_home: Callable[..., Home]) -> Home:
    """A home in which nothing but letters and questions is of interest."""
    return make_home(settings=NO_REMINDERS)


@pytest.fixture
def spoken(make_home: Callable[..., Home]) -> Home:
    """A home in which the person is spoken to, by mail to oneself."""
    return make_home(settings=MAIL_ONLY)


@pytest.fixture
def talked(home: Home) -> Home:
    """An interview was had, and nothing came after."""
    home.deliver(invitation())
    home.run()
    return home


@pytest.fixture
def declined(home: Home) -> Home:
    """A no has come after interviews; the letter stands in Drafts, and asks for feedback."""
    home.deliver(rejection())
    home.settle()
    assert [each["kind"] for each in letters(home)] == [LetterKind.THANKS_AND_FEEDBACK]
    return home


@pytest.fixture
def typed(home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Result]]:
    """Type `onward …` on this home: typed("run", "--once"). The command line sets up a log of its own."""
    monkeypatch.setenv("ONWARD_TEST_PASSWORD", "secret")
    loaded = classifier()
    monkeypatch.setattr(Classifier, "load", lambda path=None, home=None: loaded)
    home.path.mkdir()
    file = home.path / "config.toml"
    server = f'host = "127.0.0.1"\nport = {home.server.port}\nsecurity = "plain"\nuser = "sam"\n'
    file.write_text(
        'name = "Sam Doe"\ntimezone = "Europe/Berlin"\n[reminders]\nmail = false\ndesktop = false\n'
        f'[[account]]\naddress = "{OWN}"\n{server}password_env = "ONWARD_TEST_PASSWORD"\n'
    )

    def typed(*words: str) -> Result:
        result = CliRunner().invoke(cli, ["--config", str(file), "--home", str(home.path), *words])
        assert result.exit_code == 0, result.output
        return result

    loggers = [logging.getLogger(name) for name in ("", "onward", "imapclient", "apscheduler", "mailparser")]
    before = [(each, list(each.handlers), each.level) for each in loggers]
    yield typed
    for each, handlers, level in before:
        each.handlers[:] = handlers
        each.setLevel(level)


# --- mails ----------------------------------------------------------------------------------------------------


def written(sender: str, subject: str, words: str, message_id: str, answers: str = "", reply_to: str = "") -> bytes:
    """One mail; `answers` are the Message-IDs of its thread, the answered one last."""
    made = EmailMessage()
    made["From"] = sender
    made["To"] = f"Sam Doe <{OWN}>"
    made["Subject"] = subject
    made["Date"] = format_datetime(BEGIN)
    made["Message-ID"] = message_id
    if answers:
        made["In-Reply-To"] = answers.split()[-1]
        made["References"] = answers
    if reply_to:
        made["Reply-To"] = reply_to
    made.set_content(words)
    return made.as_bytes()


def acknowledgement() -> bytes:
    return written(
        ROBOT,
        "Your application as Data Engineer at Harbour1 Optics",
        "Dear Sam,\n\nthank you for your application as Data Engineer at Harbour1 Optics. We have received it and will "
        "get back to you.\n\nHarbour1 Optics\n",
        "<received@harbour1.example>",
    )


def invitation() -> bytes:
    return written(
        MARA,
        "Interview for Data Engineer at Harbour1 Optics",
        "Dear Sam,\n\nthank you for your application as Data Engineer at Harbour1 Optics. We would like to invite you "
        "to an interview on Thursday 5 March at 14:00 with me and our head of data. It will take about an hour.\n\n"
        "Best regards,\nMara Lindqvist\nHarbour1 Optics\n",
        TALK,
    )


INVITATIONS = {
    "de": (
        "Einladung zum Vorstellungsgespräch als Data Engineer",
        "Liebe Sam Doe,\n\nvielen Dank für Ihre Bewerbung als Data Engineer bei Harbour1 Optics. Wir möchten Sie gerne "
        "zu einem Vorstellungsgespräch am Donnerstag, den 5. März um 14 Uhr einladen. Es dauert etwa eine Stunde.\n\n"
        "Mit freundlichen Grüßen\nMara Lindqvist\n",
        "Data Engineer",
    ),
    "es": (
        "Entrevista para el puesto de Data Engineer",
        "Estimado Sam:\n\nGracias por su candidatura al puesto de Data Engineer en Harbour1 Optics. Nos gustaría "
        "invitarle a una entrevista el jueves 5 de marzo a las 14:00. Durará una hora aproximadamente.\n\n"
        "Un cordial saludo,\nMara Lindqvist\n",
        "dos semanas",
    ),
    "pt": (
        "Entrevista para a vaga de Data Engineer",
        "Prezado Sam,\n\nobrigada pela sua candidatura à vaga de Data Engineer na Harbour1 Optics. Gostaríamos de "
        "convidá-lo para uma entrevista na quinta-feira, 5 de março, às 14h00. Deve durar cerca de uma hora.\n\n"
        "Com os melhores cumprimentos,\nMara Lindqvist\n",
        "duas semanas",
    ),
}


def news_in_the_thread() -> bytes:
    return written(
        MARA,
        "Re: Interview for Data Engineer at Harbour1 Optics",
        "Dear Sam,\n\nsorry for the silence: the hiring manager was on leave. We will have a decision for you by the "
        "end of next week.\n\nBest,\nMara\n",
        "<news@harbour1.example>",
        TALK,
    )


def no_of(number: int) -> bytes:
    """A no of another person at another company for every number."""
    first, family = PEOPLE[number - 1].split()
    return (
        rejection(number)
        .replace(b"Mara Lindqvist", f"{first} {family}".encode())
        .replace(b"mara@", b"%s@" % first.lower().encode())
    )


def no_of_a_machine(number: int = 1) -> bytes:
    return written(
        f"Harbour{number} Optics Careers <no-reply@harbour{number}.example>",
        f"Your application as Data Engineer at Harbour{number} Optics",
        f"Dear Sam,\n\nthank you for your application as Data Engineer at Harbour{number} Optics. After careful review "
        f"we have decided not to move forward with your application.\n\nHarbour{number} Optics Talent Team\n",
        f"<no-{number}@harbour{number}.example>",
    )


def feedback(home: Home) -> bytes:
    """Mara answers the letter as it was sent, which her program quotes."""
    [letter] = in_folder(home, "Sent")
    return written(
        MARA,
        f"Re: {letter['Subject']}",
        f"{FEEDBACK}\n\n{QUOTED}",
        "<answer@harbour1.example>",
        f"{NO} {letter['Message-ID']}",
    )


# --- what stands where ----------------------------------------------------------------------------------------


def in_folder(home: Home, folder: str) -> list[EmailMessage]:
    """What a mail program shows of a folder, in order of arrival."""
    stored = home.server.mailbox(folder).messages
    return [email.message_from_bytes(each.raw, policy=policy.default) for each in stored]


def words(home: Home) -> list[str]:
    """The words of what stands in Drafts."""
    return [mail.words_of(raw)[2] for raw in home.drafts]


def said_of_letters(home: Home) -> list[str]:
    """What the person was told of letters, by mail to oneself."""
    return [mail.words_of(raw)[2] for raw in home.notices if raw not in home.reminders]


def letters(home: Home) -> list[dict[str, object]]:
    return home.rows("SELECT * FROM draft ORDER BY id")


def state(home: Home, letter: int = 1) -> object:
    return letters(home)[letter - 1]["state"]


def reasons(home: Home) -> str:
    """Why there are letters, or none."""
    return " ".join(str(row["reasons"]) for row in home.rows("SELECT reasons FROM verdict ORDER BY decided_at"))


def questions(home: Home) -> list[tuple[object, str]]:
    """What the person is asked now."""
    rows = home.rows("SELECT kind, text FROM question WHERE answered_at IS NULL ORDER BY id")
    return [(row["kind"], str(row["text"])) for row in rows]


def asked(home: Home) -> list[object]:
    """The kinds of all questions there ever were."""
    return [row["kind"] for row in home.rows("SELECT kind FROM question ORDER BY id")]


def heard(home: Home) -> list[dict[str, object]]:
    return home.rows("SELECT kind, words, themes FROM feedback ORDER BY id")


def standing(home: Home, id: int = 1) -> str:
    """How an application stands."""
    with home.opened() as store:
        return store.get_application(id).state


# --- what happens ---------------------------------------------------------------------------------------------


def days_pass(home: Home, days: float) -> None:
    home.clock.forward(days=days)
    home.settle()


def write(home: Home, kind: LetterKind | None, to: Address | None = None, id: int = 1) -> int:
    """The person asks for a letter; it comes to where it belongs."""
    with home.opened() as store:
        number = pipeline_for(home.config, store, classifier(), home.clock).write_letter(id, kind, to)
    home.settle()
    return number


def discard(home: Home, letter: int) -> None:
    with home.opened() as store:
        actions.discard_draft(store, letter, home.clock.now)
    home.settle()


def newest_draft(home: Home) -> Stored:
    return home.server.mailbox("Drafts").messages[-1]


def deletes(home: Home) -> None:
    """The person deletes the newest draft in their mail program."""
    home.server.mailbox("Drafts").remove([newest_draft(home).uid])


def sends(home: Home) -> None:
    """The person sends the newest draft as it stands, from their mail program."""
    gone = newest_draft(home)
    home.server.mailbox("Sent").deliver(gone.raw, home.clock.now)
    deletes(home)


def changes(home: Home, text: str, folder: str = "Drafts") -> None:
    """The person gives the newest draft other words in their mail program, which makes a mail of its own of it."""
    before = newest_draft(home)
    changed = email.message_from_bytes(before.raw, policy=policy.SMTP)
    changed.set_content(text)
    del changed[mail.KEY_HEADER]
    changed.replace_header("Message-ID", f"<own-{before.uid}@mailer.example>")
    home.server.mailbox(folder).deliver(changed.as_bytes(), home.clock.now)
    home.server.mailbox("Drafts").remove([before.uid])


# --- a letter that waits --------------------------------------------------------------------------------------


def test_a_letter_that_waits_is_spoken_of_once_when_the_first_sting_is_over(spoken: Home) -> None:
    spoken.deliver(rejection())
    spoken.settle()
    spoken.clock.forward(hours=22)
    spoken.run()
    assert said_of_letters(spoken) == []
    spoken.clock.forward(hours=2)
    spoken.settle()
    [said] = said_of_letters(spoken)
    assert "to Mara Lindqvist at Harbour1 Optics still waits in your Drafts" in said
    assert "onward drafts show 1" in said and "onward drafts discard 1" in said
    for _ in range(3):
        days_pass(spoken, 10)
    assert said_of_letters(spoken) == [said]


def test_a_letter_that_waits_is_not_spoken_of_at_night(spoken: Home) -> None:
    spoken.clock.now = LATE_EVENING
    spoken.deliver(rejection())
    spoken.settle()
    spoken.clock.now = LATE_EVENING + timedelta(hours=30)  # the cool-off is over, and it is half past four
    spoken.run()
    assert said_of_letters(spoken) == []
    spoken.clock.forward(hours=4)
    spoken.run()
    assert len(said_of_letters(spoken)) == 1


@pytest.mark.parametrize("act", [actions.discard_draft, actions.mark_sent])
def test_a_letter_that_was_dealt_with_is_not_spoken_of(spoken: Home, act: Callable[..., None]) -> None:
    spoken.deliver(rejection())
    spoken.settle()
    with spoken.opened() as store:
        act(store, 1, spoken.clock.now)
    days_pass(spoken, 2)
    assert said_of_letters(spoken) == []


@pytest.mark.parametrize("act", [sends, deletes])
@pytest.mark.parametrize("seen", [True, False], ids=["and Onward saw it", "while Onward did not run"])
def test_a_letter_that_was_sent_or_deleted_in_the_mail_program_is_not_spoken_of(
    spoken: Home, act: Callable[[Home], None], seen: bool
) -> None:
    spoken.deliver(rejection())
    spoken.settle()
    act(spoken)
    if seen:
        spoken.run()
    days_pass(spoken, 2)
    assert said_of_letters(spoken) == []


def test_a_letter_whose_address_is_in_doubt_is_spoken_of_with_the_command_that_shows_it(spoken: Home) -> None:
    raw = no_of_a_machine().replace(b"\n\n", b"\nReply-To: Hiring <hiring@elsewhere.example>\n\n", 1)
    spoken.deliver(raw)
    spoken.settle()
    assert (state(spoken), spoken.drafts) == ("to confirm", [])
    days_pass(spoken, 1)
    [said] = said_of_letters(spoken)
    assert "its address is in doubt" in said and "onward drafts show 1" in said
    assert "onward drafts send" not in said
    with spoken.opened() as store:
        actions.confirm_address(store, 1, None, spoken.clock.now)
    days_pass(spoken, 3)
    assert [each["To"] for each in in_folder(spoken, "Drafts")] == ["Hiring <hiring@elsewhere.example>"]
    assert len(said_of_letters(spoken)) == 1


def test_a_check_in_that_waits_is_not_spoken_of_as_thanks_for_a_no(spoken: Home) -> None:
    spoken.deliver(invitation())
    spoken.run()
    days_pass(spoken, 14)
    write(spoken, LetterKind.CHECK_IN)
    days_pass(spoken, 1)
    [said] = said_of_letters(spoken)
    assert "onward drafts show 1" in said
    assert "thank-you" not in said and "after a no" not in said


# --- silence --------------------------------------------------------------------------------------------------


def test_an_interview_and_fourteen_days_without_a_word_make_one_question(talked: Home) -> None:
    days_pass(talked, 13.9)
    assert (standing(talked), questions(talked)) == ("open", [])
    days_pass(talked, 0.1)
    [(kind, text)] = questions(talked)
    assert kind == "quiet"
    assert text == (
        "No word for 14 days after you talked: Harbour1 Optics, Data Engineer. Ask politely how things stand?"
    )
    assert standing(talked) == "quiet"
    for _ in range(3):
        days_pass(talked, 20)
    assert (asked(talked), talked.drafts) == (["quiet"], [])


def test_a_word_in_time_puts_the_question_off(talked: Home) -> None:
    days_pass(talked, 10)
    talked.deliver(news_in_the_thread())
    days_pass(talked, 10)
    assert (standing(talked), asked(talked)) == ("open", [])
    days_pass(talked, 4)
    assert (standing(talked), asked(talked)) == ("quiet", ["quiet"])


def test_a_word_that_comes_after_all_takes_the_question_back(talked: Home) -> None:
    days_pass(talked, 14)
    assert [kind for kind, _ in questions(talked)] == ["quiet"]
    talked.deliver(news_in_the_thread())
    days_pass(talked, 1)
    assert (standing(talked), questions(talked)) == ("open", [])


def test_a_check_in_comes_into_drafts_as_an_answer_to_the_last_mail(talked: Home) -> None:
    days_pass(talked, 14)
    write(talked, LetterKind.CHECK_IN)
    [letter] = in_folder(talked, "Drafts")
    assert (letter["To"], letter["In-Reply-To"], letter["References"]) == (MARA, TALK, TALK)
    assert letter["Subject"] == "Re: Interview for Data Engineer at Harbour1 Optics"
    assert words(talked)[0].startswith("Dear Mara,") and "two weeks" in words(talked)[0].lower()
    assert (letters(talked)[0]["kind"], letters(talked)[0]["occasion"]) == (LetterKind.CHECK_IN, Occasion.SILENCE)
    assert (questions(talked), standing(talked)) == ([], "quiet")


@pytest.mark.parametrize("language", INVITATIONS)
def test_a_check_in_is_written_in_the_language_of_the_mail(home: Home, language: str) -> None:
    subject, invited, says = INVITATIONS[language]
    home.deliver(written(MARA, subject, invited, TALK))
    home.run()
    days_pass(home, 14)
    write(home, LetterKind.CHECK_IN)
    assert letters(home)[0]["language"] == language
    assert says in words(home)[0]


def test_silence_after_a_check_in_is_asked_about_once_and_closed_on_the_persons_word(talked: Home) -> None:
    days_pass(talked, 14)
    write(talked, LetterKind.CHECK_IN)
    sends(talked)
    days_pass(talked, 13.9)
    assert questions(talked) == []
    days_pass(talked, 0.1)
    [(kind, text)] = questions(talked)
    assert kind == "silent" and text.startswith("Still no word for 14 days: Harbour1 Optics, Data Engineer.")
    assert text.endswith("Close it?") and standing(talked) == "quiet"
    days_pass(talked, 30)
    assert asked(talked) == ["quiet", "silent"]
    with talked.opened() as store:
        ledger.add_event(store, 1, "silent", talked.clock.now, talked.clock.now)
    assert (standing(talked), questions(talked)) == ("silent", [])
    days_pass(talked, 60)
    assert (standing(talked), asked(talked)) == ("silent", ["quiet", "silent"])


@pytest.fixture
def given_up(talked: Home) -> Home:
    """It went quiet, and the person closed it."""
    days_pass(talked, 14)
    with talked.opened() as store:
        ledger.add_event(store, 1, "silent", talked.clock.now, talked.clock.now)
    days_pass(talked, 1)
    assert standing(talked) == "silent"
    return talked


def test_a_mail_in_the_thread_opens_again_what_was_closed_as_silent(given_up: Home) -> None:
    given_up.deliver(news_in_the_thread())
    given_up.run()
    assert standing(given_up) == "open"
    days_pass(given_up, 14)
    assert (standing(given_up), [kind for kind, _ in questions(given_up)]) == ("quiet", ["quiet"])


def test_a_no_that_comes_after_silence_is_a_no_as_any_other(given_up: Home) -> None:
    given_up.deliver(
        written(
            MARA,
            "Re: Interview for Data Engineer at Harbour1 Optics",
            "Dear Sam,\n\nsorry for the long wait, and thank you for the interview. After careful thought we have "
            "decided not to move forward with your application for the Data Engineer role.\n\nMara Lindqvist\n",
            NO,
            TALK,
        )
    )
    given_up.settle()
    assert standing(given_up) == "rejection"
    assert (len(given_up.drafts), len(given_up.sessions)) == (1, 1)


def test_a_second_check_in_is_written_where_the_second_question_proposes_it(talked: Home) -> None:
    days_pass(talked, 14)
    write(talked, LetterKind.CHECK_IN)
    sends(talked)
    days_pass(talked, 14)
    assert [kind for kind, _ in questions(talked)] == ["silent"]
    write(talked, LetterKind.CHECK_IN)
    assert (len(talked.drafts), questions(talked)) == (1, [])


def test_nothing_is_asked_about_an_application_that_was_only_sent(home: Home) -> None:
    home.deliver(acknowledgement())
    home.run()
    assert standing(home) == "open"
    for _ in range(4):
        days_pass(home, 30)
    assert (standing(home), asked(home), home.drafts) == ("open", [], [])


# --- letters on the person's word -------------------------------------------------------------------------------


def test_a_no_of_a_machine_is_answered_only_where_the_person_says_to_whom(home: Home) -> None:
    home.deliver(no_of_a_machine())
    home.settle()
    assert (home.drafts, letters(home), len(home.sessions)) == ([], [], 1)
    assert "nobody reads replies to this sender, and nobody else of this application is known" in reasons(home)
    with pytest.raises(Refused, match=r"nobody else .* is known\. Say to whom .*: onward drafts write 1 --to ADDRESS"):
        write(home, None)
    write(home, None, Address("mara@harbour1.example", "Mara Lindqvist"))
    [letter] = in_folder(home, "Drafts")
    assert (letter["To"], letter["In-Reply-To"]) == (MARA, NO)
    assert words(home)[0].startswith("Dear Mara,")


@pytest.mark.parametrize("kind", [None, LetterKind.MENTOR, LetterKind.KEEP_IN_TOUCH])
def test_the_same_letter_is_not_written_twice(home: Home, kind: LetterKind | None) -> None:
    home.deliver(no_of_a_machine())
    home.settle()
    write(home, kind, FRIEND)
    with pytest.raises(Refused, match="there is a letter for this already; see: onward drafts list --all"):
        write(home, kind, FRIEND)
    assert (len(letters(home)), len(home.drafts)) == (1, 1)


def test_a_check_in_is_not_written_twice(talked: Home) -> None:
    days_pass(talked, 14)
    write(talked, LetterKind.CHECK_IN)
    with pytest.raises(Refused, match="there is a letter for this already"):
        write(talked, LetterKind.CHECK_IN)
    assert len(talked.drafts) == 1


def test_a_mentor_is_written_to_outside_of_the_thread(declined: Home) -> None:
    write(declined, LetterKind.MENTOR, FRIEND)
    _, letter = in_folder(declined, "Drafts")
    assert letter["To"] == str(FRIEND)
    assert letter["Subject"] == "Harbour1 Optics, Data Engineer"
    assert (letter["In-Reply-To"], letter["References"]) == (None, None)
    said = words(declined)[1]
    assert said.startswith("Dear Ines,") and "the Data Engineer role at Harbour1 Optics" in said


def test_a_letter_for_a_mentor_goes_to_nobody_but_whom_the_person_names(declined: Home) -> None:
    with pytest.raises(Refused, match="onward drafts write 1 --kind mentor --to ADDRESS"):
        write(declined, LetterKind.MENTOR)
    assert len(declined.drafts) == 1


def test_a_sign_of_life_goes_to_whoever_wrote_last_in_their_thread(declined: Home) -> None:
    sends(declined)
    days_pass(declined, 183)
    write(declined, LetterKind.KEEP_IN_TOUCH)
    [letter] = in_folder(declined, "Drafts")
    assert (letter["To"], letter["In-Reply-To"]) == (MARA, NO)
    assert "six months" in words(declined)[0].lower()
    assert standing(declined) == "rejection"


def test_a_no_by_telephone_is_answered_in_the_thread_that_was_there(talked: Home) -> None:
    with talked.opened() as store:
        ledger.add_event(store, 1, "rejection", talked.clock.now, talked.clock.now)
    write(talked, None, Address("mara@harbour1.example", "Mara Lindqvist"))
    [letter] = in_folder(talked, "Drafts")
    assert (letter["To"], letter["In-Reply-To"]) == (MARA, TALK)


def test_a_no_that_was_none_takes_back_its_own_letter_whatever_else_was_written_since(declined: Home) -> None:
    write(declined, LetterKind.MENTOR, FRIEND)
    with declined.opened() as store:
        actions.correct(store, str(letters(declined)[0]["message_key"]), Label.OTHER, declined.clock.now)
    declined.settle()
    assert state(declined, 1) == "discarded"
    assert MARA not in [each["To"] for each in in_folder(declined, "Drafts")]


# --- what comes back ------------------------------------------------------------------------------------------


def test_feedback_is_kept_word_for_word_and_thanked_for_in_two_lines(declined: Home) -> None:
    sends(declined)
    days_pass(declined, 2)
    declined.deliver(feedback(declined))
    declined.settle()
    [found] = heard(declined)
    assert (found["kind"], found["words"]) == ("given", FEEDBACK)
    assert "technical" in str(found["themes"])
    [letter] = in_folder(declined, "Drafts")
    assert (letter["To"], letter["In-Reply-To"]) == (MARA, "<answer@harbour1.example>")
    greeting, thanks, wishes, ending = words(declined)[0].split("\n\n")
    assert greeting == "Dear Mara," and ending.endswith("Sam Doe")
    assert "\n" not in thanks + wishes and "?" not in thanks + wishes
    assert (letters(declined)[1]["kind"], asked(declined)) == (LetterKind.THANKS_FOR_FEEDBACK, [])
    assert (standing(declined), len(declined.sessions)) == ("rejection", 1)


def test_an_answer_that_names_only_the_letter_is_heard_as_well(declined: Home) -> None:
    sends(declined)
    days_pass(declined, 2)
    raw = email.message_from_bytes(feedback(declined), policy=policy.SMTP)
    raw.replace_header("References", raw["In-Reply-To"])
    declined.deliver(raw.as_bytes())
    declined.settle()
    assert [each["kind"] for each in heard(declined)] == ["given"]


def test_silence_after_a_letter_is_an_outcome_once_until_an_answer_comes(declined: Home) -> None:
    sends(declined)
    declined.run()
    declined.clock.forward(days=14)
    declined.run()
    assert heard(declined) == []
    declined.clock.forward(minutes=1)
    for _ in range(3):
        declined.run()
        assert heard(declined) == [{"kind": "silence", "words": "", "themes": "[]"}]
        declined.clock.forward(days=20)
    assert asked(declined) == []
    declined.deliver(feedback(declined))
    declined.settle()
    assert [each["kind"] for each in heard(declined)] == ["given"]
    days_pass(declined, 30)
    assert [each["kind"] for each in heard(declined)] == ["given"]


def test_somebody_out_of_office_has_not_answered_yet(declined: Home) -> None:
    sends(declined)
    declined.run()
    away = "I am out of the office until 16 March, with limited access to my mail.\n\nMara Lindqvist\n"
    declined.deliver(written(MARA, "Automatic reply: Your application", away, "<away@harbour1.example>", NO))
    days_pass(declined, 2)
    assert ([each["kind"] for each in heard(declined)], declined.drafts, asked(declined)) == (["away"], [], [])
    days_pass(declined, 13)
    assert [each["kind"] for each in heard(declined)] == ["away", "silence"]


def test_a_letter_that_was_never_sent_is_not_met_with_silence(declined: Home) -> None:
    for _ in range(3):
        days_pass(declined, 10)
    assert heard(declined) == []


# --- letters nobody uses --------------------------------------------------------------------------------------


def test_four_letters_left_unused_stop_the_fifth_until_they_are_wanted_again(home: Home) -> None:
    for number, act in enumerate((discard, discard, deletes, None), start=1):
        home.deliver(no_of(number))
        days_pass(home, 1)
        if act is discard:
            discard(home, number)
        elif act is deletes:
            deletes(home)
    days_pass(home, 15)  # the fourth was left lying
    assert asked(home) == []
    for number in (5, 6):
        home.deliver(no_of(number))
        days_pass(home, 1)
    assert (len(letters(home)), len(home.sessions)) == (4, 6)
    assert questions(home) == [
        ("unused", "Your last 4 letters were not used. Onward writes no more of them, until you want them again.")
    ]
    assert "your last 4 letters were not used, so none was written" in reasons(home)
    with home.opened() as store:
        actions.want_letters(store, home.clock.now)
    home.deliver(no_of(7))
    days_pass(home, 1)
    assert (len(letters(home)), state(home, 5), questions(home)) == (5, "in the mailbox", [])


def test_a_letter_that_was_used_begins_the_count_anew(home: Home) -> None:
    for number, act in enumerate((deletes, deletes, sends, deletes, deletes, deletes), start=1):
        home.deliver(no_of(number))
        days_pass(home, 1)
        act(home)
    home.deliver(no_of(7))
    days_pass(home, 1)
    assert (len(letters(home)), asked(home)) == (7, [])


def test_letters_the_person_asked_for_and_dropped_stop_no_others(home: Home) -> None:
    for number in range(1, 5):
        home.deliver(no_of_a_machine(number))
        days_pass(home, 1)
        discard(home, write(home, None, FRIEND, id=number))
    home.deliver(no_of(5))
    days_pass(home, 1)
    assert (state(home, 5), asked(home)) == ("in the mailbox", [])


# --- letters changed in a mail program --------------------------------------------------------------------------


def test_a_letter_changed_in_the_mail_program_waits_there_as_it_was_changed(declined: Home) -> None:
    proposed = words(declined)[0]
    changed = proposed.replace("Dear Mara,", "Hello Mara,")
    changes(declined, changed)
    declined.run()
    [letter] = letters(declined)
    assert (letter["state"], str(letter["seen_body"]).strip()) == ("in the mailbox", changed)
    assert (str(letter["body"]).strip(), words(declined)) == (proposed, [changed])
    sends(declined)
    declined.run()
    assert (state(declined), str(letters(declined)[0]["seen_body"]).strip()) == ("sent", changed)
    assert (declined.drafts, len(in_folder(declined, "Sent"))) == ([], 1)


def test_a_letter_for_a_mentor_changed_in_the_mail_program_waits_there_too(declined: Home) -> None:
    write(declined, LetterKind.MENTOR, FRIEND)
    changes(declined, words(declined)[1].replace("Dear Ines,", "Hello Ines,"))
    declined.run()
    assert state(declined, 2) == "in the mailbox"


def shortens_in_the_mail_program(home: Home, text: str) -> None:
    changes(home, text, "Sent")


def shortens_by_command(home: Home, text: str) -> None:
    """`onward drafts edit`, then sent from the mail program as it stands."""
    with home.opened() as store:
        [draft, *_] = store.drafts()
        actions.edit_draft(store, draft.id, draft.subject, text, home.clock.now)
    home.settle()
    sends(home)


@pytest.mark.parametrize("shortens", [shortens_in_the_mail_program, shortens_by_command])
def test_two_letters_made_shorter_make_the_next_one_brief(home: Home, shortens: Callable[[Home, str], None]) -> None:
    for number in (1, 2, 3):
        home.deliver(no_of(number))
        days_pass(home, 1)
        greeting, thanks, question, *wishes, _ = words(home)[-1].split("\n\n")
        assert "?" in question and len(wishes) == (number < 3)
        shortens(home, f"{greeting}\n\n{thanks}\n\nSam\n")
        home.run()
        assert state(home, number) == "sent"


# --- templates of the person's own ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mistake", "why"),
    [("{{ salary }}", "'salary' is undefined"), ("{% if contact %}", "Unexpected end of template")],
)
def test_a_broken_template_is_named_and_costs_the_letter_but_not_the_hour(
    home: Home, typed: Callable[..., Result], mistake: str, why: str
) -> None:
    folder = home.path / "templates" / "letters" / "en"
    folder.mkdir(parents=True)
    template = folder / "thanks_and_feedback.txt"
    template.write_text(f"Hello,\n\n{mistake}\n")
    home.deliver(rejection(), datetime.now(UTC))
    told, *others = typed("run", "--once").stderr.splitlines()
    assert told.startswith("onward: the template ")
    assert "letters/en/thanks_and_feedback.txt, line 3: " in told and why in told
    assert told.endswith("Until it is mended, no letter is written with it.")
    assert others == []
    assert (letters(home), len(home.sessions)) == ([], 1)
    assert "letters/en/thanks_and_feedback.txt, line 3" in reasons(home)
    template.write_text("Hello,\n\nthank you.\n\n{{ name }}\n")
    assert typed("run", "--once").stderr == ""
    typed("drafts", "write", "1")
    assert [each["body"] for each in letters(home)] == ["Hello,\n\nthank you.\n\nSam Doe\n"]
