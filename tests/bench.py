"""Measure what the README promises; `make bench` runs all of it and prints one JSON object a line.

    python tests/bench.py first-run | maildir | idle | latency | classifier | mutants | all

The first four run `onward run` as a person does, in a process of its own, against a real Dovecot on loopback; the last
two measure the classifier on one core.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "daemon"), str(ROOT / "classifiers")]

from flows.home import OWN, account_on, rejection  # noqa: E402
from flows.test_hostile import mutate, originals  # noqa: E402
from onward.core import mail  # noqa: E402
from onward.core.model import Label, Message, RawMail, Unreadable  # noqa: E402
from onward.edges.store import Store  # noqa: E402
from onward_classifiers import labelled  # noqa: E402
from onward_classifiers.score import WEIGHTS, Classifier  # noqa: E402
from servers.dovecot import Dovecot  # noqa: E402


def ordinary() -> list[str]:
    """What people wrote each other about other things than jobs: texts no training has seen, sentence by sentence."""
    texts = [
        one.message.text
        for one in labelled.read(labelled.shipped())
        if one.held_out and one.label is Label.OTHER and not one.neighbour and one.language == "en"
    ]
    lines = [" ".join(line.split()) for text in texts for line in re.split(r"(?<=[.!?])\s|\n\n", text)]
    return [line for line in lines if 20 < len(line) < 200]


def big_mail(number: int, at: datetime, chance: random.Random, lines: list[str]) -> bytes:
    """An ordinary mail of about 29 KB: a newsletter, an HTML-only notice, or a note with an attachment."""
    begin = chance.randrange(len(lines))
    sentences = [lines[(begin + place) % len(lines)] for place in range(60)]
    written = EmailMessage()
    written["From"] = f"Post {number % 40} <news{number % 40}@list{number % 40}.example>"
    written["To"] = OWN
    written["Subject"] = chance.choice(lines)[:60]
    written["Date"] = format_datetime(at)
    written["Message-ID"] = f"<bench-{number}@list.example>"
    for hop in range(4):
        written["Received"] = (
            f"from relay{hop}.example by mx.example with ESMTPS id {number:08x}; {format_datetime(at)}"
        )
    written["DKIM-Signature"] = "v=1; a=rsa-sha256; d=list.example; b=" + b64encode(chance.randbytes(192)).decode()
    kind = number % 4
    page = "".join(
        f'<tr><td style="padding:8px;font-family:Arial;color:#333333"><p>{line}</p></td></tr>' for line in sentences
    )
    html = f"<html><head><style>td{{color:#111}}</style></head><body><table>{page}</table></body></html>"
    if kind == 0:
        written.set_content(html + "<!-- " + "x" * 18_600 + " -->", subtype="html")
    elif kind == 1:
        written.set_content("\n".join(sentences))
        written.add_attachment(chance.randbytes(17_500), maintype="application", subtype="pdf", filename="note.pdf")
    else:
        written.set_content("\n".join(sentences))
        written.add_alternative(html + "<!-- " + "x" * 14_300 + " -->", subtype="html")
    return written.as_bytes()


def months(count: int) -> Iterator[tuple[bytes, datetime]]:
    """`count` mails of the last 170 days, oldest first; every hundredth is a no, long answered by time."""
    chance = random.Random(20)
    begin = datetime.now(UTC) - timedelta(days=170)
    lines = ordinary()
    for number in range(count):
        at = begin + timedelta(days=160) * number / count
        yield (rejection(number, at) if number % 100 == 0 else big_mail(number, at, chance, lines)), at


class Running:
    """`onward run` in a process of its own, on a configuration written for it."""

    def __init__(self, folder: Path, account: dict[str, object]) -> None:
        self.home = folder / "home"
        config = folder / "config.toml"
        lines = "\n".join(f"{key} = {json.dumps(value)}" for key, value in account.items())
        config.write_text(
            f'name = "Sam Doe"\ntimezone = "Europe/Berlin"\ndrafts_per_day = 1000\n'
            f"[reminders]\ndesktop = false\n[[account]]\n{lines}\n"
        )
        environment = {
            **os.environ,
            "PYTHONPATH": f"{ROOT / 'daemon'}:{ROOT / 'classifiers'}",
            "ONWARD_TEST_PASSWORD": "secret",
            "ONWARD_HOME": str(self.home),
        }
        self.began = time.monotonic()
        self.peak = 0.0  # MB, the highest seen, looked at ten times a second
        self.log = (folder / "log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "onward", "--config", str(config), "run"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
        )

    def memory(self) -> float:
        """Memory held now, in MB: the process and the one that reads for it, shared pages counted once."""
        held = 0
        for pid in [str(self.process.pid), *_descendants(self.process.pid)]:
            with contextlib.suppress(OSError):
                rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
                held += int(rollup.partition("Pss:")[2].split()[0])
        return held / 1024

    def processor(self) -> float:
        """Seconds of processor time used so far, all threads together."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def ask(self, sql: str) -> int:
        """One number from the database; -1 while there is none."""
        path = self.home / "onward.db"
        if not path.exists():
            return -1
        try:
            store = Store(path)
        except Exception:  # the schema is being written
            return -1
        try:
            return int(store.rows(sql)[0]["n"])
        except Exception:  # … or is locked by it
            return -1
        finally:
            store.close()

    def until(self, sql: str, wanted: int, seconds: float) -> float:
        """Seconds since the start until the database says `wanted`."""
        while time.monotonic() - self.began < seconds:
            if self.process.poll() is not None:
                raise RuntimeError(f"onward run ended with status {self.process.returncode}")
            self.peak = max(self.peak, self.memory())
            if self.ask(sql) >= wanted:
                return time.monotonic() - self.began
            time.sleep(0.1)
        raise TimeoutError(f"{sql} did not reach {wanted} in {seconds} s, it is {self.ask(sql)}")

    def stop(self, how: int = signal.SIGTERM) -> None:
        """End the process and wait for it."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        self.process.wait(20)
        self.log.close()


HANDLED = "SELECT COUNT(*) AS n FROM message WHERE state = 'handled'"
LOOKED = "SELECT COUNT(*) AS n FROM cursor WHERE first_done = 1"


def first_run(count: int) -> dict[str, object]:
    """A first look over `count` mails; interrupted by SIGKILL a third of the way and resumed."""
    with tempfile.TemporaryDirectory() as folder, Dovecot() as dovecot:
        dovecot.fill("INBOX", months(count))
        whole = Running(Path(folder) / _made(folder, "whole"), account_on(dovecot.imap_port, "alice"))
        try:
            seconds = whole.until(HANDLED, count, 300)
            peak = whole.peak
        finally:
            whole.stop()
        first = Running(Path(folder) / _made(folder, "cut"), account_on(dovecot.imap_port, "alice"))
        try:
            first.until(HANDLED, count // 3, 300)
        finally:
            first.stop(signal.SIGKILL)
        before = first.ask(HANDLED)
        second = Running(Path(folder) / "cut", account_on(dovecot.imap_port, "alice"))
        try:
            rest = second.until(HANDLED, count, 300)
        finally:
            second.stop()
        return {
            "what": f"first run over {count} mails on Dovecot",
            "seconds": round(seconds, 1),
            "peak_mb": round(peak, 1),
            "killed_at": before,
            "resumed_seconds": round(rest, 1),
            "messages": second.ask("SELECT COUNT(*) AS n FROM message"),
            "drafts": second.ask("SELECT COUNT(*) AS n FROM draft"),
        }


def maildir(count: int) -> dict[str, object]:
    """The same from a Maildir."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "mail"
        for name in ("cur", "new", "tmp", ".Drafts/cur", ".Drafts/new", ".Drafts/tmp"):
            (root / name).mkdir(parents=True)
        for number, (raw, at) in enumerate(months(count)):
            file = root / "cur" / f"{int(at.timestamp())}.M{number}.bench:2,S"
            file.write_bytes(raw)
            os.utime(file, (at.timestamp(), at.timestamp()))
        account: dict[str, object] = {"name": "local", "kind": "maildir", "address": OWN, "path": str(root)}
        running = Running(Path(folder) / _made(folder, "run"), account)
        try:
            seconds = running.until(HANDLED, count, 300)
            peak = running.peak
        finally:
            running.stop()
    what = f"first run over {count} mails in a Maildir"
    return {"what": what, "seconds": round(seconds, 1), "peak_mb": round(peak, 1)}


