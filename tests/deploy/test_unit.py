"""The systemd unit starts what exists, ends it in order, and leaves it little room."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from bot.cli import USAGE
from bot.settings import read_environment
from tests.deploy.files import UNIT
from tests.project.checkout import ROOT

_EXPOSURE = re.compile(r"Overall exposure level for \S+: ([0-9.]+)")


def _values(name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", UNIT.read_text(encoding="utf8"), flags=re.MULTILINE)


def test_the_bot_ends_before_its_valkey_and_has_the_time_for_it() -> None:
    assert _values("KillMode") == ["mixed"]
    assert int(_values("TimeoutStopSec")[0]) >= 20
    assert _values("Restart") == ["always"]


def test_a_wrong_configuration_is_not_tried_again_and_again() -> None:
    assert _values("RestartPreventExitStatus") == [str(USAGE)]


def test_its_folders_are_those_it_names_to_the_bot() -> None:
    given = dict(value.split("=", 1) for value in _values("Environment"))
    environment = read_environment(given)
    assert environment.data_dir == Path("/var/lib") / _values("StateDirectory")[0]
    assert environment.config_path.parent == Path("/etc") / _values("ConfigurationDirectory")[0]


def test_it_reads_its_example_of_the_environment() -> None:
    example = (ROOT / "deploy" / "watchkeeper.env.example").read_text(encoding="utf8")
    names = set(re.findall(r"^([A-Z_]+)=", example, flags=re.MULTILINE))
    wanted = set(re.findall(r"\$\{([A-Z_]+)\}", (ROOT / "watchkeeper.example.yaml").read_text(encoding="utf8")))
    assert {"SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "WQM_AM_TOKEN", "QDRANT_KEY"} <= names
    assert names - {"SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET"} <= wanted


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_finds_no_fault(tmp_path: Path) -> None:
    unit = tmp_path / UNIT.name
    here = UNIT.read_text(encoding="utf8").replace("/opt/watchkeeper/.venv/bin/watchkeeper", shutil.which("true") or "")
    unit.write_text(here)
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False
    )
    assert (verified.returncode, verified.stderr.strip()) == (0, "")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_it_is_as_hardened_as_systemd_calls_ok(tmp_path: Path) -> None:
    argv = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(UNIT)]
    judged = subprocess.run(argv, capture_output=True, text=True, check=False).stdout
    found = _EXPOSURE.search(judged)
    assert found, judged
    assert float(found[1]) <= 2.0
