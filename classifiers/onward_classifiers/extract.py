"""Find what a mail names: company, role, reference number, people, dates, and what kind of no it is.

Company and role are chosen among everything that could be one: each candidate collects signs ('stands after "at"',
'is what the sender's domain spells', 'a job's word is in it'), `patterns.py` says how much each sign weighs, and the
best is named if it is likely enough. Nothing is named on a guess. The systems that send mail for many employers are
known here only so that none of them is taken for the company or written to.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, lru_cache
from math import exp

from onward.core.model import Address, Found, Message, Person, Span, Stage
from onward_classifiers import patterns
from onward_classifiers.concepts import concepts
from onward_classifiers.features import looks_automatic, words
from onward_classifiers.text import Prepared, Sentence

READ = 4_000  # characters from the beginning of what the sender wrote that are searched
READ_LAST = 1_200  # … and from its end, where a longer mail is signed
LONGEST_NAME = 7  # words
LONGEST_LINE = 70  # characters of a line in a signature
READ_HISTORY = 800  # characters of a quoted mail that may still name the job
CLOSING_PART = 260  # characters before the end of a mail within which it is signed
EARLY = 500  # characters within which a mail mostly says what it is about
LIKELY = 0.4  # what is less likely than this is not named
LIKELY_REASON = 0.35  # … of a reason, which is shown as words and never acted on
EVEN = 0.5  # … of what kind of no it is, of the stage, and of feedback given
CERTAIN = 0.7  # … of feedback given by a mail that also offers some
PERHAPS = 0.2  # … of another role, in a mail that proposes one
MOST_PEOPLE = 12
MOST_DATES = 12
MOST_SENTENCES = 40


@dataclass(frozen=True, slots=True)
class Named:
    """What one mail names. None: not found. The last five say something of a no only."""

    company: Found | None = None
    role: Found | None = None
    requisition: Found | None = None
    contact: Address | None = None
    people: tuple[Person, ...] = ()
    dates: tuple[Found, ...] = ()
    feedback_given: bool = False
    feedback_offered: bool = False
    feedback_refused: bool = False
    kind: Found | None = None
    reason: Found | None = None
    other_role: Found | None = None
    stage: Stage | None = None


def extract(message: Message, prepared: Prepared, sentences: Sequence[Sentence], language: str | None = None) -> Named:
    """Everything one mail names, looked for with the words of its language."""
    mail = Mail(message, prepared, language)
    heard = hear(sentences, language)
    signs = whole_mail(mail, heard)
    company, contact = find_company(mail), find_contact(mail)
    roles = role_candidates(mail, company)
    role = _best(roles, patterns.ROLE_SIGNS)
    kind = find_kind(heard, signs)
    given, offered, refused = find_feedback(heard, signs)
    return Named(
        company=company,
        role=role,
        requisition=find_requisition(mail),
        contact=contact,
        people=find_people(mail, contact, company),
        dates=find_dates(mail),
        feedback_given=given,
        feedback_offered=offered,
        feedback_refused=refused,
        kind=kind,
        reason=find_reason(heard),
        other_role=find_other_role(mail, role, roles, heard) if kind and kind.value == "other_role" else None,
        stage=find_stage(heard, signs),
    )


def speaks_to_applicant(text: str) -> bool:
    """Whether a text speaks to its reader of the reader's own application."""
    return patterns.YOUR_APPLICATION.search(text[:READ]) is not None


# ---- a mail as words


class Passage:
    """A stretch of text as words, each with its place and in small letters."""

    def __init__(self, text: str, start: int, end: int, where: str, language: str | None) -> None:
        pattern = patterns.WORD_OR_ELISION if "'" in text or "’" in text else patterns.WORD
        spans = [match.span() for match in pattern.finditer(text, start, end)]
        written = [text[first:last] for first, last in spans]
        self.text, self.start, self.end, self.where, self.language = text, start, end, where, language
        self.starts = [first for first, _ in spans]
        self.ends = [last for _, last in spans]
        self.low = [word.lower() for word in written]
        self.capital = [word != low for word, low in zip(written, self.low, strict=True)]
        self.last = len(spans) - 1
        self.small = small_words(language)
        self.nouns = job_nouns(language)
        self.articles = articles_of(language)

    def gap(self, number: int) -> str:
        """What stands between a word and the one before it."""
        return self.text[self.ends[number - 1] if number else self.start : self.starts[number]]

    def before(self, number: int, *, articles: bool = False) -> int:
        """The number of the word before this one in the same sentence, over articles if asked; -1: none."""
        while number > 0 and not _ENDS.search(self.gap(number)):
            number -= 1
            if not articles or self.low[number] not in self.articles:
                return number
        return -1

    @cached_property
    def names(self) -> list[tuple[int, int]]:
        """Runs of words with capitals, as (first, last)."""
        return list(_names(self))

    def line(self, number: int) -> tuple[int, int]:
        """Where the line begins and ends in which a word stands."""
        begin = max(self.text.rfind("\n", self.start, self.starts[number]) + 1, self.start)
        end = self.text.find("\n", self.ends[number], self.end)
        return begin, self.end if end < 0 else end

    def closes(self, number: int) -> bool:
        """Whether a word stands where mails are signed."""
        return self.where == "signature" or self.end - self.ends[number] < CLOSING_PART

    def key(self, first: int, last: int) -> str:
        """Letters and digits of some words, without 'and'."""
        return "".join(
            word if word.isalnum() else _NOT_PLAIN.sub("", word.removesuffix("'s").removesuffix("’s"))
            for word in self.low[first : last + 1]
            if word not in _AND
        )

    def phrase(self, first: int, last: int) -> str:
        """The text from one word to another."""
        return _one_line(self.text[self.starts[first] : self.ends[last]])


@dataclass
class Mail:
    """One mail taken apart as far as the searches share it."""

    message: Message
    prepared: Prepared
    language: str | None

    @cached_property
    def passages(self) -> list[Passage]:
        """What the sender wrote, the signature included."""
        text, found, left = self.prepared.text, [], READ
        for start, end in self.prepared.own:
            if left > 0:
                found.append(Passage(text, start, min(end, start + left), "text", self.language))
                left -= end - start
        if left < 0:
            end = self.prepared.own[-1][1]
            start = max(end - READ_LAST, found[-1].end)
            found.append(Passage(text, start, end, "text", self.language))
        if self.prepared.signature.start >= 0:
            start, end = self.prepared.signature.start, self.prepared.signature.end
            found.append(Passage(text, start, min(end, start + READ_LAST), "signature", self.language))
        return found

    @cached_property
    def history(self) -> list[Passage]:
        """The beginning of the earlier mail that is quoted below."""
        last = self.prepared.own[-1][1] if self.prepared.own else 0
        if not self.prepared.quoted or self.prepared.forwarded:
            return []
        return [
            Passage(
                self.prepared.text, last, min(len(self.prepared.text), last + READ_HISTORY), "history", self.language
            )
        ]

    @cached_property
    def subject(self) -> Passage:
        subject = self.message.subject[:300]
        while match := patterns.SUBJECT_NOISE.match(subject):
            subject = subject[match.end() :]
        return Passage(subject, 0, len(subject), "subject", self.language)

    @cached_property
    def person(self) -> str:
        """The sender's name, where it is that of a person."""
        return shown_person(self.message.sender) if self.message.sender else ""

    @cached_property
    def person_fits(self) -> bool:
        """Whether the sender's name belongs to the address, as a person's mostly does."""
        sender = self.message.sender
        return bool(self.person) and sender is not None and _fits(self.person, sender.email.rpartition("@")[0].lower())

    @cached_property
    def shown(self) -> Passage:
        """The sender's display name, without 'via Greenhouse'."""
        name = _one_line(self.message.sender.name.strip("\"' "))[:120] if self.message.sender else ""
        name = patterns.VIA.sub("", name)
        return Passage(name, 0, len(name), "from", self.language)

    @cached_property
    def writer(self) -> str:
        """Who writes: a person, a desk, or a machine."""
        sender = self.message.sender
        if sender is None or looks_automatic(sender.email):
            return "a machine"
        local = sender.email.rpartition("@")[0].lower()
        if patterns.ROLE_MAILBOX.search(local):
            return "a desk"
        return "a person" if self.person else "somebody"


@dataclass(slots=True)
class Candidate:
    """What could be the company or the role, and the signs for and against it."""

    key: str
    value: str
    span: Span
    where: str
    signs: set[str] = field(default_factory=set)

    @property
    def fits_domain(self) -> bool:
        """Whether any sign ties it to the sender's domain."""
        return any("domain" in sign or sign == "initials" for sign in self.signs)

    def score(self, weights: dict[str, float]) -> float:
        """What its signs weigh."""
        return weights["always"] + sum(weights.get(sign, 0.0) for sign in self.signs)


