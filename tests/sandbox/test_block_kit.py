"""Block Kit's limits, each just inside and just outside."""

from __future__ import annotations

from typing import Any

import pytest

from bot.sandbox import cast
from bot.sandbox.block_kit import check_message, check_view
from tests.sandbox.stage import Stage, actions, button, modal, mrkdwn, plain, section, text_input

Blocks = list[dict[str, Any]]


def option(text: str = "One", value: str = "1") -> dict[str, Any]:
    return {"text": plain(text), "value": value}


def menu(kind: str = "static_select", **more: Any) -> Blocks:
    return [actions({"type": kind, "action_id": "m", **more})]


def chart(points: int = 2, *, title: str = "Load", series: int = 1, extra_label: str = "") -> dict[str, Any]:
    labels = [str(number) for number in range(points)]
    data = [{"label": label, "value": 1.5} for label in labels]
    if extra_label:
        data[-1]["label"] = extra_label
    lines = [{"name": f"s{number}", "data": data} for number in range(series)]
    spec = {"type": "line", "series": lines, "axis_config": {"categories": labels}}
    return {"type": "data_visualization", "title": title, "chart": spec}


def table(rows: int, columns: int, text: str = "x", kind: str = "table", **more: Any) -> dict[str, Any]:
    return {"type": kind, "rows": [[{"type": "raw_text", "text": text}] * columns for _ in range(rows)], **more}


