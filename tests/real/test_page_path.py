"""The whole path on the page, in a real browser, against the demo as `make demo` starts it."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.sandbox import cast
from tests.real.browser import Page, browser
from tests.real.processes import ServerProcess, answers_ok, free_port

pytestmark = [pytest.mark.part("chromium"), pytest.mark.timeout(180)]


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[str]:
    """Yield the address of a running demo."""
    port = free_port()
    process = ServerProcess([sys.executable, "-m", "bot", "demo", "--port", str(port)], log=tmp_path / "demo.log")
    url = f"http://127.0.0.1:{port}"
    try:
        await process.ready(lambda: answers_ok(url), timeout_s=30)
        yield url
    finally:
        await process.stop()


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Page]:
    """Yield a page of a real browser."""
    async with browser(tmp_path) as page:
        yield page


async def act_as(page: Page, user: str) -> None:
    """Let somebody else sit down at the page."""
    await page.choose("#actor", user)


async def test_a_newcomer_breaks_qdrant_and_two_people_restart_it_on_the_page(demo: str, page: Page) -> None:
    await page.open(demo, width=1280, height=900)
    await page.press("Stop qdrant")
    await page.shows("Service qdrant is down", "#messages")
    await act_as(page, cast.BEN)
    await page.press("Restart qdrant…", "#messages")
    await page.press("1 reply", "#messages")
    await page.shows("Who must agree", "#replies")
    await page.press("Approve", "#replies")
    await page.press("Approve", "#confirm")
    await page.shows("your own request", "#replies")
    await act_as(page, cast.CHI)
    await page.press("Approve", "#replies")
    await page.press("Approve", "#confirm")
    await page.shows("healthy after", "#replies")
    await page.shows("INC-1 is resolved", "#replies", timeout_s=60)
    await page.shows("Resolved by alert source", "#messages")


async def test_on_a_phone_the_page_does_not_scroll_sideways(demo: str, page: Page) -> None:
    await page.open(demo, width=390, height=844, scheme="dark")
    await page.press("☰")
    await page.press("Stop qdrant")
    await page.shows("Service qdrant is down", "#messages")
    assert not await page.overflows()
