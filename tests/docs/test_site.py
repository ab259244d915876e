"""The documentation builds into a site without a broken link, and its pages load nothing from outside."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from tests.docs.pages import DECISIONS, DOCS, ROOT, text_of

CONFIG = ROOT / "zensical.toml"

_LOADED = re.compile(r'<(?:script|link|img|iframe|source)\b[^>]*?\b(?:src|href)="(https?:)?//([^"]*)"')
_LINKED = re.compile(r'<a\b[^>]*?\bhref="?([^"\s>]*)')


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the built site; a warning ends the build."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copy(CONFIG, folder)
    shutil.copytree(DOCS, folder / "docs")
    built = subprocess.run(
        [Path(sys.executable).with_name("zensical"), "build", "--strict"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return folder / "build" / "docs"


def pages_of(entry: str | dict[str, Any]) -> list[str]:
    """Return the pages of one entry of the navigation."""
    if isinstance(entry, str):
        return [entry]
    (value,) = entry.values()
    return [page for part in value for page in pages_of(part)] if isinstance(value, list) else [value]


def test_every_page_becomes_one_of_the_site(site: Path) -> None:
    written = {path.relative_to(DOCS).with_suffix(".html") for path in DOCS.rglob("*.md") if path.name != "README.md"}
    assert {page for page in written if not (site / page).is_file()} == set()


def test_every_page_is_in_the_navigation() -> None:
    nav = tomllib.loads(text_of(CONFIG))["project"]["nav"]
    listed = [page for entry in nav for page in pages_of(entry)]
    written = {str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md") if path.parent != DECISIONS}
    assert sorted(listed) == sorted(written | {"decisions/README.md"})


def test_pages_load_nothing_from_outside(site: Path) -> None:
    loaded = {(page.name, host) for page in site.rglob("*.html") for _, host in _LOADED.findall(text_of(page))}
    assert {host for _, host in loaded if not host.startswith(("127.0.0.1", "localhost"))} == set()


def test_every_link_inside_leads_to_a_page_or_a_file_of_the_site(site: Path) -> None:
    dead = [
        f"{page.relative_to(site)}: {link}"
        for page in site.rglob("*.html")
        for link in _LINKED.findall(text_of(page))
        if _is_dead(site, page, link)
    ]
    assert dead == []


def _is_dead(site: Path, page: Path, link: str) -> bool:
    """Return whether a link without a host leads out of the site, or to nothing."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc or not parts.path:
        return False
    start = site if parts.path.startswith("/") else page.parent
    target = (start / unquote(parts.path).lstrip("/")).resolve()
    return not (target.is_relative_to(site.resolve()) and (target.is_file() or (target / "index.html").is_file()))