def _best(candidates: Sequence[Candidate], weights: dict[str, float], likely: float = LIKELY) -> Found | None:
    """The likeliest of the candidates, if it is likely enough beside the others and beside none."""
    odds = [exp(one.score(weights)) for one in candidates]
    best = max(range(len(odds)), key=odds.__getitem__, default=-1)
    if best < 0:
        return None
    found = candidates[best]
    alike = sum(one for one, other in zip(odds, candidates, strict=True) if _alike(found.key, other.key))
    sure = alike / (1 + sum(odds))
    if sure < likely:
        return None
    return Found(found.value, found.span, round(min(sure, 0.97), 2), found.where)


def _alike(key: str, other: str) -> bool:
    """Whether one of two candidates is a part of the other: the same thing, more or less of it."""
    return key in other or other in key


class Pool:
    """Candidates by what they spell; the same name found twice collects the signs of both."""

    def __init__(self) -> None:
        self.found: dict[str, Candidate] = {}

    def add(self, key: str, value: str, span: Span, where: str, signs: set[str]) -> None:
        known = self.found.get(key)
        if known is None:
            self.found[key] = Candidate(key, value, span, where, signs)
            return
        if where == known.where == "text":
            known.signs.add("twice")
        if known.span.start < 0 <= span.start:
            known.value, known.span, known.where = value, span, where
        known.signs |= signs


# ---- company


def find_company(mail: Mail) -> Found | None:
    """The employer: the likeliest of all names in the text, the subject, the sender's name and domain."""
    return _best(company_candidates(mail), patterns.COMPANY_SIGNS)


def company_candidates(mail: Mail) -> list[Candidate]:
    """Every name a mail holds, with what speaks for and against its being the employer's."""
    pool = Pool()
    house = House.of(mail.message)
    for passage in mail.passages:
        for first, last in passage.names:
            signs = _signs_in_text(passage, first, last)
            if first < last or not signs <= _NOTHING or house.may_be(passage.low[first]):
                _add_name(pool, passage, first, last, signs | {"a whole run"})
        for first, last in signed_parts(passage):
            _add_name(pool, passage, first, last, _signs_in_text(passage, first, last) | {"a part of a line"})
    for first, last in mail.subject.names:
        _add_name(pool, mail.subject, first, last, _signs_in_subject(mail.subject, first, last))
    _add_sender(pool, mail)
    if house.own:
        _add_house(pool, mail, house)
    exact = [key for key in pool.found if house.label and house.label in spellings(key)]
    for key, found in pool.found.items():
        found.signs |= _signs_of_house(key, found, house, mail.writer)
        found.signs |= _signs_of_name(found.value, mail)
        if any(one != key and one in key for one in exact):
            found.signs.add("holds what the domain spells")
    candidates = [found for key, found in pool.found.items() if _may_be_company(key, found.value)]
    if mail.writer == "a machine" and (_sends_for_others(candidates) or (house.service and _another_acts(candidates))):
        candidates = [found for found in candidates if not found.fits_domain]
    return candidates


def _sends_for_others(candidates: Sequence[Candidate]) -> bool:
    """Whether a display name has nothing of its domain: 'Acme Careers <no-reply@ats.example>'.

    From a machine's address, that is how the systems that send for many employers look, those on no list included.
    """
    shown = [found for found in candidates if "the sender" in found.signs]
    named = any("only general words" not in found.signs for found in shown)
    return named and not any(found.fits_domain for found in shown)


def _another_acts(candidates: Sequence[Candidate]) -> bool:
    """Whether a mail tells what another than its sender does: 'Acme has invited you to a test', from CodeTrial."""
    return any("acts" in found.signs and not found.fits_domain for found in candidates)


_NOTHING = frozenset({"in text", "begins a sentence"})  # signs of any word with a capital


def _add_house(pool: Pool, mail: Mail, house: House) -> None:
    """What the sender's own domain spells, as the mail writes it; else as the domain does."""
    for passage in [*mail.passages, mail.subject, mail.shown]:
        for first, last in spelt(house.label, passage):
            _add_exactly(pool, passage, first, last, {"spelt out", *_signs_at(passage, first, last)})
    if not any(house.label in spellings(key) for key in pool.found):
        pool.add(house.label, house.title(), Span(), "from", {"only the domain"})


def _signs_at(passage: Passage, first: int, last: int) -> set[str]:
    """What the place of a name in its passage says."""
    if passage.where == "subject":
        return _signs_in_subject(passage, first, last)
    return {"the sender"} if passage.where == "from" else _signs_in_text(passage, first, last)


def spelt(label: str, passage: Passage) -> Iterator[tuple[int, int]]:
    """Where a passage writes the name a domain stands for: 'harrowpike' is 'Harrow & Pike'."""
    for first, word in enumerate(passage.low):
        if word[0] != label[0] and (word[0].isascii() or _ascii(word)[:1] != label[0]):
            continue
        for form in spellings(word):
            written, last = _letters(form), first
            while written != label and label.startswith(written) and last < passage.last and last - first < 6:
                last += 1
                if passage.low[last] not in _AND:
                    written += _letters(passage.low[last])
            if written == label and len(label) > 2:
                yield first, last
                break


def _names(passage: Passage) -> Iterator[tuple[int, int]]:
    """Runs of words with capitals, with the small words that join them, and their parts beside a joining word."""
    reached = -1
    for number, (capital, word) in enumerate(zip(passage.capital, passage.low, strict=True)):
        if number <= reached or not (capital or word[0].isdecimal()):
            continue
        reached = number
        while reached - number < LONGEST_NAME and (following := _next_of_name(passage, reached)):
            reached = following
        first, last = _without_small(passage, number, reached)
        if first <= last and any(passage.capital[first : last + 1]):
            yield first, last
            if last > first + 1:
                yield from _parts_of_name(passage, first, last)


def _parts_of_name(passage: Passage, first: int, last: int) -> Iterator[tuple[int, int]]:
    """What stands before and after a word that may join two names or name a desk: 'Personio for Acme'."""
    for inner in range(first + 1, last):
        word = passage.low[inner]
        if word in patterns.PERHAPS_JOINING or (word in _DESKS and word not in patterns.JOINING):
            yield inner + 1, last
            yield first, inner - 1


_DESKS = patterns.GENERIC | patterns.PERHAPS_GENERIC | patterns.ATS_NAMES


def signed_parts(passage: Passage) -> Iterator[tuple[int, int]]:
    """The parts of the lines at the end that are no run of capitals: 'Anna Keller | Coop laitière Beaurivage'."""
    begin = passage.start if passage.where == "signature" else passage.end - CLOSING_PART
    first = bisect_right(passage.starts, begin)
    for number in range(first + 1, passage.last + 2):
        if number <= passage.last and not _PARTS.search(passage.gap(number)):
            continue
        last = number - 1
        mixed = last - first < LONGEST_NAME and passage.capital[first] and _is_mixed(passage, first, last)
        if mixed and not passage.text[passage.ends[last] : passage.line(last)[1]].strip():
            yield first, last
        first = number


def _is_mixed(passage: Passage, first: int, last: int) -> bool:
    """Whether a stretch holds a word in small letters that does not merely join."""
    words_there = zip(passage.low[first : last + 1], passage.capital[first : last + 1], strict=True)
    return any(not capital and word not in patterns.JOINING for word, capital in words_there)


_PARTS = re.compile(r"[\n,|·•@(:;!?]|\s[-–—/]|[-–—/]\s|\.\s")


def _next_of_name(passage: Passage, last: int) -> int:
    """The number of the word that carries a name on, or 0."""
    for following in range(last + 1, min(last + 3, passage.last) + 1):
        if not _is_tied(passage, following):
            return 0
        word = passage.low[following]
        if passage.capital[following] or word[0].isdecimal():
            ends = following > last + 1 and word in passage.small and passage.where in {"text", "signature"}
            return 0 if ends else following
        if word not in patterns.JOINING:
            return 0
    return 0


def _is_tied(passage: Passage, number: int) -> bool:
    """Whether nothing but what stands within names parts a word from the one before."""
    gap = passage.gap(number)
    if gap == ". ":
        return passage.low[number - 1] in patterns.ABBREVIATIONS
    return gap in patterns.BETWEEN_NAMES and (gap != "" or passage.low[number - 1][-1] in "'’")


def _without_small(passage: Passage, first: int, last: int) -> tuple[int, int]:
    """A run of words without those at its ends that are no names: 'Thank', 'Unfortunately', 'The'."""
    if passage.where == "from":
        return first, last
    everywhere = passage.where == "subject" or passage.language == "de"  # where other words have capitals too
    if everywhere or not first or _ENDS.search(passage.gap(first)):
        while first <= last and passage.low[first] in passage.small:
            first += 1
    if everywhere or first == last:
        while first <= last and passage.low[last] in passage.small:
            last -= 1
    return first, last


