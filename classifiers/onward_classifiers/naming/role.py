"""Find the job a mail is about: everything that could be its name collects signs, and the likeliest is named."""

from __future__ import annotations

import re

from onward.core.model import Found, Span
from onward_classifiers.naming import patterns
from onward_classifiers.naming.choice import Candidate, Pool
from onward_classifiers.naming.company import company_key
from onward_classifiers.naming.extent import figures, is_called, titles
from onward_classifiers.naming.passage import LONGEST_LINE, LONGEST_NAME, MARKS, Mail, Passage, is_part_of_name
from onward_classifiers.naming.spelling import one_line, spaced
from onward_classifiers.naming.vocabulary import is_job

EARLY = 500  # characters within which a mail mostly says what it is about


def role_candidates(mail: Mail, company: Found | None) -> list[Candidate]:
    """Everything in text and subject that could be the name of the job."""
    pool = Pool()
    house = company_key(company.value) if company else ""
    for passage in [*mail.passages, *mail.history, mail.subject]:
        for first, last, signs in titles(passage):
            _add_role(pool, passage, first, last, signs)
    _add_segments(pool, mail, house)
    subject = f" {spaced(mail.subject.text)} "
    for key, found in pool.found.items():
        found.signs |= _signs_of_role(key, found.value, mail)
        if house and house in key.replace(" ", ""):
            found.signs.add("holds the company")
        if found.where != "subject" and f" {key} " in subject:
            found.signs.add("also in the subject")
        found.signs |= _signs_of_place(found.value, mail.subject.text)
    _note_overlaps(pool)
    return list(pool.found.values())


def _signs_of_place(value: str, subject: str) -> set[str]:
    """Whether the subject says more before or after a name, where it has it."""
    start = subject.lower().find(value.lower())
    if start < 0:
        return set()
    before, after = subject[:start].rstrip()[-1:], subject[start + len(value) :].lstrip()[:1]
    return {
        "more before it in the subject" if before.isalnum() else "nothing before it in the subject",
        "more after it in the subject" if after.isalnum() else "nothing after it in the subject",
    }


def _note_overlaps(pool: Pool) -> None:
    """A candidate may hold another, or be held by it."""
    keys = [(f" {key} ", found) for key, found in pool.found.items()]
    for key, found in keys:
        for other, longer in keys:
            if len(other) > len(key) and key in other:
                found.signs.add("part of another")
                longer.signs.add("holds another")


def _add_role(pool: Pool, passage: Passage, first: int, last: int, signs: set[str]) -> None:
    """Some words as a candidate, with what stands around them."""
    value = clean_role(passage.phrase(first, last), whole="with its field" in signs)
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
    if after.lstrip()[:1] in _BEGINS_GENDER and patterns.GENDER.match(after.strip()[:10]):
        signs.add("a gender mark")
    if _NUMBER_FOLLOWS.match(after):
        signs.add("a number follows")
    pool.add(spaced(value), value, Span(start, end) if in_text else Span(), passage.where, signs)


_BEGINS_GENDER = frozenset("([mwfhMWFH")
_NUMBER_FOLLOWS = re.compile(r"(?i)\W{0,4}(?:ref|req|nr|no|id|r-|#|\d{3})")


def _signs_at_the_end(passage: Passage, first: int) -> set[str]:
    """Whether a job stands where the writer's own job stands in a signature."""
    begin, end = passage.line(first)
    before = passage.text[begin : passage.starts[first]].rstrip()
    if end - begin > LONGEST_LINE:
        return set()
    if not before:
        return {"begins a line at the end"}
    return {"after a comma at the end"} if before[-1] in MARKS else set()


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
        piece = mail.subject if pieces == [(0, len(text))] else Passage(text, start, end, "subject", mail.language)
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
        pool.add(spaced(value), value, Span(), "subject", signs)


def _is_of_any_mail(piece: Passage, number: int) -> bool:
    """Whether a word of a subject speaks of an application and not of the job: 'Your application', 'Req 20418'."""
    word = piece.low[number]
    of_any = word in piece.small or word in piece.nouns or figures(word) > 2
    return of_any or patterns.OF_AN_APPLICATION.search(word) is not None


def _after_calling(piece: Passage) -> int:
    """The place in a subject after 'application for', 'position of' …; 0: there is none."""
    for number in range(piece.last, 0, -1):
        if piece.low[number] not in patterns.OF_JOB and is_called(piece, number):
            return number
    return 0


def _signs_of_role(key: str, value: str, mail: Mail) -> set[str]:
    """What the words themselves say."""
    parts = key.split()
    jobs = [is_job(part, mail.language) for part in parts]
    signs = {_WORDS[min(len(parts), 5)], "a capital" if value[0].isupper() else "no capital"}
    if True in jobs:
        signs.add("holds a job's word")
    if jobs[0]:
        signs.add("a job's word first")
    if jobs[-1]:
        signs.add("a job's word last")
    if len(parts) == 2 and parts[0] in patterns.TITLES and not jobs[1]:
        signs.add("a title and a name")
    if mail.person and is_part_of_name(parts, mail.person):
        signs.add("the person")
    if patterns.RANKS.issuperset(parts):
        signs.add("only a rank")
    if patterns.GENERIC.issuperset(parts):
        signs.add("only a desk")
    if not mail.subject.small.isdisjoint(parts):
        signs.add("a small word")
    return signs


_WORDS = tuple(f"{count} words" for count in range(6))


def clean_role(text: str, *, whole: bool = False) -> str:
    """A job title without '(m/w/d)', numbers, places after a dash if not the whole is asked for; '': it is none."""
    role = one_line(text)
    if not role.replace(" ", "").isalpha():
        role = patterns.NUMBERS.sub(" ", patterns.GENDER.sub(" ", role))
        role = one_line(role).strip(_EDGES)
        role = role if whole else _without_place(role)
    ends = {role.partition(" ")[0].lower(), role.rpartition(" ")[2].lower()}
    if not ends.isdisjoint(patterns.ROLE_EDGES) or "(" in role or "[" in role:
        role = patterns.ROLE_EDGE.sub("", role).strip(_EDGES)
    else:
        role = role.strip(_EDGES)
    if not 2 <= len(role) <= 80 or "@" in role or "http" in role or not _LETTER.search(role):
        return ""
    parts = spaced(role).split()
    return role if len(parts) < 10 and patterns.NO_ROLE.isdisjoint(parts) else ""


def _without_place(role: str) -> str:
    """A title without what stands after a dash, unless that names a job too."""
    dash = patterns.DASH.search(role)
    if dash is None or not dash.start():
        return role
    tail = role[dash.end() :].lower().split()
    telling = len(tail) > 4 or any(is_job(word, None) or word in patterns.FIELDS for word in tail)
    return role if telling else role[: dash.start()]


_EDGES = " .,;:-–—|/\"'“”„«»*()[]"
_LETTER = re.compile(r"[^\W\d_]")