def idle(seconds: float = 60.0) -> dict[str, object]:
    """Start to first finished look, warm; memory and processor time while nothing happens."""
    with tempfile.TemporaryDirectory() as folder, Dovecot() as dovecot:
        dovecot.fill("INBOX", months(200))
        account = account_on(dovecot.imap_port, "alice")
        place = Path(folder) / _made(folder, "run")
        warm = Running(place, account)
        warm.until(LOOKED, 1, 60)
        warm.until(HANDLED, 200, 60)
        warm.stop()
        starts = []
        for _ in range(7):
            began = datetime.now(UTC)
            running = Running(place, account)
            looked = f"SELECT COUNT(*) AS n FROM health WHERE name = 'watch main' AND at > '{_text(began)}'"
            while running.ask(looked) < 1:
                time.sleep(0.005)
            store = Store(running.home / "onward.db")
            ended = store.health()["watch main"][1]
            store.close()
            starts.append((ended - began).total_seconds())
            if len(starts) < 7:
                running.stop()
        time.sleep(5)
        used = running.processor()
        time.sleep(seconds)
        used = running.processor() - used
        memory = running.memory()
        running.stop()
    return {
        "what": "idle",
        "start_to_first_look_seconds": round(statistics.median(starts), 3),
        "memory_mb": round(memory, 1),
        "processor_percent": round(100 * used / seconds, 3),
    }