def _add_name(pool: Pool, passage: Passage, first: int, last: int, signs: set[str]) -> None:
    """One name as a candidate, without the words for a desk at either end ('Acme Careers')."""
    kept = _without_desk(passage, first, last, patterns.GENERIC)
    if kept[0] > kept[1]:
        return
    bare = _without_desk(passage, *kept, _DESKS)
    if kept != (first, last):
        signs = signs | {"a desk of it"}
    if kept != bare:
        _add_exactly(pool, passage, *kept, signs | {"perhaps a desk"})
        signs = signs | {"perhaps a desk of it"}
    if bare[0] > bare[1]:
        return
    _add_exactly(pool, passage, *bare, signs)
    before = bare[0] - 1
    if before >= 0 and passage.gap(bare[0]) == " " and passage.low[before] in patterns.INSTITUTION:
        _add_exactly(pool, passage, before, bare[1], signs)  # 'café De Zwaluw'


def _add_exactly(pool: Pool, passage: Passage, first: int, last: int, signs: set[str]) -> None:
    """These words as a candidate, with the legal form that follows them and without "'s" or '-Team'."""
    end, key_last = passage.ends[last], last
    if last < passage.last and passage.gap(last + 1) in {" ", ", "} and _is_legal_form(passage, last + 1):
        end, signs = passage.ends[last + 1], signs | {"legal form"}
    while key_last > first and _is_legal_form(passage, key_last):
        key_last, signs = key_last - 1, signs | {"legal form"}
    value = _one_line(passage.text[passage.starts[first] : end])
    if tail := _TAIL.search(value):
        value, end = value[: tail.start()], end - len(tail[0])
        signs = signs | {"owns something" if tail[0][-1] == "s" else "a desk of it"}
    span = Span(passage.starts[first], end) if passage.where in {"text", "signature"} else Span()
    key = passage.key(first, key_last) if not tail else _plain(value)
    pool.add(key, value, span, passage.where, signs)


def _is_legal_form(passage: Passage, number: int) -> bool:
    return passage.capital[number] and passage.low[number].replace(".", "") in patterns.LEGAL_FORMS


_TAIL = re.compile(r"['’]s$|-(?i:teams?|karriere|careers?|hr|recruiting|crew)$")


def _without_desk(passage: Passage, first: int, last: int, desks: frozenset[str]) -> tuple[int, int]:
    """A run of words without those at its ends that name a desk, and without what joined them."""
    begin, end, low = first, last, passage.low
    while last >= first and (low[last] in desks or (last < end and low[last] in patterns.JOINING)):
        last -= 1
    while first <= last and (
        low[first].partition("-")[0] in desks or (first > begin and low[first] in patterns.JOINING)
    ):
        first += 1
    return first, last


def _signs_in_text(passage: Passage, first: int, last: int) -> set[str]:
    """What the words and lines around a name say."""
    signs = _signs_before(passage, first) | _signs_of_line(passage, first, last)
    signs.add(f"in {passage.where}")
    if not passage.text[passage.ends[last] : passage.end].strip(" .\n!*"):
        signs.add("the last words")
    elif not first or _ENDS.search(passage.gap(first)):
        signs.add("begins a sentence")
        if last < passage.last and passage.gap(last + 1) == " " and passage.low[last + 1] in patterns.ACTING:
            signs.add("acts")
    return signs


def _signs_of_line(passage: Passage, first: int, last: int) -> set[str]:
    """What the place of a name in its line says: alone, under a name, after a comma at the end of the mail."""
    text, start, end = passage.text, passage.starts[first], passage.ends[last]
    closing = passage.closes(last)
    if not closing and first and "\n" not in passage.gap(first):
        return set()
    line_start, line_end = passage.line(first)[0], passage.line(last)[1]
    before, after = text[line_start:start].rstrip(), text[end:line_end].strip()
    short = line_end - line_start <= LONGEST_LINE
    if before.strip(" \t*_-–—/|·>"):
        after_mark = closing and before[-1] in _MARKS and (short or not text[end : passage.end].strip(" .\n!*)"))
        return {f"after a comma {'at' if len(after) <= 3 else 'near'} the end"} if after_mark else set()
    signs = set()
    if short and len(after) <= 3:
        signs.add("a line of its own" + (" at the end" if closing else ""))
    elif short and closing:
        signs.add("begins a line at the end")
    if closing and looks_like_person(_line_above(passage, line_start).strip(" ,*").partition(",")[0]):
        signs.add("under a name")
    return signs


def _line_above(passage: Passage, line_start: int) -> str:
    above = passage.text[max(passage.start, line_start - LONGEST_LINE) : max(line_start - 1, passage.start)]
    return above.rstrip().rpartition("\n")[2]


def _signs_before(passage: Passage, first: int) -> set[str]:
    """What the words before a name say: 'at Acme', 'applied to Acme', 'Dear Acme', 'Dr. Acme'."""
    if first and passage.low[first - 1] in patterns.COMPANY_NOUNS:
        return {"after 'company'"}
    number = passage.before(first, articles=True)
    if number < 0:
        return set()
    word = passage.low[number]
    if word in patterns.GREETING:
        return {"greeted"}
    kind = "at" if word in patterns.AT_COMPANY else "by" if word in patterns.BY_COMPANY else ""
    if not kind:
        return {"after a title"} if word in patterns.TITLES else set()
    speaks = any(one.startswith(patterns.APPLYING) for one in passage.low[max(0, number - 7) : number])
    signs = {kind, f"{kind} after applying"} if speaks else {kind}
    signs.add(f"after {word}")
    return signs


def _signs_in_subject(passage: Passage, first: int, last: int) -> set[str]:
    signs = {"in subject", *_signs_before(passage, first)}
    if first == 0:
        signs.add("begins the subject")
    if not passage.text[passage.ends[last] :].strip(" .!)"):
        signs.add("ends the subject")
    return signs


def _add_sender(pool: Pool, mail: Mail) -> None:
    """'Acme Careers', 'Acme via Greenhouse', 'Anna from Acme', 'Anna (Acme)' …"""
    sender = mail.message.sender
    if sender is None or not sender.name or "@" in sender.name:
        return
    name = mail.shown.text
    signs = {"the sender"} | ({"sent via"} if patterns.VIA.search(sender.name[:120]) else set())
    if mail.person and (place := patterns.PERSON_AT.search(name)):
        name, signs = place["company"], {"the sender's house"}
    elif mail.person_fits:
        return
    elif mail.person:
        signs.add(f"a person's name, it seems, {mail.writer}")
    if looks_automatic(sender.email):
        signs.add("an automatic sender")
    passage = Passage(name, 0, len(name), "from", mail.language)
    named = [span for span in passage.names if not _GENERAL.issuperset(passage.low[span[0] : span[1] + 1])]
    whole = {"the whole sender"} if len(named) == 1 else set[str]()
    for first, last in passage.names:
        _add_name(pool, passage, first, last, signs | whole)


@dataclass(frozen=True, slots=True)
class House:
    """What the sender's address says about the employer."""

    label: str  # the part of the domain its owner chose, letters only; '' where there is none
    words: str  # the same with its hyphens
    own: bool  # no system for many and no free mail
    service: bool  # its name sounds like a service for many
    handles: tuple[str, ...]  # what else an address may say: its local part and its subdomains

    @classmethod
    def of(cls, message: Message) -> House:
        if message.sender is None:
            return cls("", "", False, False, ())
        address = message.sender.email.lower()
        label = domain_name(address)
        local, _, domain = address.partition("@")
        parts = [local, *domain.split(".")[:-2]]
        own = is_own_domain(address)
        service = patterns.SERVICE.search(label) is not None
        known = parts if service or not own else parts[1:]
        handles = tuple(part for part in known if len(part) > 2 and part not in patterns.GENERIC and part != label)
        return cls(_letters(label), label, own and len(label) > 1, service, handles)

    @property
    def kind(self) -> str:
        return "a system" if not self.own else "a service" if self.service else "its own house"

    def may_be(self, word: str) -> bool:
        """Whether a word begins as the domain does: a cheap first look."""
        return _ascii(word[:3]) == self.label[:3]

    def title(self) -> str:
        return self.words.replace("-", " ").title()

    def signs(self, key: str, value: str) -> Iterator[str]:
        """How a name and the address belong together."""
        of_whom = " of a service" if self.service else ""
        if self.own:
            fit = max([fit_of(form, self.label, value) for form in spellings(key)])
            yield f"{FITS[fit]}{of_whom}"
        else:
            yield "a system for many"
        if any(_begins(form, _letters(handle)) for handle in self.handles for form in spellings(key)):
            yield "the address names it"


