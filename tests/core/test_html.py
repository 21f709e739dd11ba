"""What a reader sees of an HTML mail, in time that grows with its length and no faster."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onward.core.html import LIMIT, to_text

properties = settings(deadline=None, database=None, max_examples=150)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Dear Sam,</p><p>we regret.</p>", "Dear Sam,\n\nwe regret."),
        ("Dear Sam,<br>we regret.<br/>Mara", "Dear Sam,\nwe regret.\nMara"),
        ("<div>Dear Sam,</div><div>we regret.</div>", "Dear Sam,\nwe regret."),
        ("<table><tr><td>Dear Sam,</td></tr><tr><td>no.</td></tr></table>Mara", "Dear Sam,\nno.\n\nMara"),
        ("<table>\n<tr>\n<th>Role</th><td>Data Engineer</td>\n</tr>\n</table>", "Role Data Engineer"),
        ("<table><tr><td><table><tr><td>in</td></tr></table></td></tr><tr><td>out</td></tr></table>", "in\n\nout"),
        ("<ul><li>one<li>two</ul>", "one\ntwo"),
        ("<h1>No</h1>\n\n   sorry", "No\n\nsorry"),
        ("we <b>do</b> <i>n</i>ot\nmove\t forward", "we do not move forward"),
        ("un<wbr>for&shy;tun\u200cate", "unfortunate"),
        ("caf&eacute; &amp; bar &lt;b&gt; &#8364;&nbsp;5", "café & bar <b> € 5"),
        ("5 < 7 and 9 > 3", "5 < 7 and 9 > 3"),
        ("<P>LOUD</P><BR>text", "LOUD\n\ntext"),
        ("no tags at all", "no tags at all"),
        ("", ""),
        ("<html></html>", ""),
        ("<p>left open <b>and <i>wrong</b> order</i>", "left open and wrong order"),
    ],
)
def test_a_mail_reads_as_a_reader_sees_it(html: str, text: str) -> None:
    assert to_text(html) == text


@pytest.mark.parametrize(
    "hidden",
    [
        "<div style='display:none'>{}</div>",
        '<span style="font-size:1px; DISPLAY: NONE !important; max-height:0">{}</span>',
        "<table><tr><td style='visibility:hidden'>{}</td></tr></table>",
        "<p style='mso-hide:all'>{}</p>",
        "<div hidden>{}</div>",
        "<!-- {} -->",
        "<!--[if mso]><p>{}</p><![endif]-->",
        "<style>.a:after {{ content: '{}' }}</style>",
        "<script>document.write('{}')</script>",
        "<head><title>{}</title></head>",
        "<svg><text>{}</text></svg>",
        "<noscript>{}</noscript>",
        "<template>{}</template>",
        "<textarea>{}</textarea>",
        "<select><option>{}</option></select>",
        "<iframe>{}</iframe>",
        "<STYLE>{}</StYlE >",
    ],
)
def test_what_no_reader_sees_is_left_out(hidden: str) -> None:
    preheader = hidden.format("Great news, you are hired")
    assert to_text(f"<body>{preheader}<p>We regret to inform you.</p></body>") == "We regret to inform you."


def test_a_header_is_no_head() -> None:
    page = "<head><title>x</title></head><header>Harbour Optics</header><p>We regret.</p>"
    assert to_text(page) == "Harbour Optics\n\nWe regret."


def test_a_style_that_never_ends_costs_only_what_it_hides() -> None:
    assert to_text("<p>We regret.</p><style>p {") == "We regret."
    assert to_text("<p>We regret.</p><!-- left open") == "We regret."


def test_letters_that_grow_in_lower_case_do_not_shift_what_is_cut() -> None:
    assert to_text("İİİİ<style>İ</style><p>we regret</p><!-- İ -->end").endswith("we regret\n\nend")


def test_quoted_history_is_marked_line_by_line() -> None:
    html = "<p>No.</p><blockquote type=cite><p>Dear Mara,</p>I apply.<br>Sam</blockquote><p>Mara</p>"
    assert to_text(html) == "No.\n\n> Dear Mara,\n>\n> I apply.\n> Sam\n\nMara"


def test_history_within_history_is_marked_once() -> None:
    html = "No.<blockquote>one<blockquote>two</blockquote>three</blockquote>"
    assert all(line.startswith(">") for line in to_text(html).split("\n")[2:])
    assert "> two" in to_text(html)


@pytest.mark.parametrize(
    "piece",
    [
        *(" ", "\t", "\n", "&nbsp;", "&", "&#", "<", ">", "</", "<!", "<!--", "-->", "<style", "<style>", "</style>"),
        *("<head", "<header", "<svg>", "<script", "<blockquote>", "</blockquote>", "<blockquote></blockquote>"),
        *("<div>", "</div>", "<p>", "<br>", "<table>", "<table><tr><td>", "<b>", "<a href=x>", "<li>", "<select>"),
        *("<textarea>", "<template>", "<div hidden>", "<p style='display:none'>", "İ", "\x0c", "\x1f", "\u00ad", '"'),
        *("<a b='", "<x y", "<![CDATA[", "<?", "<frameset>", "<plaintext>", "<font>", "<math><mi>", "<option>"),
    ],
)
def test_time_grows_with_length_only(piece: str) -> None:
    once = piece * (LIMIT // len(piece))
    spent = {}
    for size in (1, 30):  # 64 KB, and what a mail of 2 MB may hold
        began = time.process_time()
        text = to_text(once * size + "<p>We regret.</p>")
        spent[size] = time.process_time() - began
        assert len(text) <= LIMIT
    assert spent[1] < 0.6
    assert spent[30] < 0.6 + 1.0


@properties
@given(st.text(max_size=400))
def test_any_text_at_all_becomes_text(html: str) -> None:
    text = to_text(html)
    assert text == text.strip()
    assert "\x0c" not in text
    assert "\n\n\n" not in text


TAGS = ("<p>", "</p>", "<div>", "</div>", "<ul>", "<li>", "</ul>", "<b>", "</b>", "<br>", "<td>", "<h1>", "</h1>")


@properties
@given(st.lists(st.sampled_from((*TAGS, "one ", "two ", "three\n")), max_size=40))
def test_no_word_is_lost_or_moved_whatever_the_tags(pieces: list[str]) -> None:
    words = [piece.strip() for piece in pieces if piece not in TAGS]
    assert to_text("".join(pieces)).split() == words


@properties
@given(st.lists(st.lists(st.sampled_from(["one", "two", "three"]), min_size=1, max_size=3), min_size=1, max_size=6))
def test_rows_of_a_table_are_lines_and_cells_are_words(rows: list[list[str]]) -> None:
    table = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    assert to_text(f"<table>{table}</table>").split("\n") == [" ".join(row) for row in rows]


@properties
@given(st.lists(st.sampled_from(["one", "two", "three", "&amp;", "5 < 7"]), min_size=1, max_size=20))
def test_words_in_paragraphs_come_out_in_order(words: list[str]) -> None:
    text = to_text("".join(f"<p>{word}</p>" for word in words))
    assert text.split("\n\n") == [word.replace("&amp;", "&") for word in words]