def latency(count: int = 20) -> dict[str, object]:
    """From the server's own push, seen by a second idling client, to the draft standing in Drafts."""
    with tempfile.TemporaryDirectory() as folder, Dovecot() as dovecot:
        running = Running(Path(folder) / _made(folder, "run"), account_on(dovecot.imap_port, "alice"))
        gaps: list[float] = []
        whole: list[float] = []
        try:
            running.until(LOOKED, 1, 60)
            watcher, drafts = dovecot.client(), dovecot.client()
            watcher.select_folder("INBOX", readonly=True)
            for number in range(count):
                time.sleep(0.3)
                watcher.idle()
                delivered = dovecot.deliver(rejection(10_000 + number, datetime.now(UTC)))
                while not watcher.idle_check(timeout=5):
                    pass
                pushed = time.monotonic()
                watcher.idle_done()
                while int(drafts.folder_status("Drafts", ["MESSAGES"])[b"MESSAGES"]) <= number:
                    if time.monotonic() - pushed > 20:
                        raise TimeoutError(f"no draft for rejection {number}")
                    time.sleep(0.005)
                gaps.append(time.monotonic() - pushed)
                whole.append(time.monotonic() - delivered)
        finally:
            running.stop()
        booked = running.ask("SELECT COUNT(*) AS n FROM reflection")
    return {
        "what": f"push to draft, {count} rejections",
        "median_seconds": round(statistics.median(gaps), 3),
        "worst_seconds": round(max(gaps), 3),
        "delivery_to_draft_median_seconds": round(statistics.median(whole), 3),
        "sessions": booked,
    }


def judged_mail() -> tuple[list[Message], list[bytes]]:
    """The mails the classifier is judged on: as the daemon has them, and as bytes."""
    messages = [one.message for one in labelled.read(sorted((ROOT / "tests" / "mail").glob("*.jsonl")))]
    raw = []
    for message in messages:
        written = EmailMessage()
        written["From"], written["To"], written["Subject"] = str(message.sender), OWN, " ".join(message.subject.split())
        written["Message-ID"] = message.message_id
        written.set_content(message.text)
        raw.append(written.as_bytes())
    return messages, raw


