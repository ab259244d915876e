"""What a real browser makes of Block Kit on the stand-in's page: texts, orders, colours, times, focus."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.sandbox import cast
from tests.real.browser import Page, browser
from tests.real.gallery import Gallery
from tests.real.gallery.attachments import ATTACHMENTS
from tests.real.gallery.charts import CHARTS
from tests.real.gallery.controls import CONTROLS
from tests.real.gallery.frames import FRAMES, pictures
from tests.real.gallery.layout import LAYOUT
from tests.real.gallery.looking import nameless, poor_contrast, unseen_focus
from tests.real.gallery.rich_text import RICH_TEXT
from tests.real.gallery.stage import Wall, picture, wall
from tests.real.gallery.tables import TABLES
from tests.real.gallery.text import HOSTILE, TEXT, near_days
from tests.real.gallery.views import HOME, MODAL, SHORT_MODAL
from tests.waiting import wait_until

pytestmark = [pytest.mark.part("chromium"), pytest.mark.timeout(120)]

EVERYTHING: Gallery = {
    **LAYOUT, **TEXT, **RICH_TEXT, **TABLES, **CHARTS, **CONTROLS, **FRAMES, **ATTACHMENTS,
}  # fmt: skip
KEYS = {"Escape": 27, "Tab": 9, "ArrowDown": 40, "Enter": 13}


@pytest.fixture
async def hung() -> AsyncIterator[Wall]:
    """Yield a stand-in with nothing on it."""
    async with wall() as it:
        yield it


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Page]:
    """Yield a page of a real browser."""
    async with browser(tmp_path) as page:
        yield page


async def see(hung: Wall, page: Page, *, width: int = 1280, scheme: str = "light", place: str = cast.INCIDENTS) -> None:
    """Sit down as Ben."""
    await page.call("Emulation.setFocusEmulationEnabled", enabled=True)
    await page.open(f"{hung.url}/?as={cast.BEN}#{place}", width=width, height=900, scheme=scheme)
    await wait_until(
        lambda: page.evaluate("!!document.querySelector('#messages .blocks, #messages .attachment')"),
        description="messages are drawn",
        timeout_s=30,
    )


async def texts(page: Page, selector: str) -> list[str]:
    """Return the shown text of every match."""
    script = f"[...document.querySelectorAll({json.dumps(selector)})].map(it => it.innerText.trim())"
    found: list[str] = await page.evaluate(script)
    return found


async def style(page: Page, selector: str, name: str) -> list[str]:
    """Return one computed style of every match."""
    script = f"[...document.querySelectorAll({json.dumps(selector)})].map(it => getComputedStyle(it)[{name!r}])"
    found: list[str] = await page.evaluate(script)
    return found


async def key(page: Page, name: str, *, shift: bool = False) -> None:
    """Press a key where the focus is."""
    for kind in ("rawKeyDown", "keyUp"):
        await page.call(
            "Input.dispatchKeyEvent",
            type=kind,
            key=name,
            code=name,
            windowsVirtualKeyCode=KEYS[name],
            modifiers=8 if shift else 0,
        )


async def type_into(page: Page, selector: str, text: str) -> None:
    """Type into a field."""
    await page.evaluate(f"document.querySelector({json.dumps(selector)}).focus()")
    await page.call("Input.insertText", text=text)


def heard(hung: Wall, kind: str) -> list[dict[str, Any]]:
    """Return the payloads of one type the bot got."""
    return [payload for payload in hung.bot.payloads() if payload.get("type") == kind]


async def action_heard(hung: Wall, action_id: str) -> dict[str, Any]:
    """Return the last action with this id, once the bot has it."""

    def found() -> list[dict[str, Any]]:
        sent = [action for payload in heard(hung, "block_actions") for action in payload["actions"]]
        return [action for action in sent if action["action_id"] == action_id]

    await wait_until(found, description=f"the bot hears {action_id}")
    return found()[-1]


async def test_mrkdwn_is_shown_as_slack_shows_it(hung: Wall, page: Page) -> None:
    await hung.hang({"styles": TEXT["styles"]})
    await see(hung, page)
    assert await texts(page, ".mention") == ["@ben", "@ops", "#incidents", "@here", "@channel", "@everyone"]
    assert await texts(page, ".mention.own, .mention.loud") == ["@ben", "@here", "@channel", "@everyone"]
    assert await texts(page, ".text strong") == ["Bold", "both", "weight"]
    assert await texts(page, ".text em") == ["italic", "both"]
    assert await texts(page, ".text blockquote") == ["A quoted line with weight\nand a second one"]
    assert await texts(page, ".text pre") == ["kubectl get pods\nqdrant-0   0/1   CrashLoopBackOff"]
    assert await texts(page, ".list-mark") == ["•", "•", "1.", "2."]
    shown = await page.text("#messages")
    assert "snake_case_stays plain" in shown
    assert "✅ done, ⏳ waiting, 🚨 burning, :no_such_emoji: stays" in shown


@pytest.mark.parametrize(
    ("zone", "day", "time"), [("Asia/Tokyo", "18", "11:39 PM"), ("Pacific/Auckland", "19", "3:39 AM")]
)
async def test_dates_are_in_the_readers_zone(hung: Wall, page: Page, zone: str, day: str, time: str) -> None:
    await page.call("Emulation.setTimezoneOverride", timezoneId=zone)
    await page.call("Emulation.setLocaleOverride", locale="en-US")
    await hung.hang({"tokens": TEXT["tokens"]})
    await see(hung, page)
    weekday = {"18": "Tuesday", "19": "Wednesday"}[day]
    assert await texts(page, ".bk-section") == [
        f"date_num: 2014-02-{day}",
        f"date: February {day}th, 2014",
        f"date_short: Feb {day}, 2014",
        f"date_long: {weekday}, February {day}th, 2014",
        f"time: {time}",
        f"time_secs: {time.replace(' ', ':42 ')}",
        f"linked: Feb {day}, 2014",
        "broken: some day",
    ]


async def test_near_days_have_names(hung: Wall, page: Page) -> None:
    await page.call("Emulation.setTimezoneOverride", timezoneId="UTC")
    await hung.hang(near_days(datetime.now(UTC)))
    await see(hung, page)
    assert (await page.text(".bk-section")).splitlines() == [
        "yesterday is the day, yesterday; starting: Yesterday at noon",
        "today is the day, today; starting: Today at noon",
        "tomorrow is the day, tomorrow; starting: Tomorrow at noon",
        "some time: 3 hours ago",
    ]


async def test_hostile_text_stays_text(hung: Wall, page: Page) -> None:
    await hung.hang({"hostile": TEXT["hostile"]})
    await see(hung, page)
    await page.evaluate("[...document.querySelectorAll('#messages a')].forEach(it => it.click())")
    assert await page.evaluate("document.body.dataset.hacked ?? null") is None
    assert await page.evaluate("document.querySelectorAll('#messages img[src=x], #messages script').length") == 0
    assert await page.evaluate("[...document.querySelectorAll('#messages a[href]')].map(it => it.href)") == []
    assert (await page.text("#messages")).count(HOSTILE) == 7
    assert await texts(page, ".mention") == []


async def test_emoji_go_by_their_names_in_slack(hung: Wall, page: Page) -> None:
    await hung.hang({"styles": TEXT["styles"]})
    await see(hung, page)
    text = ":wave::skin-tone-3: :+1: :red_circle: :large_green_circle: :raised_hand: :e-mail: 12:30:45 :nobody:"
    shown = await page.evaluate(f"import('/static/emoji.js').then(it => it.emoji({json.dumps(text)}))")
    assert shown == "👋🏼 👍 🔴 🟢 ✋ 📧 12:30:45 :nobody:"


async def test_rich_text_keeps_its_structure(hung: Wall, page: Page) -> None:
    await hung.hang({"rich_text": RICH_TEXT["rich_text"]})
    await see(hung, page)
    assert await texts(page, ".bk-rich ol > li") == ["first", "second", "inside the second", "third"]
    assert await page.evaluate("[...document.querySelectorAll('.bk-rich ol')].map(it => it.start)") == [1, 1, 3]
    assert await style(page, ".bk-rich ul.bordered", "borderInlineStartWidth") == ["4px"]
    assert await style(page, ".swatch", "backgroundColor") == ["rgb(46, 184, 134)"]
    assert await texts(page, ".bk-rich u") == ["under"]
    assert "*plain*" in await page.text(".bk-rich")
    assert "👋🏼" in await page.text(".bk-rich")


async def test_markdown_is_rendered(hung: Wall, page: Page) -> None:
    await hung.hang({"markdown": RICH_TEXT["markdown"]})
    await see(hung, page)
    assert await texts(page, ".bk-markdown .bk-header") == ["What happened"]
    assert await texts(page, ".bk-markdown ol > li > ul > li") == ["it was moved aside"]
    assert await texts(page, ".bk-markdown .task") == ["☑ restored", "☐ written up"]
    assert await texts(page, ".bk-markdown td") == ["qdrant", "4", "embedder", "12"]


async def test_table_has_heads_and_the_looks_of_its_columns(hung: Wall, page: Page) -> None:
    await hung.hang({"table": TABLES["table"]})
    await see(hung, page)
    assert await texts(page, ".bk-table th[scope=col]") == ["Service", "Restarts", "Last word"]
    assert await style(page, ".bk-table tbody tr:first-child td", "textAlign") == ["start", "end", "start"]
    assert await style(page, ".bk-table tbody tr:first-child td", "whiteSpace") == ["nowrap", "nowrap", "normal"]
    assert await texts(page, ".bk-table tbody tr:last-child td") == ["<b>embedder</b>", "0", "well, says @chi"]


async def test_data_table_sorts_filters_and_pages(hung: Wall, page: Page) -> None:
    await hung.hang({"data_table": TABLES["data_table"]})
    await see(hung, page)
    names, place = ".bk-table tbody th[scope=row]", ".table-foot [role=status]"
    assert (await texts(page, names), await texts(page, place)) == (["qdrant", "embedder", "gateway"], ["1–3 of 7"])
    await page.press("p99, ms", ".bk-data-table")
    assert await texts(page, names) == ["web", "gateway", "queue"]  # by value: "8.25" is less than "19"
    assert await page.evaluate("document.querySelector('th[aria-sort=ascending]').innerText") == "p99, ms\n↑"
    await page.press("›", ".bk-data-table")
    assert (await texts(page, names), await texts(page, place)) == (["indexer", "embedder", "qdrant"], ["4–6 of 7"])
    await page.press("p99, ms", ".bk-data-table")
    assert await texts(page, names) == ["ranker", "qdrant", "embedder"]
    await type_into(page, ".filter", "ER")
    assert (await texts(page, names), await texts(page, place)) == (["ranker", "embedder", "indexer"], ["1–3 of 3"])


async def test_charts_say_their_values_and_differ_without_colour(hung: Wall, page: Page) -> None:
    await hung.hang(CHARTS)
    await see(hung, page)
    summary = await page.evaluate("document.querySelector('.chart-line svg[role=group]').getAttribute('aria-label')")
    assert "p99 from 80 to 88, highest 620" in summary
    await page.evaluate("document.querySelectorAll('.chart-line .reader')[4].dispatchEvent(new Event('mouseenter'))")
    assert await page.text(".chart-line .chart-values") == "12:00: p50 95, p99 620"
    await page.evaluate("document.querySelectorAll('.chart-pie .slice')[1].focus()")
    assert await page.text(".chart-pie .chart-values") == "Deciding 9, 45 %"
    dashes = "[...document.querySelectorAll('.chart-canvas polyline')].map(it => it.getAttribute('stroke-dasharray'))"
    assert (await page.evaluate(dashes))[:2] == [None, "7 4"]
    hatches = "[...document.querySelectorAll('.chart-pie .chart-canvas pattern')].map(it => it.innerHTML)"
    assert len(set(await page.evaluate(hatches))) == 4
    titles = "[...document.querySelectorAll('.chart-bar .axis-title')].map(it => it.textContent)"
    assert await page.evaluate(titles) == ["Time, UTC", "errors a minute"]


async def test_attachments_have_their_bar_and_fold_long_text(hung: Wall, page: Page) -> None:
    await hung.hang(ATTACHMENTS)
    await see(hung, page)
    assert (await style(page, ".attachment", "borderInlineStartColor"))[:5] == [
        "rgb(46, 184, 134)", "rgb(218, 160, 56)", "rgb(163, 2, 0)", "rgb(47, 111, 181)", "rgb(141, 141, 141)",
    ]  # fmt: skip
    assert await texts(page, ".legacy-fields dt") == ["Size", "Took", "Failed"]
    assert "Only a fallback" in await page.text("#messages")
    assert "A report of the old kind" in await page.text("#messages")
    folded = len(await page.text(".attachment-box:last-of-type .legacy > div"))
    await page.press("Show more", "#messages")
    assert folded < 730 < len(await page.text(".attachment-box:last-of-type .legacy > div"))
    await page.press("Show less", "#messages")


async def test_choices_reach_the_bot(hung: Wall, page: Page) -> None:
    await hung.hang(CONTROLS)
    await see(hung, page)
    await page.choose("[data-action=size]", "critical")
    assert (await action_heard(hung, "size"))["selected_option"]["value"] == "critical"
    await page.choose("[data-action=who]", cast.CHI)
    assert (await action_heard(hung, "who"))["selected_user"] == cast.CHI
    await page.choose("[data-action=day]", "2026-03-01")
    assert (await action_heard(hung, "day"))["selected_date"] == "2026-03-01"
    await page.evaluate("document.querySelectorAll('[data-action=checked] input')[1].click()")
    chosen = (await action_heard(hung, "checked"))["selected_options"]
    assert [option["value"] for option in chosen] == ["minor", "graphs"]
    await page.evaluate(
        "const it = document.querySelector('[data-action=several]'); it.open = true;"
        "it.querySelectorAll('input')[0].click(); it.querySelectorAll('input')[2].click(); it.open = false"
    )
    several = (await action_heard(hung, "several"))["selected_options"]
    assert [option["value"] for option in several] == ["minor", "critical"]
    await page.evaluate("document.querySelector('[data-action=useful] button').click()")
    assert (await action_heard(hung, "useful"))["value"] == "yes"
    assert "Only for Dee" not in await page.text("#messages")


async def test_an_input_on_a_message_tells_the_bot_on_enter(hung: Wall, page: Page) -> None:
    await hung.hang({"note": CONTROLS["note"]})
    await see(hung, page)
    await type_into(page, "[data-block=note] input", "seen it")
    await key(page, "Enter")
    assert (await action_heard(hung, "note.value"))["value"] == "seen it"


async def test_overflow_is_walked_by_keyboard(hung: Wall, page: Page) -> None:
    await hung.hang({"card": LAYOUT["card"]})
    await see(hung, page)
    await page.evaluate("document.querySelector('[data-action=more] > button').focus()")
    await key(page, "ArrowDown")
    await key(page, "Escape")
    focused = "document.activeElement === document.querySelector('[data-action=more] > button')"
    assert await page.evaluate(focused)
    assert await page.evaluate("document.querySelector('[data-action=more] ul').hidden")
    await key(page, "ArrowDown")
    await key(page, "ArrowDown")
    await page.evaluate("document.activeElement.click()")
    assert (await action_heard(hung, "more"))["selected_option"]["value"] == "hand over"


async def test_a_declined_confirmation_sends_nothing(hung: Wall, page: Page) -> None:
    await hung.hang({"card": LAYOUT["card"]})
    await see(hung, page)
    await page.evaluate("document.querySelector('[data-action=restart]').focus()")
    await page.press("Restart qdrant…", "#messages")
    await page.shows("Searches fail for about 20 seconds.", "#confirm")
    assert await page.evaluate("document.activeElement.innerText") == "Keep it"
    await key(page, "Escape")
    assert not await page.evaluate("document.querySelector('#confirm').open")
    assert await page.evaluate("document.activeElement.dataset.action") == "restart"
    assert heard(hung, "block_actions") == []
    await page.press("Restart qdrant…", "#messages")
    await page.press("Restart", "#confirm")
    assert (await action_heard(hung, "restart"))["value"] == "01"


async def test_modal_holds_focus_and_gives_it_back(hung: Wall, page: Page) -> None:
    await hung.hang({"card": LAYOUT["card"]})
    await see(hung, page)
    await page.evaluate("document.querySelector('[data-action=ack]').focus()")
    await hung.open_modal(MODAL)
    await page.shows("Declare an incident", "#modal")
    assert await page.evaluate("document.activeElement.closest('[data-block]').dataset.block") == "story"
    await page.evaluate("document.querySelector('[data-block=several] summary').focus()")
    await page.evaluate("document.activeElement.click()")
    await key(page, "Escape")  # closes the list, not the modal
    assert not await page.evaluate("document.querySelector('[data-block=several] details').open")
    assert await page.evaluate("document.querySelector('#modal').open")
    await page.evaluate("document.querySelector('#modal .modal-close').focus()")
    await key(page, "Tab", shift=True)
    assert await page.evaluate("document.activeElement.innerText") == "Declare"
    await key(page, "Tab")
    assert await page.evaluate("document.activeElement.className") == "modal-close"
    await key(page, "Escape")
    closed = "!document.querySelector('#modal').open"
    await wait_until(lambda: page.evaluate(closed), description="the modal is closed")
    assert await page.evaluate("document.activeElement.dataset.action") == "ack"


async def test_modal_sends_what_was_entered(hung: Wall, page: Page) -> None:
    await hung.hang({"card": LAYOUT["card"]})
    await see(hung, page)
    await hung.open_modal(MODAL)
    await page.shows("Declare an incident", "#modal")
    await type_into(page, "[data-block=title] input", "Searches fail")
    await type_into(page, "[data-block=count] input", "many")
    await type_into(page, "[data-block=rich] textarea", "Seen by two")
    await page.choose("[data-block=service] select", "gateway")
    await page.choose("[data-block=where] select", cast.INCIDENTS)
    await page.choose("[data-block=moment] input", "2026-01-02T03:04")
    await page.evaluate("document.querySelectorAll('[data-block=checked] input')[1].click()")
    assert "use this field in Slack" in await page.text("[data-block=files]")
    await page.press("Declare", "#modal .modal-foot")
    await page.shows("Please enter a number.", "[data-block=count]")
    assert heard(hung, "view_submission") == []
    assert await page.evaluate("document.activeElement.getAttribute('aria-invalid')") == "true"
    await page.evaluate("document.querySelector('[data-block=count] input').value = ''")
    await type_into(page, "[data-block=count] input", "40")
    await page.press("Declare", "#modal .modal-foot")
    await wait_until(lambda: heard(hung, "view_submission"), description="the bot hears the submission")
    values = heard(hung, "view_submission")[0]["view"]["state"]["values"]
    held = {block: next(iter(actions.values())) for block, actions in values.items()}
    moment = await page.evaluate("new Date('2026-01-02T03:04').getTime() / 1000")
    assert held["title"]["value"] == "Searches fail"
    assert held["count"]["value"] == "40"
    assert held["service"]["selected_option"]["value"] == "gateway"
    assert held["where"]["selected_conversation"] == cast.INCIDENTS
    assert held["people"]["selected_users"] == [cast.BEN, cast.CHI]
    assert held["moment"]["selected_date_time"] == moment
    assert [option["value"] for option in held["checked"]["selected_options"]] == ["logs"]
    assert held["rich"]["rich_text_value"]["elements"][0]["elements"][0]["text"] == "Seen by two"


async def test_errors_stand_at_their_field_and_what_was_typed_stays(hung: Wall, page: Page) -> None:
    await hung.hang({"card": LAYOUT["card"]})
    await see(hung, page)
    await hung.open_modal(SHORT_MODAL)
    await page.shows("Declare an incident", "#modal")
    await page.press("Declare", "#modal .modal-foot")
    await page.shows("Please complete this required field.", "[data-block=title] .error")
    await type_into(page, "[data-block=title] input", "Searches fail")
    errors = {"response_action": "errors", "errors": {"title": "There is one already: INC-7"}}
    hung.bot.answers(httpx.Response(200, json=errors))
    await page.press("Declare", "#modal .modal-foot")
    await page.shows("There is one already: INC-7", "[data-block=title] .error")
    assert await page.evaluate("document.querySelector('[data-block=title] input').value") == "Searches fail"
    described = "document.activeElement.getAttribute('aria-describedby').split(' ')[0]"
    assert await page.evaluate(f"document.getElementById({described}).innerText") == "There is one already: INC-7"


async def test_an_update_keeps_what_was_typed_and_chosen(hung: Wall, page: Page) -> None:
    await hung.hang({"card": LAYOUT["card"]})
    await see(hung, page)
    await hung.open_modal(MODAL)
    await page.shows("Declare an incident", "#modal")
    await type_into(page, "[data-block=title] input", "Searches fail")
    await page.evaluate("document.querySelectorAll('[data-block=bad] input')[1].click()")
    view_id = await page.evaluate("document.querySelector('#modal').dataset.view")
    added = {"type": "section", "block_id": "added", "text": {"type": "plain_text", "text": "Ben looks at it already"}}
    await hung.call("views.update", view_id=view_id, view={**MODAL, "blocks": [added, *MODAL["blocks"]]})
    await page.shows("Ben looks at it already", "#modal")
    assert await page.evaluate("document.querySelector('[data-block=title] input').value") == "Searches fail"
    assert await page.evaluate("document.querySelector('[data-block=bad] input:checked').value") == "major"


async def test_external_select_asks_the_bot(hung: Wall, page: Page) -> None:
    await hung.hang({"card": LAYOUT["card"]})
    await see(hung, page)
    await hung.open_modal(MODAL)
    await page.shows("Declare an incident", "#modal")
    option = {"text": {"type": "plain_text", "text": "Restart a service"}, "value": "restart"}
    hung.bot.answers(httpx.Response(200, json={"options": [option]}))
    await type_into(page, "[data-block=found] input", "res")
    await page.shows("Restart a service", "[data-block=found] [role=listbox]")
    await key(page, "ArrowDown")
    await key(page, "Enter")
    assert await texts(page, "[data-block=found] .token") == ["Restart a service\n✕"]
    assert heard(hung, "block_suggestion")[0]["value"] == "res"


async def test_frames_name_what_they_hold_and_fetch_nothing(hung: Wall, page: Page) -> None:
    file_id = await hung.upload("memory.png", picture())
    await hung.hang({**FRAMES, **pictures(file_id)})
    await see(hung, page)
    await wait_until(
        lambda: page.evaluate(
            "[...document.querySelectorAll('.bk-whole, .bk-thumb')].every(it => it.naturalWidth === 96)"
        ),
        description="the held picture is shown",
    )
    shown = await page.text("#messages")
    assert "A picture elsewhere\nAn image elsewhere, not fetched: example.com" in shown
    assert "Plays at example.com" in shown
    assert "folded away" not in shown
    assert await texts(page, ".plan-title + .soft") == ["1 of 3 done"]
    labels = "[...document.querySelectorAll('.task-mark')].map(it => it.getAttribute('aria-label'))"
    assert await page.evaluate(labels) == ["Done", "Under way", "Waiting", "Failed"]
    origins = "[...new Set(performance.getEntriesByType('resource').map(it => new URL(it.name).origin))]"
    assert await page.evaluate(origins) == [hung.url]


async def test_home_shows_what_was_published(hung: Wall, page: Page) -> None:
    await hung.publish_home(HOME)
    await see(hung, page, place="home")
    assert (await texts(page, "#messages .bk-header"))[0] == "Your platform"
    await page.press("Take it", "#messages")
    assert (await action_heard(hung, "ack"))["value"] == "01"


async def test_what_the_page_does_not_know_is_named(hung: Wall, page: Page) -> None:
    await hung.hang({"headers": LAYOUT["headers"]})
    await see(hung, page)
    render = "import('/static/blocks.js').then(it => it.renderBlocks([{type: 'hologram'}], () => {}).innerText)"
    assert "hologram" in await page.evaluate(render)
    assert await texts(page, ".bk-section") == ["Plain text is *never* parsed: <@U0BEN> & #general"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_everything_can_be_read_named_and_reached(hung: Wall, page: Page, scheme: str) -> None:
    await hung.hang(EVERYTHING)
    await see(hung, page, scheme=scheme)
    assert await poor_contrast(page, "#messages") == []
    assert await nameless(page, "#messages") == []
    for root in ("#messages .blocks", "#messages .bk-data-table", "#messages .chart-pie", "#messages .bk-carousel"):
        assert await unseen_focus(page, root) == []
    await hung.open_modal(MODAL)
    await page.shows("Declare an incident", "#modal")
    assert await poor_contrast(page, "#modal") == []
    assert await nameless(page, "#modal") == []
    assert await unseen_focus(page, "#modal") == []


async def test_nothing_is_wider_than_a_phone(hung: Wall, page: Page) -> None:
    file_id = await hung.upload("memory.png", picture())
    await hung.hang({**EVERYTHING, **pictures(file_id)})
    await see(hung, page, width=390)
    assert not await page.overflows()
    wide = "document.querySelector('#messages').scrollWidth > document.querySelector('#messages').clientWidth"
    assert not await page.evaluate(wide)
    assert await style(page, ".fields", "gridTemplateColumns") != []
    assert all(" " not in columns for columns in await style(page, ".fields", "gridTemplateColumns"))
    await hung.open_modal(MODAL)
    await page.shows("Declare an incident", "#modal")
    assert not await page.evaluate("document.querySelector('#modal .modal-body').scrollWidth > 390")