def _signs_of_house(key: str, found: Candidate, house: House, writer: str) -> set[str]:
    """How a name belongs to the sender's address, by who writes, and where it stands, by whose address that is."""
    signs = {f"{sign}, {writer}" if sign in _BY_WRITER else sign for sign in house.signs(key, found.value)}
    return signs | {f"{sign}, {house.kind}" for sign in found.signs & _BY_HOUSE}


_BY_HOUSE = frozenset(
    {
        "the sender",
        "the sender's house",
        "the whole sender",
        "a line of its own at the end",
        "the last words",
        "after a comma at the end",
        "at",
        "by",
        "acts",
    }
)
_BY_WRITER = frozenset({"no fit", "is the domain", "begins like the domain"})
FITS = (
    "no fit",
    "initials",
    "a word of the domain",
    "all words in the domain",
    "begins like the domain",
    "is the domain",
)


def fit_of(plain: str, label: str, value: str) -> int:
    """How well a name fits a domain: the number of one of FITS."""
    if plain == label:
        return 5
    if _begins(plain, label):
        return 4
    parts = [_letters(word) for word in value.lower().split() if len(word) > 2]
    long = [part for part in parts if len(part) > 3]
    if long and all(part in label for part in long):
        return 3
    if any(part in label for part in long):
        return 2
    initials = "".join(word[0] for word in _ascii(value.lower()).split() if word not in patterns.JOINING)
    return 1 if len(initials) > 1 and label.startswith(initials) else 0


def _begins(plain: str, label: str) -> bool:
    shorter = min(len(plain), len(label))
    return shorter > 2 and plain[:shorter] == label[:shorter]


@lru_cache(maxsize=512)
def spellings(key: str) -> tuple[str, ...]:
    """How an address may spell a name: 'küche' as 'kuche' or 'kueche'."""
    plain = _ascii(key)
    full = _ascii(key.translate(_UMLAUTS))
    return (plain,) if full == plain else (plain, full)


def _signs_of_name(value: str, mail: Mail) -> set[str]:
    """What the name itself says."""
    low = [part.strip(".,") for part in value.lower().split()]
    signs = {f"{min(len(low), 3)} words"}
    signs.update(sign for sign, known in _TELLING if not known.isdisjoint(low))
    if any(is_job(part, mail.language) and part not in patterns.INSTITUTION for part in low):
        signs.add("a job")
    if patterns.AGENCY.search(value):
        signs.add("an agency")
    if mail.person and _is_part_of(low, mail.person):
        signs.add(f"the person, {mail.person_fits}")
    if _GENERAL.issuperset(low):
        signs.add("only general words")
    if value.isupper() and len(value) < 5:
        signs.add("capitals")
    if not value.isalpha() and any(map(str.isdecimal, value)):
        signs.add("a number")
    return signs


_TELLING = (
    ("an institution", patterns.INSTITUTION),
    ("a system's name in it", patterns.ATS_NAMES),
    ("a day", patterns.WHEN),
)
_GENERAL = patterns.GENERIC | patterns.PERHAPS_GENERIC | patterns.INSTITUTION | patterns.JOINING


def _is_part_of(low: Sequence[str], person: str) -> bool:
    known = person.lower().split()
    return all(part in known for part in low)


def _may_be_company(key: str, value: str) -> bool:
    """No system that sends for many, no word of any mail."""
    return (
        len(key) > 1
        and len(value) <= 70
        and not key.isdigit()
        and key not in patterns.ATS_NAMES
        and key not in patterns.NO_COMPANY
        and key not in patterns.WHEN
    )


def company_key(value: str) -> str:
    """Letters and digits of a name, without legal form and 'and'."""
    passage = Passage(value, 0, len(value), "from", None)
    last = passage.last
    while last > 0 and _is_legal_form(passage, last):
        last -= 1
    return passage.key(0, last)


def domain_name(address: str) -> str:
    """The part of a domain its owner chose: 'mail.acme.co.uk' is 'acme'."""
    parts = address.rpartition("@")[2].lower().rstrip(".").split(".")
    if len(parts) < 2:
        return ""
    short = len(parts) > 2 and ((len(parts[-1]) == 2 and parts[-2] in patterns.SECOND_LEVEL) or parts[-2] == "example")
    return parts[-3] if short else parts[-2]


def organisation(address: str) -> str:
    """The registered domain of an address."""
    domain = address.rpartition("@")[2].lower().rstrip(".")
    name = domain_name(address)
    return domain[domain.rfind(name) :] if name else domain


def is_own_domain(address: str) -> bool:
    """Whether a domain belongs to an employer: no applicant tracking system, no free mail."""
    domain = address.rpartition("@")[2].lower()
    return domain_name(address) not in patterns.FREE_MAIL and not _is_system(domain)


def _is_system(domain: str) -> bool:
    return any(part in patterns.ATS_DOMAINS for label in domain.split(".") for part in (label, label.partition("-")[0]))


# ---- role


def role_candidates(mail: Mail, company: Found | None) -> list[Candidate]:
    """Everything in text and subject that could be the name of the job."""
    pool = Pool()
    house = company_key(company.value) if company else ""
    for passage in [*mail.passages, *mail.history, mail.subject]:
        for first, last, signs in _titles(passage):
            _add_role(pool, passage, first, last, signs)
    _add_segments(pool, mail, house)
    subject = f" {_spaced(mail.subject.text)} "
    for key, found in pool.found.items():
        found.signs |= _signs_of_role(key, found.value, mail)
        if house and house in key.replace(" ", ""):
            found.signs.add("holds the company")
        if found.where != "subject" and f" {key} " in subject:
            found.signs.add("also in the subject")
    _note_overlaps(pool)
    return list(pool.found.values())


def _note_overlaps(pool: Pool) -> None:
    """A candidate may hold another, or be held by it."""
    for key, found in pool.found.items():
        for other, longer in pool.found.items():
            if len(other) > len(key) and f" {key} " in f" {other} ":
                found.signs.add("part of another")
                longer.signs.add("holds another")


def _titles(passage: Passage) -> Iterator[tuple[int, int, set[str]]]:
    """Stretches that may name a job: around a job's word, and where the words before or after call for one."""
    language, nouns, callers, before = passage.language, passage.nouns, callers_of_job(passage.language), ""
    for number, word in enumerate(passage.low):
        called, before = before in callers or before[-1:].isdecimal(), word
        if is_job(word, language) and (language != "de" or passage.capital[number]):
            first = _to_the_left(passage, number, number + 1)
            signs = {"a job's word"} | _signs_before_role(passage, first)
            yield from ((first, last, signs | more) for last, more in _endings(passage, number))
        elif word in nouns:
            if number and _joined(passage, number) and (first := _to_the_left(passage, number - 1, number)) < number:
                yield first, number - 1, {"before the noun"} | _signs_before_role(passage, first)
        elif called and word not in passage.small and (signs := _signs_before_role(passage, number)) & CALLING:
            yield from ((number, last, signs | more) for last, more in _endings(passage, number))


@cache
def callers_of_job(language: str | None) -> frozenset[str]:
    """The words after which a job may be named without any word for one."""
    return patterns.OF_JOB | patterns.AS_JOB | articles_of(language) | job_nouns(language)


def _endings(passage: Passage, head: int) -> Iterator[tuple[int, set[str]]]:
    """Every place where the name of a job may end that centres on a word, with what speaks for it."""
    family = f"{_family(passage.language)}, {'capital' if passage.capital[head] else 'small'}"
    last, signs = head, set[str]()
    while last - head <= LONGEST_NAME:
        edge, on = _boundary(passage, last), f"{min(last - head, 3)} words on"
        yield last, signs | {edge, on, f"{edge}, {family}", f"{on}, {family}"}
        step = _step_on(passage, last, capital=passage.capital[head])
        if step is None:
            return
        last, signs = step[0], signs | step[1]


def _family(language: str | None) -> str:
    return "romance" if language in patterns.ROMANCE else language or "?"


def _step_on(passage: Passage, last: int, *, capital: bool) -> tuple[int, set[str]] | None:
    """The next word that may belong to the name of a job, with what it is reached over; None: it ends here."""
    following = last + 1
    if following > passage.last:
        return None
    word, gap, upper = passage.low[following], passage.gap(following), passage.capital[following]
    if gap in _FIELD and upper and capital and word not in passage.small:
        return following, {"with its field"}
    if gap not in _TIES:
        return None
    if word in patterns.ROLE_JOINS:
        reached = _over_joins(passage, following)
        to = "a capital" if passage.capital[reached] else "no capital"
        over = word.strip("'’")
        return (reached, {f"over {over}", f"over {over} to {to}"}) if reached else None
    if _is_stop(passage, following):
        return None
    if capital and not upper and passage.language in {"en", "de", None} and not word.isdecimal():
        return None
    return following, {"a capital on" if upper else "no capital on"}


