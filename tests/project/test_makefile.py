"""Everything a person does here is a `make` target that explains itself."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from tests.project.checkout import ROOT, make_targets, markdown_files, relative

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="no make on this machine")

_MAKE_CALL = re.compile(r"(?:^|`|&& )make ([a-z][a-z-]*)", flags=re.MULTILINE)


def _make(*arguments: str) -> str:
    return subprocess.run(["make", "-C", str(ROOT), *arguments], check=True, capture_output=True, text=True).stdout


def test_make_alone_lists_every_target() -> None:
    listed = {line.split()[0] for line in _make("--no-print-directory").splitlines()}
    assert listed == make_targets()


def test_every_target_is_explained() -> None:
    for line in _make("--no-print-directory", "help").splitlines():
        name, _, explanation = line.strip().partition(" ")
        assert explanation.strip(), f"{name} has no `## ` comment"


def test_targets_that_the_project_promises_exist() -> None:
    assert {"setup", "demo", "test", "check", "bench", "soak", "lock", "clean"} <= make_targets()


def test_no_target_is_shadowed_by_a_file_of_its_name() -> None:
    phony = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert phony
    assert set(phony[1].split()) == make_targets()


def test_documents_name_targets_that_exist() -> None:
    unknown = [
        f"{relative(page)}: make {target}"
        for page in markdown_files()
        for target in _MAKE_CALL.findall(page.read_text(encoding="utf-8"))
        if target not in make_targets()
    ]
    assert not unknown


def test_ci_runs_what_people_run() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111, ".ci/run is not executable"
    assert {"make check", "make test"} <= set(script.read_text(encoding="utf-8").splitlines())
