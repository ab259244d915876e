"""A link in a document leads somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.project.checkout import ROOT, markdown_files, relative

_FENCED = re.compile(r"^(```|~~~).*?^\1", flags=re.MULTILINE | re.DOTALL)
_INLINE_CODE = re.compile(r"`[^`\n]*`")
_INLINE_LINK = re.compile(r"\]\(<?([^)\s>]+)>?(?: \"[^\"]*\")?\)")
_REFERENCE = re.compile(r"^ {0,3}\[[^\]]+\]:\s*<?(\S+?)>?(?:\s|$)", flags=re.MULTILINE)
_HTML_LINK = re.compile(r"\b(?:href|src)=\"([^\"]+)\"")
_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", flags=re.MULTILINE)
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:", flags=re.IGNORECASE)


def broken_links(page: Path) -> Iterator[str]:
    """Yield each link of a page whose file, or heading in a page, does not exist; other sites are not asked."""
    text = _FENCED.sub("", page.read_text(encoding="utf-8"))
    prose = _INLINE_CODE.sub("", text)
    for pattern in (_INLINE_LINK, _REFERENCE, _HTML_LINK):
        for link in pattern.findall(prose):
            if not _ELSEWHERE.match(link) and not _leads_somewhere(page, link):
                yield link


def _leads_somewhere(page: Path, link: str) -> bool:
    name, _, anchor = unquote(link).partition("#")
    target = (page.parent / name) if name else page
    if not target.exists():
        return False
    return not anchor or target.suffix != ".md" or anchor in _anchors(target)


def _anchors(page: Path) -> set[str]:
    """Return a page's anchors as git hosts make them: lower case, no punctuation, hyphens for spaces."""
    prose = _FENCED.sub("", page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in _HEADING.findall(prose)}


@pytest.mark.parametrize("page", markdown_files(), ids=relative)
def test_links_lead_to_files_that_exist(page: Path) -> None:
    assert not list(broken_links(page))


def test_broken_links_are_found_and_good_ones_are_not(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    (tmp_path / "other.md").write_text("# Two Words, here\n")
    page.write_text(
        "[a](other.md) [b](other.md#two-words-here) [c](gone.md) [d](other.md#gone) [e](#nowhere)\n"
        '[f](https://example.com/x) ![g](gone.png "title") `[h](in-code.md)` <img src="gone.svg">\n'
        "```\n[i](in-fence.md)\n```\n[j]: gone-too.md\n"
    )
    assert sorted(broken_links(page)) == ["#nowhere", "gone-too.md", "gone.md", "gone.png", "gone.svg", "other.md#gone"]


def test_readme_is_there_with_the_name() -> None:
    assert (ROOT / "README.md").read_text(encoding="utf-8").startswith("# Watchkeeper")


def test_changelog_has_a_place_for_the_next_change() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "## [Unreleased]" in text
    assert text.index("## [Unreleased]") == text.index("## "), "Unreleased is the first section"
