"""What tests of the documentation read from Markdown."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
ARCHITECTURE = DOCS / "architecture.md"
DECISIONS = DOCS / "decisions"
README = ROOT / "README.md"

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", flags=re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf8")


def section(page: Path, title: str) -> str:
    """Return what stands below a heading, up to the next of its level or above."""
    text = text_of(page)
    found = re.search(rf"^(#+) {re.escape(title)}$", text, flags=re.MULTILINE)
    assert found, f"{page.name} has no heading {title}"
    rest = text[found.end() :]
    following = re.search(rf"^#{{1,{len(found[1])}}} ", rest, flags=re.MULTILINE)
    return rest[: following.start()] if following else rest


def first_cells(text: str) -> list[str]:
    """Return the first cell of each row of the tables, headings and rulers left out."""
    rows = [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("|")]
    rulers = [number for number, cell in enumerate(rows) if set(cell) <= {"-", ":", " "}]
    heads = {number - 1 for number in rulers} | set(rulers)
    return [cell for number, cell in enumerate(rows) if number not in heads]


def codes(text: str) -> list[str]:
    """Return everything between backticks, fenced blocks left out."""
    return _CODE.findall(_FENCE.sub("", text))


def fenced(page: Path, language: str) -> list[str]:
    """Return the fenced blocks in a language."""
    return [body for name, body in _FENCE.findall(text_of(page)) if name == language]
