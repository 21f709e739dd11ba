"""Find the employer: every name in text, subject, sender and domain collects signs, and the likeliest is named."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache

from onward.core.model import Found, Span
from onward_classifiers.features import looks_automatic
from onward_classifiers.naming import patterns, weights
from onward_classifiers.naming.address import looks_like_person
from onward_classifiers.naming.choice import Candidate, Pool, likeliest
from onward_classifiers.naming.house import House
from onward_classifiers.naming.passage import (
    AND,
    CLOSING_PART,
    LONGEST_LINE,
    LONGEST_NAME,
    MARKS,
    PARTS,
    PERHAPS_DESK,
    Mail,
    Passage,
    is_part_of_name,
)
from onward_classifiers.naming.spelling import address_letters, as_ascii, one_line, spellings, squeezed
from onward_classifiers.naming.vocabulary import concerns_work, is_job


def find_company(mail: Mail) -> Found | None:
    """The employer: the likeliest of all names in the text, the subject, the sender's name and domain."""
    return likeliest(company_candidates(mail), weights.COMPANY_SIGNS)


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
    candidates = [found for key, found in pool.found.items() if _may_be_company(key, found.value)]
    _note_house(candidates, house, mail)
    _note_overlaps(candidates)
    for found in candidates:
        found.signs |= _signs_of_name(found.value, mail)
        if "only the domain" in found.signs:
            found.signs |= _signs_of_domain(found, candidates, mail.writer)
    if mail.writer == "a machine" and (_sends_for_others(candidates) or (house.service and _another_acts(candidates))):
        candidates = [found for found in candidates if not found.fits_domain]
    return candidates


def _note_house(candidates: Sequence[Candidate], house: House, mail: Mail) -> None:
    """How each name belongs to the sender's address and name, and whether the sender speaks of a client."""
    client = not all(patterns.CLIENT.isdisjoint(passage.low) for passage in mail.passages)
    exact = [found.key for found in candidates if house.label and house.label in spellings(found.key)]
    shown = squeezed(mail.shown.text)
    for found in candidates:
        key = found.key
        found.signs |= _signs_of_house(found, house, mail.writer)
        if any(one != key and one in key for one in exact):
            found.signs.add("holds what the domain spells")
            found.fits_domain = True
        if shown and key != shown and key.endswith(shown):
            found.signs.add("ends with the sender's words")
        fits = "fits" if found.fits_domain else "does not fit"
        if client:
            found.signs.add(f"of a client, {fits}, a service" if house.service else f"of a client, {fits}")
        elif house.service:
            found.signs.add(f"of no client, {fits}")


def _note_overlaps(candidates: Sequence[Candidate]) -> None:
    """A name may hold another, or be held by it."""
    for one in candidates:
        for other in candidates:
            if one.key in other.key and one is not other:
                one.signs.add("part of the sender" if "the sender" in other.signs else "part of another")
                other.signs.add("holds the sender" if "the sender" in one.signs else "holds another")


