"""The locks install the same checked files everywhere, and tell nothing about the machine that wrote them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.project.checkout import ROOT, pyproject

LOCKS = ("requirements.txt", "requirements-dev.txt", "requirements-pip.txt")
_LINE = re.compile(
    r"""
      --only-binary\ :all:                                      # a source archive would run its author's code
    | [a-z0-9-]+==[a-z0-9.]+                                    # one exact version, names as the registry spells them
      (\ ;\ [a-z_]+\ [<>=!]+\ '[\w.]+'(\ and\ [a-z_]+\ [<>=!]+\ '[\w.]+')*)?\ \\
    | \ {4}--hash=sha256:[0-9a-f]{64}(\ \\)?
    """,
    re.VERBOSE,
)


def _lines(lock: str) -> list[str]:
    return [line for line in (ROOT / lock).read_text(encoding="utf-8").splitlines() if line]


def _pins(lock: str) -> Iterator[Requirement]:
    return (Requirement(line.removesuffix(" \\")) for line in _lines(lock) if "==" in line and "--hash" not in line)


def _versions(lock: str) -> dict[str, set[Version]]:
    """Return the locked versions by name; more than one where they differ by Python."""
    versions: dict[str, set[Version]] = {}
    for pin in _pins(lock):
        versions.setdefault(pin.name, set()).update(Version(specifier.version) for specifier in pin.specifier)
    return versions


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_holds_pins_and_hashes_alone(lock: str) -> None:
    strange = [line for line in _lines(lock) if not _LINE.fullmatch(line)]
    assert not strange, f"{lock}: {strange[:3]}; write it with `make lock`"


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_hashes(lock: str) -> None:
    lines = _lines(lock)
    bare = [
        line
        for line, following in zip(lines, [*lines[1:], ""], strict=True)
        if "==" in line and "--hash" not in following
    ]
    assert not bare


@pytest.mark.parametrize(
    ("lock", "wanted"),
    [
        ("requirements.txt", pyproject()["project"]["dependencies"] + pyproject()["dependency-groups"]["build"]),
        ("requirements-dev.txt", pyproject()["project"]["optional-dependencies"]["dev"]),
        ("requirements-pip.txt", pyproject()["dependency-groups"]["installer"]),
    ],
    ids=LOCKS,
)
def test_lock_holds_what_the_project_declares(lock: str, wanted: list[str]) -> None:
    locked = _versions(lock)
    unmet = [
        text
        for text in wanted
        for requirement in [Requirement(text)]
        for versions in [locked.get(canonicalize_name(requirement.name), set())]
        if not versions or not all(requirement.specifier.contains(version) for version in versions)
    ]
    assert not unmet, f"{lock} is older than pyproject.toml; write it anew with `make lock`"


def test_tests_run_on_the_versions_that_are_installed_for_use() -> None:
    runtime, dev = _versions("requirements.txt"), _versions("requirements-dev.txt")
    assert {name: dev.get(name) for name in runtime} == runtime
