"""How well a whole mailbox is followed: `python tests/measure_rehearsal.py [PATH.jsonl …] [--wrong WHAT]`.

Plays the mailboxes of `tests/mailboxes`, of people invented for it, through `onward rehearse` and compares what it did
with what their writers noted: which application each mail belongs to, how far it had come at the no, whether there is a
letter, which, and to whom, one session for each no, and the feedback that came back. It prints ids and counts, never a
text; the mailboxes are for judging, nothing is fitted to them.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, getaddresses
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "daemon")]

from onward.core.mail import nobody_reads  # noqa: E402

MAILBOXES = HERE / "mailboxes"
STAGES = {"applied": "application", "offer": "final"}  # as a rehearsed row names them, where the names differ
THEMES = {"motivation": "motivation_fit"}
INVITATION = re.compile(r"BEGIN:VCALENDAR.*?END:VCALENDAR\s*", re.DOTALL)
FOLLOWED = {"acknowledgement", "status_update", "interview", "assessment", "offer", "rejection", "withdrawal"}

Row = dict[str, Any]


def main(arguments: list[str] | None = None) -> None:
    """Play every mailbox; print a table, or the ids of what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="*", type=Path, default=[MAILBOXES / "leonie.jsonl", MAILBOXES / "tomas.jsonl"])
    parser.add_argument("--wrong", metavar="WHAT", help="list the ids of mails wrong in this respect")
    chosen = parser.parse_args(arguments)
    counts: dict[str, Counter[bool]] = defaultdict(Counter)
    for path in chosen.paths:
        truth = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        for what, id, right in judged(truth, played(truth)):
            counts[what][right] += 1
            if what == chosen.wrong and not right:
                print(id)
    for what, count in counts.items():
        print(f"{what:<28} {count[True]:>4} of {count.total():>4}  {count[True] / count.total():.3f}")


def played(truth: list[Row]) -> dict[str, Row]:
    """What `onward rehearse --json` says of each mail, by its id."""
    with tempfile.TemporaryDirectory() as folder:
        for number, line in enumerate(truth):
            (Path(folder) / f"{number:04}-{line['id']}.eml").write_bytes(as_mail(line))
        command = [sys.executable, "-m", "onward", "--config", f"{folder}/none.toml", "rehearse", folder, "--json"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return {Path(row["file"]).stem.partition("-")[2]: row for row in rows}


def as_mail(line: Row) -> bytes:
    """One line as the mail that arrived."""
    written = EmailMessage(policy=SMTP)
    for name, field in (("From", "from"), ("To", "to"), ("Cc", "cc"), ("Reply-To", "reply_to")):
        if line.get(field):
            written[name] = [
                Address(shown, addr_spec=address) for shown, address in getaddresses([line[field]]) if "@" in address
            ]
    written["Subject"] = line["subject"]
    written["Date"] = format_datetime(datetime.fromisoformat(line["at"]))
    written["Received"] = f"from mail.example by mx.example.org; {format_datetime(datetime.fromisoformat(line['at']))}"
    written["Message-ID"] = line["message_id"]
    if line.get("in_reply_to"):
        written["In-Reply-To"] = line["in_reply_to"]
    if line.get("references"):
        written["References"] = " ".join(line["references"])
    if line.get("auto_submitted"):
        written["Auto-Submitted"] = "auto-generated"
    if line.get("list_id"):
        written["List-Id"] = f"<{line['list_id'].strip('<>')}>"
    text = line.get("body") or line["html"]
    invitation = INVITATION.search(text)  # a line has no parts: an invitation stands in the text, and arrives as one
    written.set_content(
        INVITATION.sub("", text), subtype="plain" if line.get("body") else "html", charset="utf-8", cte="8bit"
    )
    if invitation is not None:
        written.add_alternative(invitation[0], subtype="calendar", params={"method": "REQUEST"})
    return written.as_bytes()


def judged(truth: list[Row], rows: dict[str, Row]) -> Iterator[tuple[str, str, bool]]:
    """(what, id of the mail, whether it is right), mail by mail."""
    homes = {line["id"]: rows[line["id"]]["application"] for line in truth if line["application"]}
    most_of = best_of((line["application"], homes[line["id"]]) for line in truth if line["id"] in homes)
    most_in = best_of((homes[line["id"]], line["application"]) for line in truth if line["id"] in homes)
    for line in truth:
        row = rows[line["id"]]
        yield "label", line["id"], row["label"] == line["label"]
        if line["application"] and line["label"] in FOLLOWED:
            home = homes[line["id"]]
            found = home is not None and most_of[line["application"]] == home and most_in[home] == line["application"]
            yield "application", line["id"], found
        if line["label"] == "rejection":
            yield from _no(line, row)
        elif line["label"] != "feedback_reply":
            yield "no letter where there is no no", line["id"], not row["draft"]
        if line.get("feedback"):
            told = (row["label"] == "feedback_reply") == (line["feedback"] in ("given", "refused", "vague", "reopens"))
            yield "feedback recognised", line["id"], told
        if line.get("themes"):
            themes = {THEMES.get(theme, theme) for theme in line["themes"]}
            yield "its main theme", line["id"], row["feedback_theme"] in themes


def _no(line: Row, row: Row) -> Iterator[tuple[str, str, bool]]:
    wanted = line["letter"] != "none"
    yield "no recognised", line["id"], row["label"] == "rejection"
    yield "stage at the no", line["id"], row["stage"] == STAGES.get(line["stage"], line["stage"])
    yield "letter or none", line["id"], row["draft"] == wanted
    if wanted:
        yield "recipient", line["id"], row["draft"] and (row["contact"] or "").lower() == line["recipient"].lower()
    if row["draft"]:
        yield "to nobody who reads nothing", line["id"], not nobody_reads(row["contact"])
    if "duplicate" not in line["why"].lower():
        yield "one session", line["id"], row["session"]


def best_of(pairs: Iterator[tuple[Any, Any]]) -> dict[Any, Any]:
    """For each first value the second it most often comes with; None counts for nothing."""
    counted: dict[Any, Counter[Any]] = defaultdict(Counter)
    for first, second in pairs:
        if first is not None and second is not None:
            counted[first][second] += 1
    return defaultdict(lambda: None, {first: seconds.most_common(1)[0][0] for first, seconds in counted.items()})


if __name__ == "__main__":
    main()
