"""What is in the repository is small, licensed and about the project."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from tests.project.checkout import ROOT, project_files, pyproject, relative, text_files

_LARGEST_BYTES = 1_000_000
# The licence's text as the Apache Software Foundation publishes it, white space apart.
_LICENCE_SHA256 = "0ffddef9e48f8a09aed5caf2d44f7ba1c1be2d9b8e0a6f693b1635b2d5566645"
_MARK = "TO" + "DO"
_MARK_WITHOUT_ISSUE = re.compile(rf"\b{_MARK}\b(?!\(#\d+\))")
# Homes of people and of builds: a path like these works on one machine.
_MACHINE_PATH = re.compile(r"(?<![\w.~-])/(?:work|root|home/[a-z]|Users/[A-Za-z]|tmp/[a-z]+/v|opt/[a-z]+/simple)/")

_LAYERS = [
    "bot.cli",
    "bot.demo | bot.offline | bot.doctor | bot.simulation | bot.manifest",
    "bot.serving | bot.children",
    "bot.app",
    "commands | handlers | bot.loops | bot.adapters | bot.sandbox",
    "bot.verbs",
    "bot.services | bot.messages",
    "bot.actions",
    "bot.ports",
    "bot.domain",
]


def test_no_file_is_large() -> None:
    large = [f"{relative(path)}: {path.stat().st_size} bytes" for path in project_files() if _is_large(path)]
    assert not large


def test_the_files_of_the_project_are_seen() -> None:
    assert {"pyproject.toml", "Makefile", "bot/__init__.py"} <= {relative(path) for path in project_files()}


def test_open_ends_carry_an_issue_number() -> None:
    open_ends = [
        f"{relative(path)}: {line.strip()}"
        for path, text in text_files()
        for line in text.splitlines()
        if _MARK_WITHOUT_ISSUE.search(line)
    ]
    assert not open_ends, f"write it as {_MARK}(#12)"


def test_no_file_names_a_path_of_one_machine() -> None:
    named = [f"{relative(path)}: {found[0]}" for path, text in text_files() if (found := _MACHINE_PATH.search(text))]
    assert not named


def test_licence_is_the_whole_apache_2_0() -> None:
    words = (ROOT / "LICENSE").read_text(encoding="utf-8").split()
    assert hashlib.sha256(" ".join(words).encode()).hexdigest() == _LICENCE_SHA256
    assert pyproject()["project"]["license"] == "Apache-2.0"


def test_the_command_is_installed_as_watchkeeper() -> None:
    assert pyproject()["project"]["scripts"] == {"watchkeeper": "bot.cli:main"}


def test_imports_point_down_the_house() -> None:
    contracts = pyproject()["tool"]["importlinter"]["contracts"]
    assert _LAYERS in [contract["layers"] for contract in contracts if contract["type"] == "layers"]


def test_the_stand_in_for_slack_shares_nothing_with_what_it_judges() -> None:
    contracts = pyproject()["tool"]["importlinter"]["contracts"]
    forbidden = [contract for contract in contracts if contract.get("source_modules") == ["bot.sandbox"]]
    assert [
        {"bot.messages", "bot.verbs", "bot.services"} <= set(contract["forbidden_modules"]) for contract in forbidden
    ] == [True]


def _is_large(path: Path) -> bool:
    return path.stat().st_size > _LARGEST_BYTES