def rich(text: str) -> Blocks:
    part = {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": text}]}
    return [{"type": "rich_text", "elements": [part]}]


CONFIRM = {"title": plain("Sure?"), "text": mrkdwn("It stops."), "confirm": plain("Stop"), "deny": plain("Cancel")}
ALLOWED: dict[str, Blocks] = {
    "50 blocks": [{"type": "divider"}] * 50,
    "section of 3000": [section("x" * 3000)],
    "10 fields": [{"type": "section", "fields": [mrkdwn("x" * 200)] * 10}],
    "header of 150": [{"type": "header", "text": plain("x" * 150), "level": 2}],
    "25 buttons": [actions(*(button(f"a{n}") for n in range(25)))],
    "button with everything": [actions(button(style="danger", confirm=CONFIRM, url="https://example.com"))],
    "5 in overflow": menu("overflow", options=[option(str(n)) for n in range(5)]),
    "100 options": menu(options=[option(str(n), str(n)) for n in range(100)]),
    "initial option": menu(options=[option()], initial_option=option()),
    "context of 10": [{"type": "context", "elements": [mrkdwn("x")] * 10}],
    "rich text": rich("log line"),
    "table": [table(100, 20)],
    "data table": [table(201, 2, kind="data_table", caption="All")],
    "chart": [chart(20), chart(2, series=12)],
    "image": [{"type": "image", "image_url": "https://example.com/x.png", "alt_text": "x"}],
    "container": [{"type": "container", "title": plain("More"), "child_blocks": [section()] * 10}],
    "verbatim": [{"type": "section", "text": {**mrkdwn("x"), "verbatim": True}}],
}
REFUSED: dict[str, tuple[Blocks, str]] = {
    "51 blocks": ([{"type": "divider"}] * 51, "/blocks"),
    "unknown type": ([{"type": "blink"}], "/blocks/0/type"),
    "file block": ([{"type": "file"}], "/blocks/0/type"),
    "modal-only block": ([{"type": "alert", "text": plain("x")}], "/blocks/0/type"),
    "unknown field": ([{**section(), "colour": "red"}], "/blocks/0"),
    "section of 3001": ([section("x" * 3001)], "/blocks/0/text/text"),
    "empty text": ([section("")], "/blocks/0/text/text"),
    "section without content": ([{"type": "section"}], "/blocks/0"),
    "11 fields": ([{"type": "section", "fields": [mrkdwn("x")] * 11}], "/blocks/0/fields"),
    "field of 2001": ([{"type": "section", "fields": [mrkdwn("x" * 2001)]}], "/blocks/0/fields/0/text"),
    "header of 151": ([{"type": "header", "text": plain("x" * 151)}], "/blocks/0/text/text"),
    "mrkdwn header": ([{"type": "header", "text": mrkdwn("x")}], "/blocks/0/text/type"),
    "emoji on mrkdwn": ([{"type": "section", "text": {**mrkdwn("x"), "emoji": True}}], "/blocks/0/text"),
    "verbatim on plain": ([{"type": "header", "text": {**plain("x"), "verbatim": True}}], "/blocks/0/text"),
    "26 buttons": ([actions(*(button(f"a{n}") for n in range(26)))], "/blocks/0/elements"),
    "same action twice": ([actions(button(), button())], "/blocks/0/elements"),
    "same block id": ([{**section(), "block_id": "b"}, {**section(), "block_id": "b"}], "/blocks"),
    "block id of 256": ([{**section(), "block_id": "b" * 256}], "/blocks/0/block_id"),
    "button text of 76": ([actions(button(text="x" * 76))], "/blocks/0/elements/0/text/text"),
    "button value of 2001": ([actions(button(value="x" * 2001))], "/blocks/0/elements/0/value"),
    "button style": ([actions(button(style="green"))], "/blocks/0/elements/0/style"),
    "confirm title of 101": (
        [actions(button(confirm={**CONFIRM, "title": plain("x" * 101)}))],
        "/blocks/0/elements/0/confirm/title/text",
    ),
    "6 in overflow": (menu("overflow", options=[option(str(n)) for n in range(6)]), "/blocks/0/elements/0/options"),
    "101 options": (menu(options=[option()] * 101), "/blocks/0/elements/0/options"),
    "option value of 151": (menu(options=[option(value="x" * 151)]), "/blocks/0/elements/0/options/0/value"),
    "option text of 76": (menu(options=[option("x" * 76)]), "/blocks/0/elements/0/options/0/text/text"),
    "foreign initial option": (
        menu(options=[option()], initial_option=option("Two", "2")),
        "/blocks/0/elements/0/initial_option",
    ),
    "placeholder of 151": (
        menu(options=[option()], placeholder=plain("x" * 151)),
        "/blocks/0/elements/0/placeholder/text",
    ),
    "input inside actions": ([actions({"type": "plain_text_input", "action_id": "a"})], "/blocks/0/elements/0/type"),
    "datetimepicker as accessory": (
        [{**section(), "accessory": {"type": "datetimepicker", "action_id": "d"}}],
        "/blocks/0/accessory/type",
    ),
    "11 in context": ([{"type": "context", "elements": [mrkdwn("x")] * 11}], "/blocks/0/elements"),
    "image without alt": ([{"type": "image", "image_url": "https://example.com/x.png"}], "/blocks/0"),
    "image without source": ([{"type": "image", "alt_text": "x"}], "/blocks/0"),
    "101 rows": ([table(101, 1)], "/blocks/0/rows"),
    "table of 10001": ([table(2, 1, "x" * 5001)], "/blocks"),
    "data table uneven": (
        [{**table(2, 2, kind="data_table", caption="x"), "rows": [[{"type": "raw_text", "text": "x"}], []]}],
        "/blocks/0/rows/1",
    ),
    "data table without caption": ([table(2, 2, kind="data_table")], "/blocks/0"),
    "21 points": ([chart(21)], "/blocks/0/chart/series/0/data"),
    "13 series": ([chart(2, series=13)], "/blocks/0/chart/series"),
    "foreign category": ([chart(extra_label="other")], "/blocks/0/chart/series/0/data"),
    "chart title of 51": ([chart(title="x" * 51)], "/blocks/0/title"),
    "3 charts": ([chart()] * 3, "/blocks"),
    "empty rich text": (rich(""), "/blocks/0/elements/0/elements/0/text"),
    "11 in container": (
        [{"type": "container", "title": plain("x"), "child_blocks": [section()] * 11}],
        "/blocks/0/child_blocks",
    ),
}


@pytest.mark.parametrize("blocks", ALLOWED.values(), ids=ALLOWED.keys())
def test_message_inside_the_limits_is_accepted(blocks: Blocks) -> None:
    assert check_message(blocks, []).problems == []


@pytest.mark.parametrize(("blocks", "pointer"), REFUSED.values(), ids=REFUSED.keys())
def test_message_over_a_limit_is_refused_with_its_pointer(blocks: Blocks, pointer: str) -> None:
    verdict = check_message(blocks, [])
    assert verdict.error == "invalid_blocks"
    assert any(f"[json-pointer:{pointer}]" in line for line in verdict.problems), verdict.problems


def test_total_text_over_13000_characters_is_too_long() -> None:
    assert check_message([section("x" * 2600)] * 5, []).error is None
    assert check_message([section("x" * 2601)] * 5, []).error == "msg_blocks_too_long"


def test_text_of_attachments_counts_towards_the_total() -> None:
    attachment = {"color": "good", "blocks": [section("x" * 2601)] * 5}
    assert check_message([], [attachment]).error == "msg_blocks_too_long"


def test_attachment_with_blocks_takes_no_other_content() -> None:
    verdict = check_message([], [{"blocks": [section()], "text": "also"}])
    assert verdict.error == "invalid_attachments"


def test_block_inside_an_attachment_is_checked() -> None:
    verdict = check_message([], [{"blocks": [section("")]}])
    assert "json-pointer:/attachments/0/blocks/0/text/text" in verdict.problems[0]


@pytest.mark.parametrize(
    ("view", "pointer"),
    [
        (modal(section(), title=plain("x" * 25)), "/view/title/text"),
        (modal(section(), submit=plain("x" * 25)), "/view/submit/text"),
        (modal(section(), close=plain("x" * 25)), "/view/close/text"),
        (modal(section(), callback_id="x" * 256), "/view/callback_id"),
        (modal(section(), private_metadata="x" * 3001), "/view/private_metadata"),
        (modal(*[section()] * 101), "/view/blocks"),
        (modal(section(), submit_disabled=True), "/view"),
        (modal(text_input(), submit=None), "/view"),
        (modal({"type": "markdown", "text": "x"}), "/view/blocks/0/type"),
        (modal(section(), type="home"), "/view/type"),
    ],
)
def test_modal_over_a_limit_is_refused_with_its_pointer(view: dict[str, Any], pointer: str) -> None:
    verdict = check_view(view, "modal")
    assert verdict.error == "invalid_arguments"
    assert any(f"[json-pointer:{pointer}]" in line for line in verdict.problems), verdict.problems


def test_home_view_takes_no_title() -> None:
    assert check_view({"type": "home", "blocks": [], "title": plain("x")}, "home").error == "invalid_arguments"


def test_view_over_250_kb_is_too_large() -> None:
    assert check_view(modal(section("x" * 251_000)), "modal").error == "view_too_large"


async def test_refused_blocks_name_the_field_in_the_answer(stage: Stage) -> None:
    answer = await stage.call("chat.postMessage", channel=cast.INCIDENTS, text="x", blocks=[section("")])
    assert answer["error"] == "invalid_blocks"
    assert "[json-pointer:/blocks/0/text/text]" in answer["response_metadata"]["messages"][0]


async def test_update_is_checked_as_well(stage: Stage) -> None:
    message = await stage.posted()
    answer = await stage.call(
        "chat.update", channel=cast.INCIDENTS, ts=message["ts"], text="x", blocks=[{"type": "blink"}]
    )
    assert answer["error"] == "invalid_blocks"


async def test_workspace_can_refuse_charts(stage: Stage) -> None:
    await stage.chat.configure(refused_blocks=["data_visualization"])
    answer = await stage.call("chat.postMessage", channel=cast.INCIDENTS, text="x", blocks=[chart()])
    assert answer["error"] == "invalid_blocks"
