"""When two names are the same, or one a part of the other: for fitting and for measuring, never at run time."""

from __future__ import annotations

import re

from onward_classifiers.naming import patterns


def same_company(one: str, other: str) -> bool:
    """Whether two names are of one employer: without legal form, article and white space."""
    return bare_company(one) == bare_company(other)


def bare_company(name: str) -> str:
    """The letters of an employer's name, without legal form and article."""
    name = plain(_LEGAL_FORM.sub("", name).replace("&", " and "))
    return _ARTICLE.sub("", name).replace(" ", "")


def same_role(one: str, other: str) -> bool:
    """Whether two titles are of one job: with or without what stands in brackets."""
    return not {bare_role(one), bare_role(_NOTE.sub("", one))}.isdisjoint(
        (bare_role(other), bare_role(_NOTE.sub("", other)))
    )


def bare_role(role: str) -> str:
    """The words of a title, without '(m/w/d)'."""
    return plain(patterns.GENDER.sub(" ", role))


def same_words(one: str, other: str) -> bool:
    """Whether two passages are about the same: one holds the other, or they share most of their words."""
    first, second = set(plain(one).split()), set(plain(other).split())
    shared = len(first & second)
    return plain(one) in plain(other) or plain(other) in plain(one) or shared >= 0.5 * max(len(first), len(second))


def near(one: str, other: str) -> bool:
    """Whether one of two bare names is a part of the other."""
    return bool(one and other) and (one in other or other in one)


def plain(text: str) -> str:
    """The words of a text in small letters, one space apart."""
    return " ".join(re.findall(r"\w+", text.casefold()))


_LEGAL_FORM = re.compile(
    r",?\s(?:g?GmbH(?:\s&\sCo\.?\sKG)?|AG|SE|KG|OHG|mb[HB]|UG|e\.\s?V|eG|asbl|Inc|Ltd|Limited|LLC|LLP|PLC|plc|Corp|SARL"
    r"|S\.?A\.?\sde\sC\.?V|S\.?A\.?[CSU]|S\.?L\.?U|S\.?r\.?l|SRL|S\.?\s?L|S\.?\s?A|S\.?\s?p\.?\s?A|E\.?P\.?E|B\.?V|N\.?V|AB"
    r"|KB|A/S|Oy|ApS|AöR|Lda|Ltda)(?!\w)\.?"
)
_ARTICLE = re.compile(r"^(?:the|die|der|das|le|la|les|l|el|los|de|het|o|a|os|as|il|lo|i|gli) ")
_NOTE = re.compile(r"\s*\([^)]*\)")
