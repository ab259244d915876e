"""The page around the messages, in a real browser: writing, reading, other people, keys, the tour, a restart."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.sandbox import cast
from bot.sandbox.app import Sandbox
from bot.sandbox.model import Message
from tests.real.browser import ALT, SHIFT, Page, browser
from tests.real.demo import running_demo
from tests.real.processes import ServerProcess, answers_ok, free_port
from tests.sandbox.stage import CONFIG, served
from tests.waiting import wait_until

pytestmark = [pytest.mark.part("chromium"), pytest.mark.timeout(240)]

LAPTOP, PHONE = (1280, 900), (390, 844)


def argument(name: str, *choices: str, kind: str = "word") -> dict[str, Any]:
    flags = {"required": False, "announced": False, "is_flag": False}
    return {"name": name, "kind": kind, "help": f"the {name}", "choices": list(choices), **flags}


def verb(name: str, *arguments: dict[str, Any], options: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    texts = {"summary": f"does {name}", "usage": f"{name} <…>", "example": f"/ops {name}", "role": "viewer"}
    return {"name": name, "aliases": [], "arguments": list(arguments), "options": list(options), **texts}


VOCABULARY: dict[str, Any] = {
    "addresses": [
        {"typed": "/ops", "family": "ops"},
        {"typed": "/incident", "family": "incident"},
        {"typed": "@watchkeeper", "family": "ops"},
        {"typed": "@watchkeeper incident", "family": "incident"},
    ],
    "families": {
        "ops": {
            "summary": "platforms",
            "verbs": [
                verb("status", argument("service", "qdrant", "web-ui", kind="service")),
                verb(
                    "restart",
                    argument("service", "qdrant", "web-ui", kind="service"),
                    options=(argument("reason", kind="text"),),
                ),
            ],
        },
        "incident": {"summary": "incidents", "verbs": [verb("ack", argument("incident", kind="incident"))]},
    },
}


@pytest.fixture
async def stand() -> AsyncIterator[tuple[str, Sandbox]]:
    """Yield a stand-in with a vocabulary and without a bot."""
    async with served(replace(CONFIG, bot_urls=(), completion=VOCABULARY)) as (url, sandbox):
        yield url, sandbox


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Page]:
    """Yield a page of a real browser that believes its window is in front."""
    async with browser(tmp_path) as page:
        await page.call("Emulation.setFocusEmulationEnabled", enabled=True)
        yield page


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[str]:
    """Yield the address of a running demo."""
    async with running_demo(tmp_path) as url:
        yield url


async def sit(page: Page, url: str, size: tuple[int, int] = LAPTOP, *, scheme: str = "light") -> None:
    """Open the page and wait until it is drawn."""
    await page.open(url, width=size[0], height=size[1], scheme=scheme)
    await page.shows("#", "#title")
    await loaded(page, "the vocabulary", "performance.getEntriesByName(location.origin + '/page/completion').length")


async def loaded(page: Page, what: str, expression: str) -> None:
    """Return once a JavaScript expression is true."""

    async def is_so() -> bool:
        return bool(await page.evaluate(expression))

    await wait_until(is_so, description=what)


async def written(page: Page) -> str:
    return str(await page.evaluate("document.querySelector('#composer-text').value"))


async def offered(page: Page) -> list[str]:
    """Return the suggestions by their names."""
    names: list[str] = await page.evaluate("[...document.querySelectorAll('[role=option] b')].map(it => it.innerText)")
    return names


# -- writing ----------------------------------------------------------------------------------------------------------


async def test_a_command_is_completed_word_by_word_with_the_keyboard(stand: tuple[str, Sandbox], page: Page) -> None:
    url, sandbox = stand
    await sit(page, url)
    await page.click("#composer-text")
    await page.type("/")
    assert await offered(page) == ["/ops", "/incident"]
    await page.key("Tab")
    await page.type("r")
    assert await offered(page) == ["restart"]
    assert "restart <…>" in await page.text("#composer-suggestions .usage")
    await page.key("Enter")
    assert await offered(page) == ["qdrant", "web-ui", "--reason"]
    await page.key("ArrowDown")
    await page.key("ArrowDown")
    await page.key("Enter")
    assert await written(page) == "/ops restart web-ui "
    await page.key("Enter")
    await page.shows("failed with the error", "#messages")
    assert sandbox.courier.deliveries[0].kind == "/ops"
    assert await written(page) == ""


async def test_the_chosen_suggestion_is_told_to_assistive_tools(stand: tuple[str, Sandbox], page: Page) -> None:
    await sit(page, stand[0])
    await page.click("#composer-text")
    await page.type("/o")
    told = await page.evaluate(
        "(() => { const box = document.querySelector('#composer-text');"
        " const option = document.getElementById(box.getAttribute('aria-activedescendant'));"
        " return [box.getAttribute('aria-expanded'), option.getAttribute('aria-selected'),"
        " option.closest('[role=listbox]').id === box.getAttribute('aria-controls')]; })()"
    )
    assert told == ["true", "true", True]
    await page.key("Escape")
    assert await page.evaluate("document.querySelector('#composer-text').getAttribute('aria-expanded')") == "false"
    assert await written(page) == "/o"


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("@c", "@chi"),
        ("ask @watchkeeper st", "status"),
        ("@watchkeeper incident a", "ack"),
        ("see #gen", "#general"),
        ("like INC-", "INC-7"),
        ("/incident ack in", "INC-7"),
    ],
)
async def test_names_are_completed_where_they_are_typed(
    stand: tuple[str, Sandbox], page: Page, typed: str, first: str
) -> None:
    url, sandbox = stand
    sandbox.control.acts.say(cast.CHI, cast.INCIDENTS, "INC-7 is back")
    await sit(page, url)
    await page.click("#composer-text")
    await page.type(typed)
    assert (await offered(page))[0] == first


async def test_a_thread_offers_a_mention_in_place_of_a_slash_command(stand: tuple[str, Sandbox], page: Page) -> None:
    url, sandbox = stand
    ts = sandbox.control.acts.say(cast.CHI, cast.INCIDENTS, "look").ts
    await sit(page, f"{url}/#{cast.INCIDENTS}/{ts}")
    await page.click("#reply-text")
    await page.type("/op")
    assert await offered(page) == ["@watchkeeper", "@watchkeeper incident"]


async def test_without_a_vocabulary_only_commands_complete(page: Page) -> None:
    async with served(replace(CONFIG, bot_urls=())) as (url, _):
        await sit(page, url)
        await page.click("#composer-text")
        await page.type("/")
        assert await offered(page) == list(cast.COMMANDS)
        await page.type("ops r")
        assert await offered(page) == []


async def test_enter_sends_and_shift_enter_breaks_the_line(stand: tuple[str, Sandbox], page: Page) -> None:
    url, sandbox = stand
    await sit(page, url)
    await page.click("#composer-text")
    await page.type("one")
    await page.key("Enter", modifiers=SHIFT)
    await page.type("two")
    assert await written(page) == "one\ntwo"
    await page.key("Enter")
    await page.shows("two", "#messages")
    assert sandbox.workspace.messages[0].text == "one\ntwo"


# -- reading ----------------------------------------------------------------------------------------------------------


async def test_unread_marks_are_each_persons_own(stand: tuple[str, Sandbox], page: Page) -> None:
    url, sandbox = stand
    await sit(page, url)
    sandbox.control.acts.say(cast.BEN, cast.REPORTS, "a report")
    sandbox.control.acts.say(cast.BEN, cast.GENERAL, "@chi please look")
    await page.act_as(cast.CHI)
    await page.shows("1", f"[data-place={cast.REPORTS}] .badge")
    await page.shows("1", f"[data-place={cast.GENERAL}] .badge.mentions")
    await page.click(f"[data-place={cast.GENERAL}]")
    await page.shows("please look", "#messages")
    assert await page.text(f"[data-place={cast.GENERAL}] .badge") == ""
    await page.act_as(cast.BEN)
    assert await page.text(f"[data-place={cast.REPORTS}] .badge") == ""


async def test_what_came_meanwhile_stands_under_a_line(stand: tuple[str, Sandbox], page: Page) -> None:
    url, sandbox = stand
    sandbox.control.acts.say(cast.CHI, cast.INCIDENTS, "old")
    await sit(page, url)
    await page.shows("old", "#messages")
    await page.click(f"[data-place={cast.GENERAL}]")
    sandbox.control.acts.say(cast.CHI, cast.INCIDENTS, "young")
    await page.shows("1", f"[data-place={cast.INCIDENTS}] .badge")
    await page.click(f"[data-place={cast.INCIDENTS}]")
    await page.shows("young", "#messages")
    order = await page.evaluate("[...document.querySelectorAll('#messages > *')].map(it => it.className.split(' ')[0])")
    assert order == ["day-line", "message", "new-line", "message"]


async def test_one_author_in_a_row_is_named_once(stand: tuple[str, Sandbox], page: Page) -> None:
    url, sandbox = stand
    for user, text in ((cast.CHI, "one"), (cast.CHI, "two"), (cast.DEE, "three")):
        sandbox.control.acts.say(user, cast.INCIDENTS, text)
    await sit(page, url)
    await page.shows("three", "#messages")
    names = await page.evaluate("[...document.querySelectorAll('#messages header strong')].map(it => it.innerText)")
    assert names == ["chi", "dee"]


async def test_whoever_is_called_is_named_above_while_a_request_waits(stand: tuple[str, Sandbox], page: Page) -> None:
    url, sandbox = stand
    button = {"type": "button", "action_id": "approval.approve", "text": {"type": "plain_text", "text": "Approve"}}
    card = card_posted(sandbox, [{"type": "actions", "elements": [button]}])
    sandbox.control.acts.say(cast.ADA, cast.INCIDENTS, "@chi yours", thread_ts=card)
    await sit(page, url)
    await page.shows("Chi has a request waiting", "#nudge")
    await page.click("#nudge")
    await page.shows("Chi", "#act-as")


def card_posted(sandbox: Sandbox, blocks: list[dict[str, Any]]) -> str:
    """Post a card as the bot; return its ts."""
    message = Message(cast.INCIDENTS, sandbox.workspace.clock.next_ts(), cast.BOT_USER, "card", bot_id=cast.BOT)
    message.attachments = [{"color": "#a30200", "blocks": blocks}]
    return sandbox.workspace.post(message).ts


# -- panes and keys ---------------------------------------------------------------------------------------------------


async def test_a_thread_stands_beside_the_channel_and_escape_leads_back(stand: tuple[str, Sandbox], page: Page) -> None:
    url, sandbox = stand
    ts = sandbox.control.acts.say(cast.CHI, cast.INCIDENTS, "parent").ts
    sandbox.control.acts.say(cast.DEE, cast.INCIDENTS, "child", thread_ts=ts)
    await sit(page, url)
    await page.press("1 reply", "#messages")
    await page.shows("child", "#replies")
    assert "parent" in await page.text("#messages")
    await page.key("Escape")
    await loaded(page, "the thread is closed", "document.querySelector('#thread').hidden")
    assert await page.evaluate("document.activeElement.dataset.ts") == ts


async def test_on_a_phone_one_pane_is_seen_and_none_scrolls_sideways(stand: tuple[str, Sandbox], page: Page) -> None:
    url, sandbox = stand
    long = "https://example.org/" + "long-" * 60
    ts = sandbox.control.acts.say(cast.CHI, cast.INCIDENTS, f"parent {long}").ts
    sandbox.control.acts.say(cast.DEE, cast.INCIDENTS, f"child {long}", thread_ts=ts)
    await sit(page, url, PHONE)
    panes = "['side', 'channel', 'thread'].filter(id => document.getElementById(id).getClientRects().length)"
    for press, pane in (("#messages .replies", "thread"), ("#leave-thread", "channel"), ("#open-side", "side")):
        await page.click(press)
        assert await page.evaluate(panes) == [pane]
        assert not await page.overflows(), pane
    await page.click("#act-as")
    assert not await page.overflows()
    await page.key("Escape")
    await page.click("[data-place=home]")
    await page.shows("Nothing is published here yet", "#messages")
    assert not await page.overflows()


async def test_alt_and_arrows_walk_through_the_channels(stand: tuple[str, Sandbox], page: Page) -> None:
    await sit(page, stand[0])
    await page.key("ArrowDown", modifiers=ALT)
    await page.shows("approvals", "#title")
    await page.key("ArrowUp", modifiers=ALT)
    await page.shows("incidents", "#title")


async def test_a_person_is_chosen_with_the_keyboard(stand: tuple[str, Sandbox], page: Page) -> None:
    await sit(page, stand[0])
    await page.evaluate("document.querySelector('#act-as').focus()")
    await page.key("Enter")
    await page.key("ArrowDown")
    await page.key("Enter")
    await page.shows("Chi", "#act-as")
    assert await page.evaluate("document.activeElement.id") == "act-as"


async def test_question_mark_lists_the_keys(stand: tuple[str, Sandbox], page: Page) -> None:
    await sit(page, stand[0])
    await page.key("?")
    await page.shows("channel above", "#keys")
    assert not await page.low_contrast()


async def test_tab_reaches_everything(stand: tuple[str, Sandbox], page: Page) -> None:
    """A list of which one entry is a stop counts as reached: arrows lead to the others."""
    url, sandbox = stand
    ts = sandbox.control.acts.say(cast.CHI, cast.INCIDENTS, "parent").ts
    sandbox.control.acts.say(cast.DEE, cast.INCIDENTS, "child", thread_ts=ts)
    await sit(page, f"{url}/#{cast.INCIDENTS}/{ts}")
    await page.shows("child", "#replies")
    count = await page.evaluate(
        "window.missed = new Set([...document.querySelectorAll('a[href], button, textarea, summary, [data-roving], "
        "#messages, #replies')].filter(it => it.getClientRects().length && !it.closest('[data-roving] li')));"
        "document.activeElement.blur(); window.missed.size"
    )
    for _ in range(count + 40):
        await page.key("Tab")
        await page.evaluate("for (let it = document.activeElement; it; it = it.parentElement) window.missed.delete(it)")
    assert await page.evaluate("[...window.missed].map(it => it.id || it.outerHTML.slice(0, 80))") == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_everything_of_the_shell_can_be_read(stand: tuple[str, Sandbox], page: Page, scheme: str) -> None:
    url, sandbox = stand
    sandbox.control.acts.say(cast.CHI, cast.INCIDENTS, "@ben look")
    sandbox.control.acts.say(cast.CHI, cast.GENERAL, "@ben look")
    sandbox.control.acts.say(cast.CHI, cast.REPORTS, "look")
    await sit(page, url, scheme=scheme)
    await page.click("#composer-text")
    await page.type("/ops ")
    await page.key("ArrowDown")
    assert await page.low_contrast() == []
    await page.click("#act-as")
    assert await page.low_contrast() == []


# -- staying true -----------------------------------------------------------------------------------------------------


async def test_a_restart_of_the_stand_in_is_said_and_survived(page: Page, tmp_path: Path) -> None:
    port = free_port()
    argv = [sys.executable, "-m", "bot.sandbox", "--port", str(port), "--signing-secret", "s"]
    url = f"http://127.0.0.1:{port}"
    first = ServerProcess(argv, log=tmp_path / "first.log")
    await first.ready(lambda: answers_ok(url))
    await sit(page, url)
    await page.click("#composer-text")
    await page.type("a draft")
    await first.kill()
    await page.shows("Connection lost", "#connection")
    second = ServerProcess(argv, log=tmp_path / "second.log")
    try:
        await second.ready(lambda: answers_ok(url))
        await page.shows("Connected again", "#connection")
        assert await written(page) == "a draft"
        await page.key("Enter")
        await page.shows("a draft", "#messages")
    finally:
        await second.stop()


async def test_messages_are_announced_once_and_shortly(stand: tuple[str, Sandbox], page: Page) -> None:
    url, sandbox = stand
    await sit(page, url)
    sandbox.control.acts.say(cast.CHI, cast.INCIDENTS, "hello")
    await page.shows("chi: hello", "#announcer")
    for text in ("one", "two", "three"):
        sandbox.control.acts.say(cast.CHI, cast.INCIDENTS, text)
    await page.shows("3 new messages", "#announcer")
    assert await page.evaluate("document.querySelectorAll('#messages[aria-live], #messages[role=log]').length") == 0


async def test_markup_is_announced_as_the_words_that_are_shown(stand: tuple[str, Sandbox], page: Page) -> None:
    url, sandbox = stand
    await sit(page, url)
    sandbox.control.acts.say(cast.CHI, cast.INCIDENTS, "*ask* @ben\nif 1 < 2")
    await page.shows("chi: ask @ben if 1 < 2", "#announcer")


# -- the platform and the tour ----------------------------------------------------------------------------------------

POINTED = """(() => {
  const ring = document.querySelector('.ring');
  const { left, top, width, height } = ring.getBoundingClientRect();
  return ring.matches(':popover-open:not(.none)') ? [left + width / 2, top + height / 2] : null;
})()"""


@pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])
async def test_whoever_presses_what_the_tour_points_at_gets_to_its_end(
    demo: str, page: Page, screenshots: Path, size: tuple[int, int]
) -> None:
    await page.open(demo, width=size[0], height=size[1])
    await page.press("Take the tour", "#tour")
    seen: list[str] = []

    async def plays_on() -> bool:
        title = await page.text("#tour h2")
        if title not in seen:
            seen.append(title)
            await page.screenshot(screenshots / f"tour-{'phone' if size == PHONE else 'laptop'}-{len(seen)}.png")
        if title == "That was the whole path":
            return True
        spot = await page.evaluate(POINTED)
        if spot and "Its alert fires" not in await page.text("#tour") and title != "Watch it heal":
            await page.tap(*spot)
        return False

    await wait_until(plays_on, description="the tour ends", timeout_s=120, interval_s=0.7)
    assert not await page.overflows()
    assert seen == [
        "Break something",
        "Take the incident",
        "Ask for a restart",
        "Try to approve it yourself",
        "Be somebody else",
        "Approve as the second person",
        "Watch it heal",
        "That was the whole path",
    ]


async def test_the_offer_of_the_tour_is_made_once(demo: str, page: Page) -> None:
    await page.open(demo, width=1280, height=900)
    await page.press("Not now", "#tour")
    await page.open(f"{demo}/?again", width=1280, height=900)
    await page.shows("incidents", "#title")
    await page.shows("Take the tour", "#start-tour")
    assert await page.text("#tour") == ""


async def test_the_panel_breaks_and_mends_and_says_what_comes(demo: str, page: Page) -> None:
    await page.open(demo, width=1280, height=900)
    await page.press("Stop qdrant", "#breaks")
    await page.shows("about", "#breaks .break-news")
    await page.shows("stopped", "#troubled")
    assert await page.low_contrast() == []
    await page.press("Start qdrant", "#breaks")
    await page.shows("All 9 services run", "#services-summary")
    assert await page.text("#breaks .break-news") == ""


async def test_everything_the_platform_offers_to_break_has_a_button(demo: str, page: Page) -> None:
    await page.open(demo, width=390, height=844)
    await page.click("#open-side")
    await page.shows("Stop qdrant", "#breaks")
    shown = await page.evaluate("[...document.querySelectorAll('[data-break]')].map(it => it.dataset.break)")
    offered = json.loads(await page.evaluate("fetch('/page/platform').then(it => it.text())"))["breaks"]
    assert shown == [f"{it['service']}/{it['kind']}" for it in offered]
    assert not await page.overflows()
