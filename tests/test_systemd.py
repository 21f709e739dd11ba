"""The shipped units are understood by systemd, say what the service relies on, and stay shut."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from onward.edges.secrets import FORMS

UNITS = Path(__file__).parent.parent / "systemd"
SYSTEM, USER = "onward.service", "onward-user.service"
WORST = {SYSTEM: 15, USER: 17}  # exposure times ten; 1.1 and 1.5 when written (systemd 252)

Settings = dict[str, list[str]]


def settings(name: str) -> dict[str, Settings]:
    """Section -> key -> values in order. configparser would keep only the last of a repeated key."""
    sections: dict[str, Settings] = {}
    section: Settings = {}
    for line in (UNITS / name).read_text().splitlines():
        if found := re.fullmatch(r"\[(\w+)\]", line):
            section = sections.setdefault(found[1], {})
        elif line and not line.startswith("#"):
            key, equals, value = line.partition("=")
            assert equals and key.isalnum(), line
            section.setdefault(key, []).append(value)
    return sections


def service(name: str) -> Settings:
    return settings(name)["Service"]


def analyze(*words: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Run systemd-analyze, which is absent on some machines but never in CI."""
    program = shutil.which("systemd-analyze")
    if program is None:
        missing = "systemd-analyze is missing: sudo apt-get install systemd"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(home), "LC_ALL": "C.UTF-8", "SYSTEMD_COLORS": "0"}
    command = [program, "--no-pager", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("name", [SYSTEM, USER])
def test_systemd_understands_every_line(name: str, tmp_path: Path) -> None:
    program = tmp_path / "onward"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    unit = tmp_path / "onward.service"
    text = (UNITS / name).read_text()
    unit.write_text(re.sub(r"(?m)^ExecStart=\S+", f"ExecStart={program}", text))
    manager = "--user" if name == USER else "--system"
    checked = analyze(manager, "--man=no", "verify", str(unit), home=tmp_path)
    # A key it does not know is only a warning to systemd, and a protection lost to us.
    ours = [line for line in checked.stderr.splitlines() if "onward" in line]
    assert (checked.returncode, ours) == (0, []), checked.stderr


@pytest.mark.parametrize("name", [SYSTEM, USER])
def test_the_exposure_stays_low(name: str, tmp_path: Path) -> None:
    words = ("security", "--offline=true", f"--threshold={WORST[name]}", str(UNITS / name))
    checked = analyze(*words, home=tmp_path)
    found = re.search(r"exposure level for \S+: ([\d.]+)", checked.stdout)
    assert found is not None, checked.stderr
    assert checked.returncode == 0, f"{name} is exposed at {found[1]}:\n{checked.stdout}"
    assert float(found[1]) * 10 <= WORST[name]


@pytest.mark.parametrize("name", [SYSTEM, USER])
def test_readiness_and_progress_are_told_by_the_program_itself(name: str) -> None:
    told = service(name)
    assert told["Type"] == ["notify"]
    assert told["NotifyAccess"] == ["main"]
    assert told["WatchdogSec"] == ["180"]
    assert "AF_UNIX" in told["RestrictAddressFamilies"][0].split()


@pytest.mark.parametrize("name", [SYSTEM, USER])
def test_a_failure_is_tried_again_for_ever_and_a_broken_configuration_is_not(name: str) -> None:
    told = service(name)
    assert told["Restart"] == ["on-failure"]
    assert told["RestartPreventExitStatus"] == ["2"]
    assert settings(name)["Unit"]["StartLimitIntervalSec"] == ["0"]


@pytest.mark.parametrize("name", [SYSTEM, USER])
def test_no_secret_and_no_core_dump_can_be_left_behind(name: str) -> None:
    told = service(name)
    assert told["LimitCORE"] == ["0"]
    assert told["UMask"] == ["0077"]
    environment = " ".join(told.get("Environment", []))
    assert not re.search(r"pass|secret|token", environment, re.IGNORECASE)


def test_both_units_are_shut_in_the_same_way() -> None:
    """What differs is where things are and who one is; a protection added to one belongs in the other."""
    places = {"User", "ExecStart", "Environment", "ProtectHome", "InaccessiblePaths", "ReadWritePaths"}
    places |= {f"{kind}Directory{mode}" for kind in ("State", "Cache", "Runtime") for mode in ("", "Mode")}
    system, user = (
        {key: value for key, value in service(name).items() if key not in places} for name in (SYSTEM, USER)
    )
    assert system == user


def test_the_users_unit_asks_for_the_namespace_old_systemd_needs() -> None:
    assert service(USER)["PrivateUsers"] == ["yes"]  # systemd#25233: else files are not protected, silently


def test_the_users_unit_starts_with_the_session_and_the_system_one_with_the_machine() -> None:
    assert settings(USER)["Install"]["WantedBy"] == ["default.target"]
    assert settings(SYSTEM)["Install"]["WantedBy"] == ["multi-user.target"]
    assert "User" not in service(USER)


def test_every_password_place_the_readme_names_is_one_the_program_knows() -> None:
    readme = (UNITS / "README.md").read_text()
    assert set(re.findall(r"password_[a-z]+", readme)) <= set(FORMS)
