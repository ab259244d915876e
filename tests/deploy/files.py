"""What the tests of the deployment read: the files that people copy, and the programs that judge them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.app import build_metrics
from tests.project.checkout import ROOT

DEPLOY = ROOT / "deploy"
COMPOSE = ROOT / "compose.yaml"
DOCKERFILE = ROOT / "Dockerfile"
RULES = DEPLOY / "watchkeeper-rules.yml"
ALERTMANAGER = DEPLOY / "alertmanager.yml"
UNIT = DEPLOY / "watchkeeper.service"
DASHBOARD = DEPLOY / "grafana-dashboard.json"


def read_yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf8"))


def alert_rules() -> Sequence[dict[str, Any]]:
    """Return our own alerting rules in the file's order."""
    return [rule for group in read_yaml(RULES)["groups"] for rule in group["rules"]]


def series_exposed() -> set[str]:
    """Return every name of a series that ``/metrics`` has, the parts of histograms among them."""
    exposition = build_metrics().exposition().decode()
    return {line.partition("{")[0].partition(" ")[0] for line in exposition.splitlines() if not line.startswith("#")}


def judged_by(program: str, *arguments: str) -> str:
    """Return what a program says of our files; fails where it finds fault. The mark of the test names its package."""
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed")
    result = subprocess.run([found, *arguments], capture_output=True, text=True, check=False)
    assert result.returncode == 0, f"{program} {' '.join(arguments)}\n{result.stdout}{result.stderr}"
    return result.stdout