_FIELD = {", ", " - ", " – ", " — ", " ("}


def _boundary(passage: Passage, last: int) -> str:
    """What follows the end of a name: nothing of its kind, or a word that could carry it on."""
    if last >= passage.last:
        return "ends the text"
    gap = passage.gap(last + 1)
    if gap not in _TIES:
        return "ends before a mark"
    word = passage.low[last + 1]
    if word in passage.nouns:
        return "ends before the noun"
    if word in patterns.AT_COMPANY:
        return "ends before 'at'"
    if word in patterns.ROLE_JOINS:
        return "ends before a joining word"
    if _is_stop(passage, last + 1):
        return "ends before a small word"
    return "ends before a capital" if passage.capital[last + 1] else "ends before a word"


def _is_stop(passage: Passage, number: int) -> bool:
    """Whether a word ends the name of a job."""
    word = passage.low[number]
    if word in _ROLE_ENDS:
        return True
    return word in passage.small and not (passage.capital[number] and word in patterns.ROLE_PARTS)


_ROLE_ENDS = patterns.ROLE_STOPS | patterns.WHEN


CALLING = {"a number before", "named", "the noun before", "applied for", "a label"}


def _signs_before_role(passage: Passage, first: int) -> set[str]:
    """What the words before a job's name say: 'position of', 'applied for', 'as a', 'looking for a' …"""
    signs, gap = set[str](), passage.gap(first)
    if gap.rstrip(" \t\n*")[-1:] in _QUOTES and gap:
        signs.add("quoted")
    if first and ":" in gap and passage.low[first - 1] in passage.nouns:
        return signs | {"a label"}
    if first and gap in _AFTER_NUMBER and passage.capital[first] and _figures(passage.low[first - 1]) > 2:
        signs.add("a number before")
    number = passage.before(first, articles=True)
    if number < 0:
        return signs | {"begins a sentence"}
    if number < first - 1:
        signs.add("an article")
    return signs | _signs_of_words_before(passage, number)


def _signs_of_words_before(passage: Passage, number: int) -> set[str]:
    """What a word and the few before it say of what follows."""
    signs = set()
    word, earlier = passage.low[number], passage.low[max(0, number - 4) : number]
    if word in passage.nouns:
        signs.add("the noun before")
    elif word in patterns.OF_JOB and any(one in passage.nouns for one in earlier[-2:]):
        signs.add("named")
    if word in patterns.AS_JOB:
        signs.add(f"after {'as' if word in patterns.AS else 'for'}")
        if any(one.startswith(patterns.APPLIED) for one in earlier):
            signs.add("applied for")
    if any(one.startswith(patterns.SEEKING) for one in (word, *earlier[-2:])):
        signs.add("sought")
    return signs


def _figures(word: str) -> int:
    return sum(map(str.isdecimal, word))


_AFTER_NUMBER = frozenset({" (", ", ", " - ", " – ", " ", ": "})
_QUOTES = frozenset('„“«"”')


def _joined(passage: Passage, number: int) -> bool:
    """Whether a word follows the one before it with nothing but a space or a quotation mark between."""
    return passage.gap(number).strip("\"“”»«' -") == "" and "\n" not in passage.gap(number)


def _to_the_left(passage: Passage, head: int, end: int) -> int:
    """How far the name of a job reaches to the left of a word that belongs to it."""
    english = end > head and is_english_job(passage.low[head], passage.language)
    heads_first = passage.language in patterns.ROMANCE and not english
    first = head
    while first > 0 and end - first < 6 and passage.gap(first) in _TIES:
        if passage.low[first - 1] not in patterns.RANKS and not _leads_to(
            passage, first - 1, head, heads_first=heads_first
        ):
            break
        first -= 1
    return first


def _leads_to(passage: Passage, number: int, head: int, *, heads_first: bool) -> bool:
    """Whether a word on the left of a job's word belongs to the name: 'night' in 'night receptionist'."""
    word, upper, capital = passage.low[number], passage.capital[number], passage.capital[head]
    if word in _ROLE_ENDS or (word in patterns.ORDINALS and not upper):
        return False
    in_text = passage.where != "subject"
    begins = in_text and (number == 0 or _ENDS.search(passage.gap(number)) is not None)
    if upper and capital and in_text and not begins and passage.language != "de":
        return True
    if word in patterns.ROLE_PARTS and upper == capital:
        return True
    if word in passage.nouns or word in passage.small or patterns.OF_AN_APPLICATION.search(word):
        return False
    if capital and not upper:
        return word.isdecimal() and len(word) < 3 and not begins and passage.capital[number - 1]
    return not (heads_first and not upper) and not (upper and not capital and (heads_first or begins))


def _over_joins(passage: Passage, number: int) -> int:
    """The word reached over 'of', 'de la', 'and' …, or 0."""
    if passage.low[number] in patterns.BARE_ARTICLES:
        return 0
    for following in range(number + 1, min(number + 2, passage.last) + 1):
        if passage.gap(following) not in _TIES:
            return 0
        if passage.low[following] in patterns.ROLE_JOINS or passage.low[following] in passage.articles:
            continue
        return 0 if _is_stop(passage, following) else following
    return 0


def _add_role(pool: Pool, passage: Passage, first: int, last: int, signs: set[str]) -> None:
    """Some words as a candidate, with what stands around them."""
    value = clean_role(passage.phrase(first, last))
    if not value:
        return
    start, end = passage.starts[first], passage.ends[last]
    in_text = passage.where != "subject"
    signs = signs | {f"in {passage.where}"}
    if in_text:
        signs.add("early" if start - passage.start < EARLY else "late")
        if passage.closes(last):
            signs |= _signs_at_the_end(passage, first)
    after = passage.text[end : end + 12]
    if patterns.GENDER.match(after.strip()[:10]):
        signs.add("a gender mark")
    if _NUMBER_FOLLOWS.match(after):
        signs.add("a number follows")
    pool.add(_spaced(value), value, Span(start, end) if in_text else Span(), passage.where, signs)


_NUMBER_FOLLOWS = re.compile(r"(?i)\W{0,4}(?:ref|req|nr|no|id|r-|#|\d{3})")


def _signs_at_the_end(passage: Passage, first: int) -> set[str]:
    """Whether a job stands where the writer's own job stands in a signature."""
    begin, end = passage.line(first)
    before = passage.text[begin : passage.starts[first]].rstrip()
    if end - begin > LONGEST_LINE:
        return set()
    if not before:
        return {"begins a line at the end"}
    return {"after a comma at the end"} if before[-1] in _MARKS else set()


def _add_segments(pool: Pool, mail: Mail, house: str) -> None:
    """The parts of a subject, each without the words of any mail and without the company."""
    text, begin = mail.subject.text, 0
    pieces: list[tuple[int, int]] = []
    for start, end in [*(match.span() for match in patterns.SUBJECT_BREAK.finditer(text)), (len(text), len(text))]:
        if text[begin:start].strip():
            pieces.append((begin, start))
        begin = end
    whole = "the whole subject" if len(pieces) == 1 else "a part of the subject"
    for place, (start, end) in enumerate(pieces):
        piece = Passage(text, start, end, "subject", mail.language)
        _add_segment(pool, piece, house, {"in subject", whole, f"part {min(place, 2) + 1} of the subject"})


def _add_segment(pool: Pool, piece: Passage, house: str, signs: set[str]) -> None:
    """One part of a subject as a candidate."""
    called = _after_calling(piece)
    first, last = called, piece.last
    while first <= last and (_is_of_any_mail(piece, first) or piece.low[first] in patterns.ROLE_JOINS):
        first += 1
    while last >= first and (_is_of_any_mail(piece, last) or piece.low[last] in patterns.ROLE_STOPS):
        last -= 1
    last = next((number - 1 for number in range(first + 1, last) if piece.low[number] in patterns.AT_COMPANY), last)
    if first > last or last - first > LONGEST_NAME or house == piece.key(first, last):
        return
    if called:
        signs = signs | {"called in the subject"}
    if (first, last) != (0, piece.last):
        signs = signs | {"cut in the subject"}
    if value := clean_role(piece.phrase(first, last)):
        pool.add(_spaced(value), value, Span(), "subject", signs)


def _is_of_any_mail(piece: Passage, number: int) -> bool:
    """Whether a word of a subject speaks of an application and not of the job: 'Your application', 'Req 20418'."""
    word = piece.low[number]
    of_any = word in piece.small or word in piece.nouns or _figures(word) > 2
    return of_any or patterns.OF_AN_APPLICATION.search(word) is not None


