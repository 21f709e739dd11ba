"""A wheel built from the tree works on its own, from another folder."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_the_wheel_carries_templates_weights_migrations_units_and_the_sample_mailbox(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for wanted in (
        "onward/templates/letters/en/thanks.txt",
        "onward/templates/reminders/booked.txt",
        "onward/edges/migrations/0001_first_flow.sql",
        "onward/demo/mailbox/index.toml",
        "onward/config.example.toml",
        "onward/systemd/onward.service",
        "onward_classifiers/weights/model.json",
    ):
        assert wanted in names
    assert not [name for name in names if name.split("/")[0] in ("daemon", "classifiers", "tests")]


def test_the_installed_wheel_plays_the_demo_from_another_folder(wheel: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "env")], check=True)
    python = tmp_path / "env" / "bin" / "python"
    where = subprocess.run(
        [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    zipfile.ZipFile(wheel).extractall(where)
    (Path(where) / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")  # but not what their .pth name
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": ""}
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    found = subprocess.run(
        [str(python), "-c", "import onward; print(onward.__file__)"],
        cwd=elsewhere,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert found.startswith(where)
    demo = subprocess.run(
        [str(python), "-m", "onward", "demo"],
        cwd=elsewhere,
        env=environment,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=90,
    )
    assert demo.returncode == 0, demo.stdout[-2000:] + demo.stderr[-2000:]
    assert "Drafts" in demo.stdout
