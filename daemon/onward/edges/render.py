"""Words from templates: Jinja2 in its sandbox, undefined names an error, mail text only ever data.

A template of the person's own, in the `templates` folder beside the configuration, comes before ours of the
same name.

So that no two letters read alike, a template may hold several ways to say one thing:

    {% choose %}
    Thank you for letting me know.
    {% or %}
    Thank you for your message.
    {% endchoose %}

Which one stands in a letter follows from its fact `variant`, "SEED:COUNT": letters of one seed (one company) with the
next count take the next way in each place.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from zlib import crc32

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from onward.core.model import LANGUAGES, ConfigError, LetterKind

LETTER_CAP = 20_000  # characters; a letter longer than this is a mistake in a template


def shipped_templates() -> Path:
    """Our own templates: inside the package when installed from a wheel, beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "templates"
    return inside if inside.is_dir() else package.parent.parent / "templates"


class Choose(Extension):
    """`{% choose %} … {% or %} … {% endchoose %}`: one of several texts, without the white space around it."""

    tags = {"choose"}  # noqa: RUF012 - Jinja2's own interface

    def parse(self, parser: Parser) -> nodes.Node:
        """A chain of conditions, one for each way."""
        line = next(parser.stream).lineno
        ways: list[list[nodes.Node]] = []
        while True:
            ways.append(parser.parse_statements(("name:or", "name:endchoose"), drop_needle=False))
            if next(parser.stream).value == "endchoose":
                break
        chosen: list[nodes.Node] = []
        for number in range(len(ways) - 1, -1, -1):
            told = self.call_method(
                "_chosen", [nodes.Name("variant", "load"), nodes.Const(line), nodes.Const(len(ways))]
            )
            test = nodes.Compare(told, [nodes.Operand("eq", nodes.Const(number))])
            text = nodes.CallBlock(self.call_method("_trimmed"), [], [], ways[number]).set_lineno(line)
            chosen = [nodes.If(test, [text], [], chosen).set_lineno(line)]
        return chosen[0]

    def _chosen(self, variant: object, line: int, ways: int) -> int:
        """Which way stands at this line: another one for each seed, the next one with each count."""
        seed, _, count = str(variant).partition(":")
        return (crc32(f"{seed} {line}".encode()) + int(count or 0)) % ways

    def _trimmed(self, caller: Callable[[], str]) -> str:
        return caller().strip() + "\n"


def _line_of(error: BaseException, name: str) -> int | None:
    """The line of a template in which it failed: Jinja2 gives its frames the template's file and lines."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename.endswith(name)]
    return lines[-1] if lines else None


ALL_FACTS: dict[str, object] = {  # every fact there is, for trying a template
    "contact": "Ann",
    "company": "Acme",
    "role": "Engineer",
    "name": "Sam Doe",
    "stage": "interview",
    "other_role": "Analyst",
    "topic": "",
    "offered": "",
    "formal": "yes",
    "brief": "",
    "variant": "acme:0",
    "weeks": "2",
    "months": "6",
    "when": "tomorrow, 17:30–18:30",
    "reason": "",
    "draft": 1,
    "session": 1,
    "late": False,
    "recipient": "Ann",
    "confirm": False,
    "what": "a line",
}
REMINDERS = ("booked", "day", "soon", "after", "letter")
TEMPLATES = (
    *(f"letters/{language}/{kind}.txt" for language in LANGUAGES for kind in LetterKind),
    *(f"reminders/{kind}.txt" for kind in REMINDERS),
)


def find_mistakes(renderer: Renderer) -> list[str]:
    """What is wrong with which template, each filled once with all facts known and once with few, in every variant."""
    few = {"contact": "", "company": "", "role": "", "draft": "", "late": True, "formal": "", "other_role": ""}
    found = []
    for name in TEMPLATES:
        try:
            for count in range(VARIANTS):
                renderer.fill(name, {**ALL_FACTS, "variant": f"acme:{count}"})
                renderer.fill(name, {**ALL_FACTS, **few, "variant": f"acme:{count}"})
        except ConfigError as error:
            found.append(str(error))
    return found


VARIANTS = 8  # more than any template has ways to say one thing


class Renderer:
    """Fills templates by name. Safe to share between threads."""

    def __init__(self, own: Path | None = None) -> None:
        folders = [folder for folder in (own, shipped_templates()) if folder is not None]
        self._environment = ImmutableSandboxedEnvironment(
            loader=jinja2.FileSystemLoader([str(folder) for folder in folders]),
            undefined=jinja2.StrictUndefined,
            autoescape=False,  # the words go into plain text mail, never into a page
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=[Choose],
        )

    def fill(self, name: str, facts: Mapping[str, object]) -> str:
        """The template's words with these facts. Raises ConfigError with the template's name and line."""
        try:
            text = self._environment.get_template(name).render(facts)
        except jinja2.TemplateNotFound:
            raise ConfigError(f"the template {name} is missing") from None
        except jinja2.TemplateSyntaxError as error:
            raise ConfigError(f"the template {error.filename or name}, line {error.lineno}: {error.message}") from None
        except (jinja2.TemplateError, TypeError, ValueError, OverflowError, MemoryError) as error:
            line = _line_of(error, name)
            raise ConfigError(f"the template {name}{f', line {line}' if line else ''}: {error}") from None
        if len(text) > LETTER_CAP:
            raise ConfigError(
                f"the template {name} wrote {len(text):,} characters; a letter has at most {LETTER_CAP:,}"
            )
        return text.strip() + "\n"
