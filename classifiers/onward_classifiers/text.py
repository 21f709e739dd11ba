"""Find what the sender of a mail wrote in it: without quoted history, forwarded mail, signature and footer.

Everything is kept as ranges of Message.text, so a sentence can always be shown where it stands. Every step is
linear in the text, and one long line is nothing special: a hostile mail costs no more than a long one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

import quotequail

from onward.core.model import ATTACHED, Message, Span

CAP = 32 * 1024  # what is read of a text; the daemon keeps up to 64 KiB
LONGEST_SENTENCE = 400  # characters; text without full stops is cut at the last space before this
SHORT_LINE = 45  # a line shorter than this ended because its writer ended it, not because it was wrapped
INDENTED = 3  # characters before the first word of a line that quotes
LINES_TRIED = 12  # places at which the start of a quotation is looked for

NOWHERE = Span()

Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence as it stands in Message.text."""

    text: str
    span: Span = NOWHERE


@dataclass(frozen=True, slots=True)
class Prepared:
    """One mail's text, taken apart. Ranges are offsets into the text it was made from."""

    text: str
    own: tuple[Range, ...]  # what the sender wrote, in order, signature and footer excluded
    forwarded: bool = False  # the mail passes on a mail of someone else
    quoted: bool = False  # the mail quotes an earlier one
    signature: Span = NOWHERE  # after the '-- ' line, where there is one
    footer: Span = NOWHERE  # legal notes and ways to unsubscribe

    @property
    def own_text(self) -> str:
        """What the sender wrote in this mail."""
        if len(self.own) == 1:
            start, end = self.own[0]
            return self.text[start:end]
        return "\n".join(self.text[start:end] for start, end in self.own)

    def sentences(self) -> Iterator[Sentence]:
        """What the sender wrote, sentence by sentence."""
        for piece in self.own:
            for start, end in split(self.text, *piece):
                yield Sentence(self.text[start:end], Span(start, end))


def prepare(message: Message) -> Prepared:
    """Take the text of one message apart. A mail attached to it speaks too, unless the whole is passed on."""
    end = min(len(message.text), CAP)
    cut = message.text.find(ATTACHED, 0, end)
    found = _prepare(message.subject, message.text, end if cut < 0 else cut)
    if cut < 0 or found.forwarded:
        return found
    return replace(found, own=(*found.own, (cut + len(ATTACHED), end)))


def _prepare(subject: str, text: str, end: int) -> Prepared:
    if _STARTS_FORWARD.match(subject):
        return _without_forwarded(text, end)
    if not any(mark in text for mark in _MARKS):
        own, footer = _without_footer(text, 0, end)
        return Prepared(text, own, footer=footer)
    return _without_history(text, end)


def split(text: str, start: int, end: int) -> Iterator[Range]:
    """The sentences of text[start:end], as ranges without the white space around them."""
    begin = start
    for match in _BREAK.finditer(text, start, end):
        if match[0] == "\n" and not _ends_line(text, start, match.start(), end):
            continue
        yield from _trimmed(text, begin, match.end())
        begin = match.end()
    yield from _trimmed(text, begin, end)


def _ends_line(text: str, start: int, newline: int, end: int) -> bool:
    """Whether a single line break was meant: before a list item, an empty line, or after a short line."""
    line_start = max(text.rfind("\n", max(start, newline - SHORT_LINE - 1), newline) + 1, start)
    if newline - line_start < SHORT_LINE and (line_start > start or newline - start < SHORT_LINE):
        short = line_start == start or text[line_start - 1] == "\n"
        if short:
            return True
    following = text[newline + 1 : min(newline + 4, end)]
    return not following.strip() or following[0] in "-*•·–—>|\n\r" or following[:1].isdigit()


def _trimmed(text: str, start: int, end: int) -> Iterator[Range]:
    """One sentence without white space at its ends, cut into parts where it is far too long."""
    piece = text[start:end]
    start += len(piece) - len(piece.lstrip())
    end = start + len(piece.strip())
    while end - start > LONGEST_SENTENCE:
        cut = text.rfind(" ", start + 1, start + LONGEST_SENTENCE)
        cut = cut if cut > start else start + LONGEST_SENTENCE
        yield start, cut
        while cut < end and text[cut].isspace():
            cut += 1
        start = cut
    if start < end:
        yield start, end