def _after_calling(piece: Passage) -> int:
    """The place in a subject after 'application for', 'position of' …; 0: there is none."""
    for number in range(piece.last, 0, -1):
        if piece.low[number] not in patterns.OF_JOB and _signs_before_role(piece, number) & CALLING:
            return number
    return 0


def _signs_of_role(key: str, value: str, mail: Mail) -> set[str]:
    """What the words themselves say."""
    parts = key.split()
    jobs = [is_job(part, mail.language) for part in parts]
    said = {
        f"{min(len(parts), 5)} words": True,
        "a capital" if value[0].isupper() else "no capital": True,
        "holds a job's word": any(jobs),
        "a job's word first": jobs[0],
        "a job's word last": jobs[-1],
        "a title and a name": len(parts) == 2 and parts[0] in patterns.TITLES and not jobs[1],
        "the person": bool(mail.person) and _is_part_of(parts, mail.person),
        "only a rank": patterns.RANKS.issuperset(parts),
        "only a desk": patterns.GENERIC.issuperset(parts),
        "a small word": not mail.subject.small.isdisjoint(parts),
    }
    return {sign for sign, holds in said.items() if holds}


def clean_role(text: str) -> str:
    """A job title without '(m/w/d)', numbers, places after a dash; '' when it is none."""
    role = _one_line(text)
    if not role.replace(" ", "").isalpha():
        role = patterns.NUMBERS.sub(" ", patterns.GENDER.sub(" ", role))
        role = _without_place(_one_line(role).strip(_EDGES))
    role = patterns.ROLE_EDGE.sub("", role).strip(_EDGES)
    if not 2 <= len(role) <= 80 or len(role.split()) > 9 or not _LETTER.search(role) or patterns.NO_ROLE.search(role):
        return ""
    return role


def _without_place(role: str) -> str:
    """A title without what stands after a dash, unless that names a job too."""
    dash = patterns.DASH.search(role)
    if dash is None or not dash.start():
        return role
    tail = role[dash.end() :].lower().split()
    telling = len(tail) > 4 or any(is_job(word, None) or word in patterns.FIELDS for word in tail)
    return role if telling else role[: dash.start()]


@lru_cache(maxsize=32_768)
def is_job(word: str, language: str | None) -> bool:
    """Whether a word in small letters names a job or a part of one, in this language or in English."""
    if word in patterns.NOT_JOBS:
        return False
    return _is_job_of(word, "en") or (language not in (None, "en") and _is_job_of(word, str(language)))


def _is_job_of(word: str, language: str) -> bool:
    known = _jobs(language)
    return (
        word in known.exact
        or (word[-1:] == "s" and word[:-1] in known.exact)
        or not known.beginnings.isdisjoint([word[:size] for size in range(known.shortest, len(word) + 1)])
        or not known.endings.isdisjoint([word[place:] for place in range(len(word) - 2)])
    )


def is_english_job(word: str, language: str | None) -> bool:
    """Whether a mail in another language uses an English word for a job."""
    return language not in (None, "en") and is_job(word, "en") and not _is_job_of(word, str(language))


@dataclass(frozen=True, slots=True)
class Jobs:
    """The words of one language that name jobs: whole, by their beginning, by their ending."""

    exact: frozenset[str]
    beginnings: frozenset[str]
    endings: frozenset[str]
    shortest: int  # letters of the shortest beginning


@cache
def _jobs(language: str) -> Jobs:
    exact, beginnings, endings = set[str](), set[str](), set[str]()
    for word in patterns.JOBS[language]:
        bare = word.strip("*")
        if word.startswith("*"):
            endings.update(bare + more for more in _INFLECTIONS)
        elif word.endswith("*"):
            beginnings.add(bare)
        else:
            exact.add(bare)
    shortest = min(map(len, beginnings), default=99)
    return Jobs(frozenset(exact), frozenset(beginnings), frozenset(endings), shortest)


_INFLECTIONS = ("", "s", "n", "en", "r", "er", "in", "innen")


@cache
def small_words(language: str | None) -> frozenset[str]:
    """The words that name nothing: of a language and English, or of all."""
    if language is None:
        return frozenset().union(*patterns.SMALL.values())
    return patterns.SMALL[language] | patterns.SMALL["en"]


@cache
def articles_of(language: str | None) -> frozenset[str]:
    """The articles of a language, or of all but for those that are prepositions in another."""
    if language is None:
        return frozenset().union(*patterns.ARTICLES.values()) - patterns.BY_COMPANY
    return patterns.ARTICLES[language]


@cache
def job_nouns(language: str | None) -> frozenset[str]:
    """The nouns for 'a job': of a language, with the English ones where those are in use, or of all."""
    if language is None:
        return frozenset().union(*patterns.JOB_NOUNS.values())
    return patterns.JOB_NOUNS[language] | (frozenset() if language in patterns.ROMANCE else patterns.JOB_NOUNS["en"])


# ---- reference number


def find_requisition(mail: Mail) -> Found | None:
    """The employer's number for the vacancy: after a word for it, or by its own shape."""
    for passage in [mail.subject, *mail.passages]:
        in_text = passage.where != "subject"
        for number, word in enumerate(passage.low):
            if not any(map(str.isdecimal, word)) or not (sure := _sure_of_number(passage, number)):
                continue
            start, end = passage.starts[number], passage.ends[number]
            value = passage.text[start:end]
            return Found(value, Span(start, end) if in_text else Span(), sure, "text" if in_text else "subject")
    return None


def _sure_of_number(passage: Passage, number: int) -> float:
    """How sure it is that a word with digits is the number of a vacancy; 0: it is none."""
    word = passage.low[number]
    if passage.text[passage.starts[number] - 1 : passage.starts[number]] in _MONEY:
        return 0.0
    if patterns.NO_NUMBER.fullmatch(word) or _JOINED_UNITS.match(passage.text, passage.ends[number]):
        return 0.0
    if sum(map(str.isdecimal, word)) > 1 and _after_number_word(passage, number):
        return 0.9
    if patterns.NUMBER_SHAPE.fullmatch(passage.text, passage.starts[number], passage.ends[number]):
        return 0.75
    bare = passage.where == "subject" and patterns.NUMBER_IN_SUBJECT.fullmatch(word) is not None
    return 0.6 if bare else 0.0


def _after_number_word(passage: Passage, number: int) -> bool:
    """Whether 'Ref.', 'Job ID', 'Kennziffer', 'req. no.' … stands before a word."""
    place = number
    while place > 0 and number - place < 3 and _TO_NUMBER.fullmatch(passage.gap(place)):
        place -= 1
        if passage.low[place] in patterns.NUMBER_WORDS:
            return True
        if passage.low[place] not in patterns.NUMBER_SIGNS:
            return False
        if place and passage.gap(place).strip(" .:#") == "" and passage.low[place - 1] in patterns.NUMBER_NOUNS:
            return True
    return "#" in passage.gap(number) and passage.low[number].isdecimal() and len(passage.low[number]) > 3


_MONEY = frozenset("€£$")
_TO_NUMBER = re.compile(r"[ .:#°º()–-]{0,5}")
_JOINED_UNITS = re.compile(r"\s?(?:%|€|£|\$|(?:eur|usd|sek|chf|hours|stunden|uhr|h\b|kr\b))", re.IGNORECASE)


# ---- people


def find_people(mail: Mail, contact: Address | None, company: Found | None) -> tuple[Person, ...]:
    """Everybody a mail names besides its reader: who writes, who signs, who is copied, who is spoken of."""
    found: dict[str, Person] = {}
    if mail.person and mail.message.sender and (mail.person_fits or contact):
        sender = mail.message.sender
        _meet(
            found,
            Person(
                contact.name if contact and contact.email == sender.email else mail.person, "", sender.email, "from"
            ),
        )
    elif contact:
        _meet(found, Person(contact.name, "", contact.email, "from"))
    known = company_key(company.value) if company else ""
    for person in signers(mail):
        if not (known and known in company_key(person.name)):
            _meet(found, person)
    for address in mail.message.cc:
        if name := shown_person(address):
            _meet(found, Person(name, "", address.email, "cc"))
    for person in _people_spoken_of(mail):
        _meet(found, person)
    return tuple(found.values())[:MOST_PEOPLE]


def _meet(found: dict[str, Person], person: Person) -> None:
    """Note a person, or what is new about one already met: the fuller name, the role, the address."""
    parts = set(_spaced(patterns.TITLE.sub("", person.name)).split())
    for key, known in found.items():
        if parts and (parts <= set(key.split()) or set(key.split()) <= parts):
            name = person.name if len(person.name) > len(known.name) and len(parts) > 1 else known.name
            found[key] = replace(known, name=name, role=known.role or person.role, email=known.email or person.email)
            return
    if parts:
        found[_spaced(patterns.TITLE.sub("", person.name))] = person


