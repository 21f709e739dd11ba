"""Words from templates: Jinja2 in its sandbox, undefined names an error, mail text only ever data.

A template of the person's own, in the `templates` folder beside the configuration, comes before ours of the
same name.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from onward.core.model import ConfigError

LETTER_CAP = 20_000  # characters; a letter longer than this is a mistake in a template


def shipped_templates() -> Path:
    """Our own templates: inside the package when installed from a wheel, beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "templates"
    return inside if inside.is_dir() else package.parent.parent / "templates"


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
        )

    def fill(self, name: str, facts: Mapping[str, object]) -> str:
        """The template's words with these facts. Raises ConfigError with the template's name and line."""
        try:
            text = self._environment.get_template(name).render(facts)
        except jinja2.TemplateNotFound:
            raise ConfigError(f"the template {name} is missing") from None
        except jinja2.TemplateSyntaxError as error:
            raise ConfigError(f"the template {error.filename or name}, line {error.lineno}: {error.message}") from None
        except jinja2.TemplateError as error:
            raise ConfigError(f"the template {name}: {error.message}") from None
        except (TypeError, ValueError, OverflowError, MemoryError) as error:
            raise ConfigError(f"the template {name}: {error}") from None
        if len(text) > LETTER_CAP:
            raise ConfigError(
                f"the template {name} wrote {len(text):,} characters; a letter has at most {LETTER_CAP:,}"
            )
        return text.strip() + "\n"