def _without_forwarded(text: str, end: int) -> Prepared:
    """A mail whose subject says it is passed on: only the words above the other mail are the sender's."""
    cut, _, _ = _first_history(text, end)
    if cut is None and (header := _HEADER_BLOCK.search(text, 0, end)):
        cut = header.start()
    own, footer = _without_footer(text, 0, end if cut is None else cut)
    return Prepared(text, own, forwarded=True, quoted=cut is not None, footer=footer)


def _without_history(text: str, end: int) -> Prepared:
    """Leave out what is quoted; text that answers below a quotation marked with '>' still counts."""
    cut, forwarded, after = _first_history(text, end)
    top = end if cut is None else cut
    own: list[Range] = []
    quoted = cut is not None
    for start, stop, is_quote in _runs(text, 0, top):
        quoted = quoted or is_quote
        if not is_quote:
            own.append((start, stop))
    if cut is not None and not forwarded and after is not None:
        below = list(_runs(text, after, end))
        if any(is_quote for _, _, is_quote in below[:2]):
            own += [(start, stop) for start, stop, is_quote in below if not is_quote]
    signature = Span()
    kept: list[Range] = []
    for start, stop in own:
        if signature.start < 0 and (dashes := _SIGNATURE.search(text, start, stop)):
            signature = Span(dashes.end(), stop)
            stop = dashes.start()
        if text[start:stop].strip():
            kept.append((start, stop))
    footer = Span()
    if kept:
        last, footer = _without_footer(text, *kept[-1])
        kept[-1:] = last
    return Prepared(text, tuple(kept), forwarded, quoted, signature, footer)


def _first_history(text: str, end: int) -> tuple[int | None, bool, int | None]:
    """Where the first quoted or forwarded mail starts, whether it is forwarded, and where its own words start."""
    for match in islice(_hints(text, end), LINES_TRIED):
        start = text.rfind("\n", 0, match.start()) + 1
        stop = _line_end(text, match.end(), end)
        line = text[start:stop]
        if len(line) > 400:
            continue
        if _FORWARD_LINE.search(line):
            return start, True, stop
        header = _HEADER_BLOCK.match(text, start, end)
        if header:
            return start, False, header.end()
        if _OWN_REPLY_LINE.match(line):
            return start, False, stop
        above = max(text.rfind("\n", 0, max(start - 1, 0)) + 1, start - 200)
        window = text[above:stop].replace("\r", " ")
        parts = quotequail.quote(window, limit=9, quote_intro_line=True)
        if len(parts) == 2:
            return above + len(parts[0][1]), False, stop
    return None, False, None


def _hints(text: str, end: int) -> Iterator[re.Match[str]]:
    """Words and lines that may begin an earlier mail, in order. A search for words is faster than for a pattern."""
    places = set[int]()
    for mark in _HISTORY_MARKS:
        place = text.find(mark, 0, end)
        while place >= 0:
            places.add(place)
            place = text.find(mark, place + len(mark), end)
    done = 0
    for place in sorted(places):
        if place < done:
            continue
        line = text.rfind("\n", 0, place) + 1
        if match := _HISTORY.match(text, line if place - line <= INDENTED else place, end) or _HISTORY.match(
            text, place, end
        ):
            done = match.end()
            yield match


def _runs(text: str, start: int, end: int) -> Iterator[tuple[int, int, bool]]:
    """Stretches of lines that are quoted with '>' and stretches that are not."""
    begin, position, state = start, start, False
    while position < end:
        stop = _line_end(text, position, end)
        quoted = text[position : position + 1] == ">"
        if quoted != state:
            if begin < position:
                yield begin, position, state
            begin, state = position, quoted
        position = stop + 1
    if begin < end:
        yield begin, end, state


