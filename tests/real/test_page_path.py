"""The whole path on the page, in a real browser, against the demo: two people mend a platform that a third one breaks.

It is played in both colour schemes, on a laptop and on a phone. What is seen on the way are the project's pictures:
`make screenshots` writes them where the documents look for them.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.sandbox import cast
from tests.real.browser import Page, browser
from tests.real.demo import running_demo

pytestmark = [pytest.mark.part("chromium"), pytest.mark.timeout(240)]

SCREENS = {"laptop": (1280, 900), "phone": (390, 844)}
FIND_CARD = """[...document.querySelectorAll('#messages article')].find(it => it.innerText.includes(%s))?.dataset.ts"""
SCROLL = """(() => { const card = document.querySelector(%s);
  const box = card.closest('.messages');
  box.scrollTop = card.offsetTop - 12; })()"""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody in front of the page; looks at what there is to see after each step."""

    page: Page
    pictures: Path
    screen: str
    scheme: str

    async def picture(self, name: str) -> None:
        """Keep what is seen; it must be readable, and nothing may stick out at the side."""
        await self.page.call("Input.dispatchMouseEvent", type="mouseMoved", x=2, y=2)
        assert not await self.page.overflows(), f"{name}: scrolls sideways"
        assert not await self.page.low_contrast(), f"{name}: hard to read"
        await self.page.screenshot(self.pictures / f"path-{self.screen}-{self.scheme}-{name}.png")

    async def card(self, title: str) -> str:
        """Return the selector of the first message with these words, scrolled to the top."""
        await self.page.shows(title, "#messages")
        ts = await self.page.evaluate(FIND_CARD % json.dumps(title))
        selector = f'#messages [data-ts="{ts}"]'
        await self.page.evaluate(SCROLL % json.dumps(selector))
        return selector

    async def open_thread(self, card: str) -> None:
        await self.page.click(f"{card} .replies")

    async def leave_thread(self) -> None:
        """Go back to the channel, where only one of both is seen at a time."""
        if self.screen == "phone":
            await self.page.click("#leave-thread")

    async def approve(self) -> None:
        await self.page.press("Approve", "#replies")
        await self.page.press("Approve", "#confirm")


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[str]:
    """Yield the address of a running demo."""
    async with running_demo(tmp_path) as url:
        yield url


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Page]:
    """Yield a page of a real browser."""
    async with browser(tmp_path) as page:
        yield page


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_newcomer_breaks_qdrant_and_two_people_restart_it_on_the_page(
    demo: str, page: Page, screenshots: Path, scheme: str, screen: str
) -> None:
    width, height = SCREENS[screen]
    visitor = Visitor(page, screenshots, screen, scheme)
    await page.open(demo, width=width, height=height, scheme=scheme)
    await page.press("Not now", "#tour")
    await page.press("Stop qdrant")

    card = await visitor.card("Service qdrant is down")
    await page.shows("reply", card)
    await visitor.picture("1-red")

    await page.click("#composer-text")
    await page.type("/ops sta")
    await page.shows("how a platform", "#composer-suggestions")
    await page.key("Tab")
    await page.key("Enter")
    await visitor.card("Only visible to you")
    await visitor.picture("2-status")

    card = await visitor.card("Service qdrant is down")
    await page.press("Acknowledge", card)
    await page.shows("@ben", card)
    await page.press("Restart qdrant…", card)
    await visitor.open_thread(card)
    await visitor.approve()
    await page.shows("your own request", "#replies")
    await page.appears("#nudge")
    await visitor.picture("3-refused")

    await page.act_as(cast.CHI)
    await visitor.approve()
    await page.shows("RUN-1", "#replies")
    await page.shows("healthy after", "#replies")
    await page.shows("INC-1 is resolved", "#replies", timeout_s=60)

    await visitor.leave_thread()
    card = await visitor.card("Service qdrant is down")
    await page.shows("✅", card)
    await page.shows("Resolved", card)
    await visitor.picture("4-green")
