"""Turn the HTML part of a mail into the text a reader would see.

Pure, and linear in time: heads, styles, scripts and comments are cut out by plain searches before a
parser sees the rest, and the parser never sees more than 64 KiB (deeper nesting than mail has costs
it quadratic time beyond that). Nothing is fetched, nothing is kept but text.
"""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

LIMIT = 64 * 1024  # characters of HTML parsed, and of text returned

_DROPPED = (
    ("<!--", "-->"),
    ("<style", "</style"),
    ("<script", "</script"),
    ("<head", "</head"),
    ("<svg", "</svg"),
)
_BLOCK = re.compile(
    r"<(?=/?(?:br|div|tr|li|dt|dd|hr|section|article|header|footer|center|form|pre)[\s/>])", re.IGNORECASE
)
_PARAGRAPH = re.compile(r"<(?=/?(?:p|h[1-6]|ul|ol|table|blockquote)[\s/>])", re.IGNORECASE)
_CELL = re.compile(r"<(?=/?t[dh][\s/>])", re.IGNORECASE)
_LINE, _GAP = "\n", "\x0c"  # a line's end and a paragraph's end; white space, so that a table keeps them between rows
_UNSEEN = (
    "style, script, title, noscript, template, object, iframe, select, textarea, [hidden], "
    "[style*='display:none' i], [style*='display: none' i], [style*='visibility:hidden' i], "
    "[style*='visibility: hidden' i], [style*='mso-hide:all' i], [style*='mso-hide: all' i]"
)


def to_text(html: str) -> str:
    """The visible text of `html`, blocks on lines of their own; quoted history marked with '> '."""
    flat = " ".join(_cut_unseen(html)[:LIMIT].split())
    broken = _PARAGRAPH.sub(_GAP + "<", _BLOCK.sub(_LINE + "<", _CELL.sub(" <", flat)))
    tree = LexborHTMLParser(broken)
    if tree.body is None:
        return ""
    for node in tree.css(_UNSEEN):
        node.decompose()
    quotes = [node for node in tree.css("blockquote") if not _inside_quote(node)]
    for node in quotes[:50]:
        quoted = _tidy(node.text(separator=""))
        node.replace_with(_GAP + _LINE.join(f"> {line}" for line in quoted.split("\n")) + _GAP)
    return _tidy(tree.body.text(separator=""))[:LIMIT]


def _tidy(text: str) -> str:
    """Marks to line ends, runs of spaces to one, no invisible joiners."""
    text = text.replace("\u200c", "").replace("\u00ad", "")
    paragraphs = (
        "\n".join(line for line in (" ".join(line.split()) for line in paragraph.split(_LINE)) if line)
        for paragraph in text.split(_GAP)
    )
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


def _inside_quote(node: LexborNode) -> bool:
    """True when a blockquote lies within another, looking at most twenty levels up."""
    parent = node.parent
    for _ in range(20):
        if parent is None:
            return False
        if parent.tag == "blockquote":
            return True
        parent = parent.parent
    return True


def _cut_unseen(html: str) -> str:
    """Drop what no reader sees, by searches that only ever move forward."""
    for opening, closing in _DROPPED:
        lowered = html.lower()
        if opening not in lowered:
            continue
        if len(lowered) != len(html):  # a few letters change length in lower case: positions would not fit
            html = lowered
        kept: list[str] = []
        position = 0
        while (start := lowered.find(opening, position)) >= 0:
            if opening == "<head" and lowered.startswith("<header", start):
                kept.append(html[position : start + len("<header")])
                position = start + len("<header")
                continue
            end = lowered.find(closing, start)
            if end < 0:
                break
            kept.append(html[position:start])
            close = html.find(">", end)
            position = len(html) if close < 0 else close + 1
        kept.append(html[position:])
        html = "".join(kept)
    return html