def _signs_of_domain(found: Candidate, candidates: Sequence[Candidate], writer: str) -> set[str]:
    """What speaks for a name that only the domain spells: nothing else fits, a person writes, it is short."""
    alone = not any(one.fits_domain or "the sender" in one.signs for one in candidates if one is not found)
    size = min(len(found.key) // 3, 5)
    return {
        f"only the domain, {'nothing else fits' if alone else 'another fits'}",
        f"only the domain, {writer}",
        f"only the domain, {3 * size} letters or more",
    }


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
        if word[0] != label[0] and (word[0].isascii() or as_ascii(word)[:1] != label[0]):
            continue
        for form in spellings(word):
            written, last = address_letters(form), first
            while written != label and label.startswith(written) and last < passage.last and last - first < 6:
                last += 1
                if passage.low[last] not in AND:
                    written += address_letters(passage.low[last])
            if written == label and len(label) > 2:
                yield first, last
                break


def signed_parts(passage: Passage) -> Iterator[tuple[int, int]]:
    """The parts of the lines at the end that are no run of capitals: 'Anna Keller | Coop laitière Beaurivage'."""
    begin = passage.start if passage.where == "signature" else passage.end - CLOSING_PART
    first = bisect_right(passage.starts, begin)
    for number in range(first + 1, passage.last + 2):
        if number <= passage.last and ((gap := passage.gaps[number]) == " " or not PARTS.search(gap)):
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


def _add_name(pool: Pool, passage: Passage, first: int, last: int, signs: set[str]) -> None:
    """One name as a candidate, without the words for a desk at either end ('Acme Careers')."""
    kept = _without_desk(passage, first, last, patterns.GENERIC)
    if kept[0] > kept[1]:
        return
    bare = _without_desk(passage, *kept, PERHAPS_DESK)
    if kept != (first, last):
        signs = signs | {"a desk of it"}
    if kept != bare:
        _add_exactly(
            pool,
            passage,
            *kept,
            signs | {"perhaps a desk", f"begins with {passage.low[kept[0]]}", f"ends with {passage.low[kept[1]]}"},
        )
        signs = signs | {"perhaps a desk of it"}
    if bare[0] > bare[1]:
        return
    if first < bare[0] and passage.low[bare[0] - 1] in patterns.OF_OFFICE and passage.low[first] in patterns.OFFICES:
        _add_exactly(pool, passage, first, kept[1], signs | {"with its desk before"})
    if kept[1] < last and passage.low[last] in patterns.TRADES:
        _add_exactly(pool, passage, bare[0], last, signs | {"with its trade", f"with its trade, {passage.low[last]}"})
    signs = signs | {f"begins with {passage.low[bare[0]]}", f"ends with {passage.low[bare[1]]}"}
    _add_exactly(pool, passage, *bare, signs)
    before, after = bare[0] - 1, bare[1] + 1
    if before >= 0 and passage.gaps[bare[0]] == " " and passage.low[before] in patterns.INSTITUTION:
        _add_exactly(pool, passage, before, bare[1], signs | {"with the small word before"})  # 'café De Zwaluw'
    if (
        after <= passage.last
        and not passage.capital[after]
        and passage.gaps[after] == " "
        and passage.low[after].endswith(patterns.INSTITUTIONS)
    ):
        _add_exactly(pool, passage, bare[0], after, signs | {"with the small word after"})  # 'Hjortsjö kommun'


def _add_exactly(pool: Pool, passage: Passage, first: int, last: int, signs: set[str]) -> None:
    """These words as a candidate, with the legal form that follows them and without "'s" or '-Team'."""
    end, key_last = passage.ends[last], last
    if last < passage.last and passage.gaps[last + 1] in {" ", ", "} and _is_legal_form(passage, last + 1):
        end, signs = passage.ends[last + 1], signs | {"legal form"}
    while key_last > first and _is_legal_form(passage, key_last):
        key_last, signs = key_last - 1, signs | {"legal form"}
    value = one_line(passage.text[passage.starts[first] : end])
    if tail := _TAIL.search(value):
        value, end = value[: tail.start()], end - len(tail[0])
        signs = signs | {"owns something" if tail[0][-1] == "s" else "a desk of it"}
    span = Span(passage.starts[first], end) if passage.where in {"text", "signature"} else Span()
    key = passage.key(first, key_last) if not tail else squeezed(value)
    pool.add(key, value, span, passage.where, signs)


def _is_legal_form(passage: Passage, number: int) -> bool:
    return passage.capital[number] and passage.low[number].replace(".", "") in patterns.LEGAL_FORMS


_ADDRESS = re.compile(r"\S@\S")
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
    elif not first or passage.stops[first]:
        signs.add("begins a sentence")
        if last < passage.last and passage.gaps[last + 1] == " " and passage.low[last + 1] in patterns.ACTING:
            signs.add("acts")
    return signs


def _signs_of_line(passage: Passage, first: int, last: int) -> set[str]:
    """What the place of a name in its line says: alone, under a name, after a comma at the end of the mail."""
    text, start, end = passage.text, passage.starts[first], passage.ends[last]
    closing = passage.closes(last)
    if not closing and first and "\n" not in passage.gaps[first]:
        return set()
    line_start, line_end = passage.line(first)[0], passage.line(last)[1]
    before, after = text[line_start:start].rstrip(), text[end:line_end].strip()
    short = line_end - line_start <= LONGEST_LINE
    if before.strip(" \t*_-–—/|·>"):
        after_mark = closing and before[-1] in MARKS and (short or not text[end : passage.end].strip(" .\n!*)"))
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
    speaks = any(map(concerns_work, passage.low[max(0, number - 7) : number]))
    signs = {kind, f"{kind} after applying"} if speaks else {kind}
    signs.add(f"after {word}")
    if not patterns.SPOKEN_TO.isdisjoint(passage.low[max(0, number - 3) : number]):
        signs.add(f"{kind} after whom one speaks to")
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
    if sender is None or not sender.name or _ADDRESS.search(sender.name):
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
    passage = mail.shown if name == mail.shown.text else Passage(name, 0, len(name), "from", mail.language)
    named = [span for span in passage.names if not _GENERAL.issuperset(passage.low[span[0] : span[1] + 1])]
    whole = {"the whole sender"} if len(named) == 1 else set[str]()
    for first, last in passage.names:
        _add_name(pool, passage, first, last, signs | whole)


def _signs_of_house(found: Candidate, house: House, writer: str) -> set[str]:
    """How a name belongs to the sender's address, by who writes, and where it stands, by whose address that is."""
    fit = house.fit(found.key, found.value)
    found.fits_domain = fit > 0 or "only the domain" in found.signs
    signs = {house.signs_of_fit(fit, writer)}
    if house.names(found.key):
        signs.add("the address names it")
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
        "at after whom one speaks to",
    }
)


def _signs_of_name(value: str, mail: Mail) -> set[str]:
    """What the name itself says."""
    low = [part.strip(".,") for part in value.lower().split()]
    signs = {f"{min(len(low), 3)} words"}
    signs.update(sign for sign, known in _TELLING if not known.isdisjoint(low))
    if any(is_job(part, mail.language) and part not in patterns.INSTITUTION for part in low):
        signs.add("a job")
    if patterns.AGENCY.search(value):
        signs.add("an agency")
    if mail.person and is_part_of_name(low, mail.person):
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


@lru_cache(maxsize=512)
def company_key(value: str) -> str:
    """Letters and digits of a name, without legal form and 'and'."""
    passage = Passage(value, 0, len(value), "from", None)
    last = passage.last
    while last > 0 and _is_legal_form(passage, last):
        last -= 1
    return passage.key(0, last)
