"""Every letter in every language, in forty situations, as it was read through: tests/letters/XX.txt.

After a template was changed on purpose, write them anew and read them: python -m pytest THIS_FILE --write-letters
"""

from __future__ import annotations

from itertools import cycle, islice
from pathlib import Path

import pytest

from onward.core.model import LANGUAGES, LetterKind, Stage
from onward.edges.render import Renderer, shipped_templates
from wording import complaints

READ = Path(__file__).resolve().parent.parent / "letters"
SITUATIONS = 40  # of each letter

CONTACTS = ("Anna Keller", "", "Joaquim Sousa")
COMPANIES = ("Nordlicht", "", "Moreau & Fils")
ROLES = ("Data Engineer", "", "Support Engineer")
STAGES = (Stage.INTERVIEW, Stage.SCREEN, Stage.FINAL, Stage.APPLIED)
YES_OR_NO = ("", "yes")


def situations(language: str) -> list[dict[str, object]]:
    """Facts of forty letters: every value of each fact beside every value of most others."""
    made: list[dict[str, object]] = []
    for number in range(SITUATIONS):
        formal = language not in ("en", "sv") and number % 2 == 0
        contact = CONTACTS[number % 3]
        made.append(
            {
                "contact": contact if formal else contact.split(" ")[0],
                "company": COMPANIES[number // 2 % 3],
                "role": ROLES[number // 3 % 3],
                "other_role": ROLES[number // 5 % 3],
                "name": "Sam Doe",
                "stage": STAGES[number % 4],
                "topic": "technical" if number % 5 == 0 and STAGES[number % 4] is not Stage.APPLIED else "",
                "offered": YES_OR_NO[number // 7 % 2],
                "formal": YES_OR_NO[formal],
                "variant": f"{number}:{number % 6}",
                "weeks": 2 + number % 6,
                "months": 2 + number % 9,
            }
        )
    return made


def kinds(language: str) -> list[str]:
    return sorted(path.stem for path in (shipped_templates() / "letters" / language).glob("*.txt"))


def rendered(language: str) -> str:
    renderer = Renderer()
    pages = []
    for kind in kinds(language):
        for number, facts in enumerate(situations(language), 1):
            known = ", ".join(f"{name} {value}" for name, value in facts.items() if value and name != "name")
            pages.append(f"===== {kind} {number}: {known}\n\n{renderer.fill(f'letters/{language}/{kind}.txt', facts)}")
    return "\n".join(pages)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_letters_read_as_they_were_read_through(language: str, request: pytest.FixtureRequest) -> None:
    path, now = READ / f"{language}.txt", rendered(language)
    if request.config.getoption("--write-letters"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(now, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == now


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", LetterKind)
def test_no_letter_says_what_must_not_be_said(kind: LetterKind, language: str) -> None:
    renderer = Renderer()
    for facts in situations(language):
        for count in range(6):
            facts["variant"] = f"acme:{count}"
            words = renderer.fill(f"letters/{language}/{kind}.txt", facts)
            assert complaints(words, kind) == [], words


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_letter(language: str) -> None:
    assert kinds(language) == kinds("en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_six_letters_to_one_company_all_read_otherwise(language: str) -> None:
    renderer = Renderer()
    for kind in kinds(language):
        for facts in islice(cycle(situations(language)), 8):
            texts = {
                renderer.fill(f"letters/{language}/{kind}.txt", {**facts, "variant": f"acme:{n}"}) for n in range(6)
            }
            paragraphs = [text.split("\n\n")[1] for text in texts]
            assert len(texts) == 6
            assert len(set(paragraphs)) == 6, "an opening came twice"
