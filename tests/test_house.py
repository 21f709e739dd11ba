"""The house rules: who may import whom, what the core may not touch, what must be documented."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DAEMON = ROOT / "daemon" / "onward"
CLASSIFIERS = ROOT / "classifiers" / "onward_classifiers"

ENTRIES = {"cli", "cli_applications", "setting", "desk", "demo", "doctor", "rehearse", "screen", "__main__"}
SHELL = {"service", "pipeline", "outbox", "actions", "ledger", "config"}
MAY_IMPORT: dict[str, set[str]] = {
    "core": {"core"},
    "edges": {"core", "edges"},
    "config": {"core"},
    "pipeline": {"core", "edges"},
    "drafts": {"core", "edges"},
    "notices": {"core", "edges"},
    "ledger": {"core", "edges"},
    "outbox": {"core", "edges", "drafts", "notices"},
    "actions": {"core", "edges", "outbox"},
    "service": {"core", "edges", "config", "pipeline", "outbox", "actions"},
    "entry": {"core", "edges", "classifiers", *SHELL, *ENTRIES},
    "classifiers": {"core", "classifiers"},
}
EDGES_TO_EDGES = {  # an edge imports no edge, but for the row store on its connection and IDLE within IMAP
    ("store", "db"),
    ("imap", "idle"),
    ("imap", "folders"),
    ("maildir", "folders"),
}
NOT_IN_CORE = {"sqlite3", "socket", "random", "secrets", "logging", "os", "subprocess", "threading", "time", "pathlib"}


def modules() -> Iterator[tuple[str, str, ast.Module]]:
    """(room, module name, parsed source) of every module."""
    for path in sorted(DAEMON.rglob("*.py")):
        parts = path.relative_to(DAEMON).with_suffix("").parts
        room = parts[0] if parts[0] in ("core", "edges") else "entry" if parts[0] in ENTRIES else parts[0]
        yield room, ".".join(parts), ast.parse(path.read_text())
    for path in sorted(CLASSIFIERS.rglob("*.py")):
        yield "classifiers", path.stem, ast.parse(path.read_text())


def imported(tree: ast.Module) -> Iterator[str]:
    """Dotted names a module imports, wherever in the file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room_of(name: str) -> str | None:
    if name.startswith("onward_classifiers"):
        return "classifiers"
    if not name.startswith("onward."):
        return None
    first = name.split(".")[1]
    return first if first not in ENTRIES else "entry"


def test_every_import_follows_the_arrows_of_the_house() -> None:
    wrong = []
    for room, name, tree in modules():
        if room == "__init__":
            continue
        for target in imported(tree):
            there = room_of(target)
            if there is None or there in MAY_IMPORT[room] or (there == "entry" and room == "entry"):
                continue
            if target.startswith("onward.__"):
                continue
            wrong.append(f"{name} imports {target}")
    assert wrong == []


def test_edges_do_not_import_one_another() -> None:
    wrong = []
    for room, name, tree in modules():
        if room != "edges" or name == "edges.__init__":
            continue
        own = name.split(".")[1]
        for target in imported(tree):
            parts = target.split(".")
            if parts[:2] != ["onward", "edges"] or len(parts) < 3 or not (DAEMON / "edges" / f"{parts[2]}.py").exists():
                continue
            if parts[2] != own and (own, parts[2]) not in EDGES_TO_EDGES:
                wrong.append(f"{own} imports {parts[2]}")
    assert wrong == []


def test_the_core_has_no_clock_file_socket_database_or_chance() -> None:
    wrong = []
    for room, name, tree in modules():
        if room != "core":
            continue
        wrong += [f"{name} imports {target}" for target in imported(tree) if target.split(".")[0] in NOT_IN_CORE]
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                if called in ("open", "print", "input") or called.endswith((".now", ".today", ".utcnow")):
                    wrong.append(f"{name} calls {called}")
    assert wrong == []


def test_the_service_never_loads_scikit_learn() -> None:
    wrong = [
        f"{name} imports {target}"
        for _, name, tree in modules()
        if name not in ("train", "evaluate", "ablate", "learn", "fit")
        for target in imported(tree)
        if target.split(".")[0] in ("sklearn", "numpy", "scipy")
    ]
    assert wrong == []


def test_nothing_uses_imapclients_own_idle_or_writes_through_a_connection_block() -> None:
    wrong = []
    for _, name, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr == "idle_check":
                wrong.append(f"{name}:{node.lineno} idle_check")
            if isinstance(node, ast.With) and any(
                isinstance(item.context_expr, ast.Attribute) and item.context_expr.attr in ("conn", "connection")
                for item in node.items
            ):
                wrong.append(f"{name}:{node.lineno} a connection used as a transaction")
    assert wrong == []


def test_every_module_says_what_it_knows() -> None:
    silent = [name for _, name, tree in modules() if not ast.get_docstring(tree)]
    assert silent == []


def test_there_is_no_unfinished_work() -> None:
    words = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for folder in (DAEMON, CLASSIFIERS, ROOT / "tests", ROOT / "templates", ROOT / "docs")
        for path in sorted(folder.rglob("*"))
        if path.suffix in (".py", ".txt", ".md", ".sql", ".toml") and path != Path(__file__)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if words.search(line)
    ]
    assert found == []


def test_no_path_of_a_developers_machine_is_named() -> None:
    own = re.compile(r"/(?:work|root)/(?:main|shared|\.pyenv|\.library)")
    found = [
        str(path.relative_to(ROOT))
        for folder in (DAEMON, CLASSIFIERS, ROOT / "tests", ROOT / "docs", ROOT / "systemd", ROOT / ".ci")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix not in (".pyc", ".json") and path != Path(__file__)
        if ".hypothesis" not in path.parts
        if own.search(path.read_text(errors="replace"))
    ]
    assert found == []


@pytest.mark.parametrize("name", ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "docs/operating.md"])
def test_every_command_that_a_document_names_exists(name: str) -> None:
    from onward.cli import main

    text = (ROOT / name).read_text()
    for words in re.findall(r"`onward ([a-z][a-z ]*)", text):
        command = main
        for word in words.split():
            commands = getattr(command, "commands", None)
            if commands is None:
                break
            assert word in commands, f"{name} names `onward {words}`"
            command = commands[word]