def loaded() -> dict[str, float]:
    """What loading the weights costs, in a process of its own, the best of three."""
    program = (
        "import time; from onward_classifiers.score import Classifier;"
        "size = lambda: 4 * int(open('/proc/self/statm').read().split()[1]);"
        "before = size(); start = time.perf_counter(); Classifier.load();"
        "print(time.perf_counter() - start, size() - before)"
    )
    paths = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path[:3])}
    runs = [
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=paths).stdout
        for _ in range(3)
    ]
    best = min((float(run.split()[0]), float(run.split()[1])) for run in runs)
    return {"load_ms": round(best[0] * 1e3, 1), "load_mb": round(best[1] / 1024, 1)}


def classifier_speed() -> dict[str, object]:
    """Mails a second on one core: from text, from raw bytes, and what loading costs."""
    messages, raw = judged_mail()
    reader = Classifier.load()
    now = datetime.now(UTC)

    def from_text() -> None:
        for message in messages:
            reader.predict(message)

    def label_only() -> None:
        for message in messages:
            reader.look(message)

    def from_bytes() -> None:
        for number, each in enumerate(raw):
            reader.predict(mail.read(RawMail("INBOX", 1, number, now, each), "main", now))

    def rate(work: Callable[[], None]) -> int:
        seconds = []
        for _ in range(4):
            start = time.process_time()
            work()
            seconds.append(time.process_time() - start)
        return round(len(messages) / min(seconds))

    return {
        "what": f"reading {len(messages)} mails on one core",
        "label_a_second": rate(label_only),
        "label_and_names_a_second": rate(from_text),
        "from_raw_bytes_a_second": rate(from_bytes),
        "weights_mb": round(WEIGHTS.stat().st_size / 1e6, 2),
        **loaded(),
    }


def mutants(count: int) -> dict[str, object]:
    """Mails with their structure broken, read and labelled: how long the slowest take, and what escapes."""
    chance = random.Random(20261122)
    reader, sources, now = Classifier.load(), originals(), datetime.now(UTC)
    spent, unreadable, escaped = [], 0, 0
    for number in range(count):
        raw = mutate(chance.choice(sources), chance)
        start = time.process_time()
        try:
            reader.predict(mail.read(RawMail("INBOX", 1, number, now, raw), "main", now))
        except Unreadable:
            unreadable += 1
        except Exception:  # whatever it is, it must not happen: counted
            escaped += 1
        spent.append(time.process_time() - start)
    spent.sort()
    return {
        "what": f"{count} mutants read and labelled",
        "escaped": escaped,
        "set_aside": unreadable,
        "p99_ms": round(spent[int(count * 0.99)] * 1e3, 2),
        "worst_ms": round(spent[-1] * 1e3, 1),
    }


def _descendants(pid: int) -> list[str]:
    """Child processes of all threads, and theirs."""
    found: list[str] = []
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in file.read_text().split():
                found += [child, *_descendants(int(child))]
    return found


def _made(folder: str, name: str) -> str:
    (Path(folder) / name).mkdir()
    return name


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")


def main() -> int:
    """Run what was asked for and print a JSON object for each."""
    benches: dict[str, Callable[[], dict[str, object]]] = {
        "first-run": lambda: first_run(20_000),
        "maildir": lambda: maildir(5_000),
        "idle": idle,
        "latency": latency,
        "classifier": classifier_speed,
        "mutants": lambda: mutants(100_000),
    }
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("which", nargs="?", default="all", choices=[*benches, "all"])
    which = parser.parse_args().which
    needs_server = which not in ("classifier", "mutants")
    if needs_server and shutil.which("dovecot") is None and not Path("/usr/sbin/dovecot").exists():
        print("Dovecot is needed: sudo apt-get install dovecot-imapd dovecot-lmtpd", file=sys.stderr)
        return 2
    for name, bench in benches.items():
        if which in (name, "all"):
            print(json.dumps(bench()), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
