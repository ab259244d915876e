"""Decisions are numbered, listed, and of one form."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.pages import DECISIONS, text_of

PAGES = sorted(page for page in DECISIONS.glob("*.md") if page.name != "README.md")


def test_numbers_leave_no_gap() -> None:
    assert [page.name[:4] for page in PAGES] == [f"{number:04}" for number in range(1, len(PAGES) + 1)]


def test_index_lists_every_page_with_its_title() -> None:
    listed = re.findall(r"^\| \[(\d{4})\]\((.+?)\) \| (.+?) \|$", text_of(DECISIONS / "README.md"), flags=re.MULTILINE)
    assert listed == [(page.name[:4], page.name, _title(page)[5:]) for page in PAGES]


def _title(page: Path) -> str:
    return text_of(page).splitlines()[0].removeprefix("# ")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_page_has_context_options_choice_and_consequences(page: Path) -> None:
    assert _title(page).startswith(page.name[:4])
    headings = re.findall(r"^## (.+)$", text_of(page), flags=re.MULTILINE)
    assert headings == ["Context", "Options", "Choice", "Consequences"]