def signers(mail: Mail) -> Iterator[Person]:
    """The people who sign: a name under the closing words or in a short line at the end, with the role beside it."""
    for passage in mail.passages:
        closing = passage.end - CLOSING_PART if passage.where == "text" else passage.start
        text = passage.text[max(passage.start, closing) : passage.end]
        parts = [part.strip(" \t*_") for part in _PARTS.split(text) if part.strip(" \t*_")]
        for number, part in enumerate(parts):
            name = part.removeprefix("/").strip()
            single = number > 0 and (_is_closing(parts[number - 1]) or name == mail.person)
            known = bool(mail.person) and _is_part_of(name.lower().split()[:1], mail.person)
            if len(name) < 45 and looks_like_person(name, single=single or known) and _names_nothing_else(name, mail):
                yield Person(name, _role_beside(parts, number, mail), "", "signature")


def _is_closing(text: str) -> bool:
    return patterns.CLOSING.match(f"{text}\n") is not None


def _names_nothing_else(name: str, mail: Mail) -> bool:
    """Whether no word of a name is a small word or a job's: then it may be a person's."""
    low = name.lower().split()
    return not any(
        word in mail.subject.small
        or is_job(word, mail.language)
        or word in patterns.WHEN
        or word in patterns.NO_COMPANY
        for word in (part.strip(".,") for part in low)
        if word not in _PARTICLES and len(word) > 1
    )


def _role_beside(parts: list[str], number: int, mail: Mail) -> str:
    """What the part of a signature after a name says the person is."""
    for part in parts[number + 1 : number + 2]:
        low = _spaced(part).split()
        if len(part) < 60 and any(is_job(word, mail.language) or word in patterns.GENERIC - _PARTICLES for word in low):
            return part
    return ""


def _people_spoken_of(mail: Mail) -> Iterator[Person]:
    """People named in the text: after a title, or with a full name after 'with', 'by' …"""
    where = "calendar" if mail.message.calendar_method else "text"
    for passage in mail.passages:
        for first, last in passage.names:
            number = passage.before(first)
            word = passage.low[number] if number >= 0 else ""
            titled = word in patterns.TITLES or passage.low[first] in patterns.TITLES
            if passage.before(number) >= 0 and passage.low[passage.before(number)] in patterns.GREETING:
                continue
            if word in patterns.GREETING or not (titled or (word in patterns.MEETING and last > first)):
                continue
            begin = number if word in patterns.TITLES else first
            name = passage.phrase(begin, last)
            if last - begin < 4 and looks_like_person(name) and _names_nothing_else(patterns.TITLE.sub("", name), mail):
                yield Person(name, _note_after(passage, last, mail), "", where)


def _note_after(passage: Passage, last: int, mail: Mail) -> str:
    """What stands in brackets after a name, if it is a job: 'Karim (lead narration)'."""
    note = _NOTE.match(passage.text, passage.ends[last], passage.end)
    return note[1] if note and any(is_job(word, mail.language) for word in note[1].lower().split()) else ""


_NOTE = re.compile(
    r"\s?(?:\(|,\s(?:our|unser|unsere|notre|nuestr[oa]|onze|vår|noss[oa]|il\snostro)\s)([^()\n,.]{3,50})"
)


def find_contact(mail: Mail) -> Address | None:
    """A person who would read an answer: where answers are asked to go, else the sender; or None."""
    message = mail.message
    sender = message.sender
    signed = signed_name(mail.prepared)
    for address in message.reply_to:
        if sender and address.email != sender.email and not _may_answer_for(address, sender):
            continue
        if person := _person(address, signed):
            return person
    if message.reply_to and sender and all(a.email != sender.email for a in message.reply_to):
        return None if not _same_house(message.reply_to[0], sender) else _person(sender, signed)
    return _person(sender, signed) if sender else None


def _may_answer_for(address: Address, sender: Address) -> bool:
    """Whether a Reply-To may be trusted: of the sender's own house, or the sender is a system for many."""
    return _same_house(address, sender) or not is_own_domain(sender.email)


def _same_house(one: Address, other: Address) -> bool:
    return organisation(one.email) == organisation(other.email)


def _person(address: Address, signed: str) -> Address | None:
    """The address with a person's name, where it looks like a person's."""
    local, _, domain = address.email.lower().rpartition("@")
    if not local or _is_system(domain) or looks_automatic(address.email) or is_desk(local):
        return None
    shown = shown_name(address)
    if looks_like_person(shown, single=True) and _fits(shown, local):
        return Address(address.email, signed if signed.startswith(f"{shown} ") else shown)
    if signed and _fits(signed, local):
        return Address(address.email, signed)
    if patterns.FIRST_LAST.fullmatch(local) and not looks_like_person(shown):
        return Address(address.email, " ".join(part.capitalize() for part in re.split(r"[._-]", local)))
    return None


def is_desk(local: str) -> bool:
    """Whether the local part of an address is that of a desk: 'jobs', 'hr-team', 'segreteria'."""
    if patterns.ROLE_MAILBOX.search(local):
        return True
    parts = [part for part in re.split(r"[._+-]", local) if len(part) > 1 and not part.isdecimal()]
    return bool(parts) and all(
        part in patterns.DESKS or part in patterns.INSTITUTION or is_job(part, None) for part in parts
    )


def shown_name(address: Address) -> str:
    """The display name without the employer: 'Anna (Acme)' and 'Keller, Anna' are a person's."""
    name = patterns.VIA.sub("", _one_line(address.name.strip("\"' "))[:120])
    place = patterns.PERSON_AT.search(name)
    shown = name[: place.start()].strip(" ,|-–") if place else name.strip(" ,|-–")
    company = place["company"].strip() if place else ""
    if place and place[0].startswith(", ") and " " not in shown and " " not in company:
        return f"{company} {shown}"
    return shown


def shown_person(address: Address) -> str:
    """The person's name a display name holds, or ''."""
    shown = shown_name(address)
    if not looks_like_person(shown, single=True) or looks_automatic(address.email):
        return ""
    known = _letters(domain_name(address.email))
    named_so = bool(known) and any(_begins(form, known) for form in spellings(_plain(shown)))
    return "" if named_so and not _fits(shown, address.email.rpartition("@")[0].lower()) else shown


def signed_name(prepared: Prepared) -> str:
    """The name under the closing words, or ''."""
    for start, end in reversed(prepared.own):
        closings = list(patterns.CLOSING.finditer(prepared.text, max(start, end - 2_500), end))
        for closing in reversed(closings):
            for line in prepared.text[closing.end() : min(end, closing.end() + 200)].split("\n")[:4]:
                name = line.strip(" ,*_\r\t")
                if not name:
                    continue
                return name if looks_like_person(name, single=True) else ""
    return ""


def looks_like_person(name: str, *, single: bool = False) -> bool:
    """Whether a name is that of one human being, as far as its shape tells."""
    bare = patterns.TITLE.sub("", name)
    if len(name) > 50 or not patterns.PERSON.fullmatch(bare):
        return False
    parts = bare.split()
    if len(parts) < 2 and not single:
        return False
    low = [part.lower().strip(".") for part in parts]
    return (
        not any(part in _NO_PERSON for part in low)
        and name.rpartition(" ")[2].replace(".", "").lower() not in patterns.LEGAL_FORMS
    )


def _fits(name: str, local: str) -> bool:
    """Whether a name belongs to an address: 'Anna Keller' to 'anna', 'a.keller', 'akeller' or 'ak'."""
    parts = [_NOT_PLAIN.sub("", part) for part in re.split(r"[\s-]", name.lower()) if part]
    plain = _letters(local)
    initials = _ascii("".join(part[:1] for part in parts))
    return plain == initials or any(len(form) > 1 and form in plain for part in parts for form in spellings(part))


# ---- dates


def find_dates(mail: Mail) -> tuple[Found, ...]:
    """The days and times a mail speaks of, in its own words."""
    found: list[Found] = []
    for passage in mail.passages:
        number = 0
        while number <= passage.last and len(found) < MOST_DATES:
            if not _tells_time(passage, number):
                number += 1
                continue
            first, last = _whole_time(passage, number)
            start, end = passage.starts[first], passage.ends[last]
            found.append(Found(passage.phrase(first, last), Span(start, end), 0.8))
            number = last + 1
    return tuple(found)


def _tells_time(passage: Passage, number: int) -> bool:
    """Whether a word is a day, a month, 'tomorrow', a date in figures or '2 weeks'."""
    word = passage.low[number]
    if word in patterns.WHEN:
        return passage.capital[number] or word not in patterns.PERHAPS_WHEN
    if word in patterns.RELATIVE_DAYS:
        return True
    if patterns.DATE_SHAPE.fullmatch(word):
        return True
    return word in patterns.TIME_UNITS and number > 0 and passage.low[number - 1] in patterns.COUNTS | _FIGURES


