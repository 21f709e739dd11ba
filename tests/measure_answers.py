"""How well answers to letters are heard: `python tests/measure_answers.py [PATH.jsonl …]`.

Takes the answers of `tests/answers`, written by hand for judging by somebody who knew none of the examples, through the
same mail reader and classifier as the service, and compares the kind of each and the themes of its feedback with what
its writer noted. It prints counts, never a text; nothing is fitted to them.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter, defaultdict
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "daemon"), str(HERE.parent / "classifiers")]

from onward.core import mail  # noqa: E402
from onward.core.model import Feedback, Message, RawMail  # noqa: E402
from onward_classifiers import answers  # noqa: E402
from onward_classifiers.features import read  # noqa: E402

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
NAMES = {"out_of_office": "away"}
THEMES = {"motivation": "motivation_fit"}


def main() -> None:
    """Print what is heard rightly, by kind and by language."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="*", type=Path, default=[HERE / "answers" / "judged.jsonl"])
    counts: dict[str, Counter[bool]] = defaultdict(Counter)
    for path in parser.parse_args().paths:
        for line in path.read_text(encoding="utf-8").splitlines():
            answer = json.loads(line)
            if answer["feedback"] == "bounce":  # a bounce is known by its form, before its words are looked at
                continue
            kind = NAMES.get(answer["feedback"], answer["feedback"])
            heard = answers.hear(read(as_message(answer)))
            for what in ("kind", f"kind: {kind}", f"kind, in {answer['language']}"):
                counts[what][heard.kind.value == kind] += 1
            if kind == "given":
                counts["main theme"][bool(heard.themes) and heard.themes[0].value in themes(answer)] += 1
                counts["the sentence that holds it"][overlaps(heard, answer["words"])] += 1
    for what, count in sorted(counts.items()):
        print(f"{what:<28} {count[True]:>4} of {count.total():>4}  {count[True] / count.total():.3f}")


def themes(answer: dict[str, Any]) -> list[str]:
    """The themes a careful reader named."""
    return [THEMES.get(theme, theme) for theme in answer["themes"]]


def overlaps(heard: Feedback, words: str) -> bool:
    """Whether the sentence shown is, or is part of, the one its writer marked."""
    point, marked = (" ".join(text.split()) for text in (heard.point, words))
    return bool(point) and (point in marked or marked in point)


def as_message(answer: dict[str, Any]) -> Message:
    """An answer as it arrives."""
    written = EmailMessage(policy=SMTP)
    written["From"] = "Somebody <somebody@house.example>"
    written["To"] = "sam@example.org"
    written["Subject"] = answer["subject"]
    written["Message-ID"] = f"<{answer['id']}@house.example>"
    written["References"] = "<no@house.example> <letter@example.org>"
    if answer.get("auto_submitted"):
        written["Auto-Submitted"] = "auto-replied"
    written.set_content(answer["body"], cte="8bit")
    return mail.read(RawMail("INBOX", 1, 1, NOW, written.as_bytes()), "main", NOW)


if __name__ == "__main__":
    main()