def _without_footer(text: str, start: int, end: int) -> tuple[tuple[Range, ...], Span]:
    """Cut legal notes and ways to unsubscribe off the second half of a text."""
    if not text[start:end].strip():
        return (), Span()
    lower = text[start:end].lower()
    if not any(mark in lower for mark in _FOOTER_MARKS):
        return ((start, end),), Span()
    match = _FOOTER.search(text, start + (end - start) // 3, end)
    if match is None:
        return ((start, end),), Span()
    cut = match.start()
    if not text[start:cut].strip():
        return ((start, end),), Span()
    return ((start, cut),), Span(cut, end)


def _line_end(text: str, position: int, end: int) -> int:
    found = text.find("\n", position, end)
    return end if found < 0 else found


_BREAK = re.compile(r"[.!?…\n](?:(?<=\n)|(?<![.!?…][.!?…])[.!?…]*+[\"'»”)\]]{0,2}(?=\s))")
_SIGNATURE = re.compile(r"(?m)^--[ \t\r]?$")
# Cheap signs that a text may hold an earlier mail or a signature; without any of them nothing is looked for.
_MARKS = (
    "\n>", "\n-- ", "\n--\n", "----", "____", "wrote", "schrieb", "geschrieben", "écrit", "escribió", "escreveu",
    "schreef", "geschreven", "skrev", "scritto", "orwarded", "eitergeleitet", "From:", "Von:", "De :", "De:",
    "Van:", "Från:", "Da:",
)  # fmt: skip
_STARTS_FORWARD = re.compile(r"(?i)\s*(?:re:\s*|aw:\s*|sv:\s*|rif:\s*)?(?:fwd?|wg|tr|rv|enc|doorst|vb|vs|i)\s*:")
_HISTORY = re.compile(
    r"wrote:|schrieb\b|geschrieben:|geschreven:|schreef\b|a écrit\s?:|escribió:|escreveu:|skrev\b|ha scritto:"
    r"|(?m:^[ \t>*]{0,3}(?:From|Von|De|Van|Från|Da)\s?:)|-{4,}|_{20,}"
    r"|(?i:.?(?:orwarded message|eitergeleitete))"
)
_HISTORY_MARKS = (
    "wrote:", "schrieb", "geschrieben:", "geschreven:", "schreef", "a écrit", "escribió:", "escreveu:", "skrev",
    "ha scritto:", "----", "____", "orwarded message", "orwarded Message", "ORWARDED MESSAGE", "eitergeleitete",
    *(f"{name}{gap}:" for name in ("From", "Von", "De", "Van", "Från", "Da") for gap in ("", " ", "\xa0")),
)  # fmt: skip
_OWN_REPLY_LINE = re.compile(
    r"(?:Il|El|Em|A|No|Op|Le|Den|Am|On)\b[^\n]{6,300}"
    r"(?:ha scritto|escribió|escreveu|geschreven|schreef[^\n]{0,80}|a écrit|skrev[^\n]{0,80}|schrieb[^\n]{0,80}|wrote)"
    r"\s?:\s*$"
)
_FORWARD_LINE = re.compile(
    r"(?i)forwarded (?:message|by)|weitergeleitete (?:nachricht|e-mail|mail)|message (?:transféré|réexpédié)"
    r"|mensaje reenviado|mensagem (?:encaminhada|reencaminhada)|messaggio inoltrato|doorgestuurd bericht"
    r"|vidarebefordrat"
)
_HEADER_NAME = (
    r"(?:From|Sent|Date|To|Cc|Subject|Von|Gesendet|Datum|An|Betreff|De|Envoyé|Date|À|A|Objet|Enviado(?: el)?|Fecha|Para"
    r"|Asunto|Van|Verzonden|Aan|Onderwerp|Från|Skickat|Till|Ämne|Enviada(?: em)?|Data|Assunto|Da|Inviato|Oggetto)"
)
_HEADER_BLOCK = re.compile(
    rf"(?m)^[ \t>*]{{0,3}}(?:From|Von|De|Van|Från|Da)\*?\s?:[^\n]{{1,300}}\n"
    rf"(?:[ \t>*]{{0,3}}{_HEADER_NAME}\*?\s?:[^\n]{{0,300}}(?:\n|\Z)){{2,8}}"
)
_FOOTER_MARKS = (
    "confiden", "intended", "privileged", "vertraulich", "vertrouwelijk", "il presente messaggio", "unsubscribe",
    "abmelden", "désabonner", "uitschrijven", "this e-mail because", "this email because", "this message because",
    "reply to this", "respond to this",
)  # fmt: skip
_FOOTER = re.compile(
    r"(?im)^[ \t]{0,8}(?:this (?:e-?mail|message|communication)\b[^\n]{0,160}(?:confidential|intended|privileged)"
    r"|confidentiality notice|diese (?:e-?mail|nachricht)\b[^\n]{0,120}vertraulich"
    r"|ce (?:message|courriel)\b[^\n]{0,120}confidentiel|este (?:mensaje|correo|e-?mail)\b[^\n]{0,120}confidencia"
    r"|dit bericht\b[^\n]{0,120}vertrouwelijk|il presente messaggio\b|(?:to |click here to )?unsubscribe\b|abmelden\b"
    r"|se désabonner\b|uitschrijven\b|you (?:are receiving|received|'re receiving) this (?:e-?mail|message) because"
    r"|(?:please )?(?:do not|don't) (?:reply|respond) to this)"
)
