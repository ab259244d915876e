"""What belongs to the project: the files of this checkout that git has or would take."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
_NOT_OURS = frozenset(
    {".git", ".venv", ".cache", ".data", ".hypothesis", ".mypy_cache", ".ruff_cache", ".pytest_cache"}
)
_TEXT_SUFFIXES = frozenset(
    {".py", ".md", ".toml", ".yaml", ".yml", ".lua", ".html", ".css", ".js", ".json", ".sh", ".txt", ".service", ""}
)


@cache
def project_files() -> Sequence[Path]:
    """Return every file of the project; where there is no git, every file outside the known caches."""
    if shutil.which("git") and (ROOT / ".git").exists():
        listed = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        names = subprocess.run(listed, check=True, capture_output=True, text=True).stdout.split("\0")
        return [ROOT / name for name in names if name and (ROOT / name).is_file()]
    return [path for path in ROOT.rglob("*") if path.is_file() and not _NOT_OURS.intersection(path.parts)]


def text_files() -> Iterator[tuple[Path, str]]:
    """Yield the project's text files with their contents, the licence excepted: its words are not ours."""
    for path in project_files():
        if path.suffix in _TEXT_SUFFIXES and path.name != "LICENSE":
            yield path, path.read_text(encoding="utf-8")


def markdown_files() -> Sequence[Path]:
    return [path for path in project_files() if path.suffix == ".md"]


@cache
def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@cache
def make_targets() -> frozenset[str]:
    """Return the targets that people call: the names, not the files."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    return frozenset(re.findall(r"^([a-z][a-z-]*):(?!=)", text, flags=re.MULTILINE))


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()