def _whole_time(passage: Passage, number: int) -> tuple[int, int]:
    """A time with the words around it that belong to it: 'Friday 14 March at 9.15'."""
    first = last = number
    while first > 0 and number - first < 4 and passage.gap(first) in _DATE_GAPS and _dates(passage.low[first - 1]):
        first -= 1
    while (
        last < passage.last
        and last - number < 9
        and passage.gap(last + 1) in _DATE_GAPS
        and _dates(passage.low[last + 1])
    ):
        last += 1
    while first < number and passage.low[first] in patterns.DATE_JOINS:
        first += 1
    while last > number and passage.low[last] in patterns.DATE_JOINS:
        last -= 1
    return first, last


def _dates(word: str) -> bool:
    return (
        word in patterns.WHEN
        or word in patterns.DATE_JOINS
        or word in patterns.TIME_UNITS
        or word in patterns.RELATIVE_DAYS
        or word in patterns.DAY_PARTS
        or word in patterns.COUNTS
        or (word[0].isdecimal() and len(word) < 11)
    )


_FIGURES = frozenset(map(str, range(100)))
_DATE_GAPS = frozenset({" ", ", ", ". ", ".", ":", " - ", "-", "–", " – ", "/", " @ ", ""})


# ---- what kind of no


@dataclass(frozen=True, slots=True)
class Heard:
    """One sentence as its concepts: what the same mail says in any of the eight languages."""

    sentence: Sentence
    signs: frozenset[str]


def hear(sentences: Sequence[Sentence], language: str | None) -> list[Heard]:
    """Every sentence as its concepts, with those that follow one another."""
    heard = []
    for place, sentence in enumerate(sentences[:MOST_SENTENCES]):
        meant = concepts(words(sentence.text), language)
        more = {"first"} if place == 0 else {"late"} if place > 3 else set[str]()
        if "?" in sentence.text:
            more.add("asks")
        heard.append(Heard(sentence, frozenset(meant) | more))
    return heard


def whole_mail(mail: Mail, heard: Sequence[Heard]) -> frozenset[str]:
    """The concepts of a whole mail, its subject's apart, and who writes it."""
    signs = set[str]().union(*(one.signs for one in heard)) - {"first", "late"}
    signs.update(f"s:{concept}" for concept in concepts(words(mail.message.subject[:300]), mail.language))
    if mail.message.references:
        signs.add("thread")
    return frozenset(signs)


def _chances(signs: frozenset[str], tables: dict[str, dict[str, float]]) -> dict[str, float]:
    """How likely each of several things is, of which one must be."""
    odds = {name: exp(_weight(signs, table)) for name, table in tables.items()}
    total = sum(odds.values())
    return {name: one / total for name, one in odds.items()}


def _weight(signs: frozenset[str], table: dict[str, float]) -> float:
    return table["always"] + sum(table[sign] for sign in signs & table.keys())


def find_kind(heard: Sequence[Heard], signs: frozenset[str]) -> Found | None:
    """What kind of no it is, if it is one, with the sentence that says so: 'plain' unless another is likelier."""
    if not heard:
        return None
    chances = _chances(signs, patterns.KIND_SIGNS)
    kind = max(chances, key=chances.__getitem__)
    kind = kind if chances[kind] >= EVEN else "plain"
    best = max(heard, key=lambda one: _weight(one.signs, patterns.KIND_SIGNS[kind]))
    return Found(kind, best.sentence.span, round(chances[kind], 2))


def find_stage(heard: Sequence[Heard], signs: frozenset[str]) -> Stage | None:
    """How far the application had come, as far as the mail itself shows it."""
    if any(one.signs >= NOT_INVITED for one in heard):
        return Stage.APPLIED
    chances = _chances(signs, patterns.STAGE_SIGNS)
    stage = max(chances, key=chances.__getitem__)
    return Stage(stage) if chances[stage] >= EVEN else None


NOT_INVITED = frozenset({"NOT", "INVITE", "INTERVIEW"})


def find_reason(heard: Sequence[Heard]) -> Found | None:
    """The words that give a reason: the likeliest sentence, from where it says 'because' if it does."""
    if not heard:
        return None
    best = max(heard, key=lambda one: _weight(one.signs, patterns.REASON_SIGNS))
    sure = 1 / (1 + exp(-_weight(best.signs, patterns.REASON_SIGNS)))
    if sure < LIKELY_REASON:
        return None
    text, span = best.sentence.text, best.sentence.span
    because = patterns.BECAUSE.search(text)
    begin = because.end() if because else 0
    words_of_it = text[begin:].strip(" .,;:!\n")
    if len(words_of_it.split()) < 3:
        begin, words_of_it = 0, text.strip(" .,;:!\n")
    start = span.start + text.index(words_of_it, begin) if span.start >= 0 else -1
    return Found(words_of_it, Span(start, start + len(words_of_it)) if start >= 0 else Span(), round(sure, 2))


def find_other_role(
    mail: Mail, role: Found | None, candidates: Sequence[Candidate], heard: Sequence[Heard]
) -> Found | None:
    """Another job the mail proposes: one it names after the no, where it asks or offers."""
    known = f" {_spaced(role.value)} " if role else ""
    best: Found | None = None
    for one in heard:
        if not one.signs & PROPOSING:
            continue
        inside = [
            found
            for found in candidates
            if one.sentence.span.start <= found.span.start < one.sentence.span.end
            and f" {found.key} " not in known
            and known not in f" {found.key} "
        ]
        if found := _best(inside, patterns.ROLE_SIGNS, PERHAPS):
            best = best or found
    return best


PROPOSING = frozenset({"asks", "LOOKING", "INTEREST", "OTHER", "BUT", "IF"})


def find_feedback(heard: Sequence[Heard], signs: frozenset[str]) -> tuple[bool, bool, bool]:
    """Whether feedback is given, offered or refused; at most one of them."""
    refused = any(_refuses(one) for one in heard)
    offered = not refused and any(_offers(one) for one in heard)
    given = not refused and 1 / (1 + exp(-_weight(signs, patterns.GIVEN_SIGNS))) >= (CERTAIN if offered else EVEN)
    return given, offered and not given, refused


def _refuses(one: Heard) -> bool:
    """'We cannot give individual feedback', 'the committee does not comment on its decisions'."""
    says_no = one.signs & {"NOT", "NOBODY", "FAIL"}
    return (
        bool(says_no)
        and "FEEDBACK" in one.signs
        and bool(one.signs & {"INDIVIDUAL", "REASON", "MANY", "POLICY", "GIVE_TO"})
    )


def _offers(one: Heard) -> bool:
    """'If you would like feedback, call me', 'happy to share some feedback'."""
    if "FEEDBACK" not in one.signs or "NOT" in one.signs:
        return False
    return bool(patterns.GLADLY.search(one.sentence.text.lower())) or bool(
        one.signs & {"IF", "WISH", "SCHEDULE", "HOUR"}
    )


# ---- shared


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _plain(text: str) -> str:
    """Letters and digits only, without the little words that join names."""
    return _NOT_PLAIN.sub("", _JOINING.sub(" ", text.casefold()))


def _ascii(text: str) -> str:
    """Letters as addresses spell them: without accents, ö as o."""
    if text.isascii():
        return text
    text = text.translate(_SPELT_OUT)
    return "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))


def _letters(text: str) -> str:
    """The letters and digits of an address in small letters."""
    if text.isascii() and text.isalnum():
        return text.lower()
    return _NOT_PLAIN.sub("", _ascii(text.lower()))


def _spaced(text: str) -> str:
    """The words of a text in small letters, one space apart."""
    return " ".join(_NOT_PLAIN.sub(" ", text.casefold()).split())


_MARKS = frozenset(",|/·–-@•(—")
_AND = frozenset({"and", "und", "et", "y", "och", "en", "e"})
_ENDS = re.compile(r"[.!?:;\n,(]")
_TIES = frozenset({" ", "-", "/", " / ", " & ", "", "  "})
_EDGES = " .,;:-–—|/\"'“”„«»*()[]"
_PARTICLES = frozenset({"de", "del", "della", "la", "le", "der", "of", "mi", "des", "y", "e", "et"})
_NO_PERSON = (patterns.GENERIC | patterns.ATS_NAMES | patterns.INSTITUTION | patterns.PERHAPS_GENERIC) - _PARTICLES
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa"})
_SPELT_OUT = str.maketrans({"ß": "ss", "ø": "o", "æ": "ae", "ł": "l"})
_NOT_PLAIN = re.compile(r"[\W_]+")
_JOINING = re.compile(r"(?<=\w)\s(?:and|und|et|y|och|en|e)\s(?=\w)")
_LETTER = re.compile(r"[^\W\d_]")
