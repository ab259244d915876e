"""Block Kit's limits, each just inside and just outside."""

from __future__ import annotations

from typing import Any

import pytest

from bot.sandbox import cast
from bot.sandbox.block_kit import check_message, check_options, check_view
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


def rich_cell(text: str) -> dict[str, Any]:
    part = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    return {"type": "rich_text", "elements": [part]}


def card(**more: Any) -> dict[str, Any]:
    return {"type": "card", "title": mrkdwn("Qdrant"), **more}


def task(status: str = "in_progress", **more: Any) -> dict[str, Any]:
    return {"type": "task_card", "task_id": "t1", "title": "Restart", "status": status, **more}


def pie(*values: float) -> dict[str, Any]:
    segments = [{"label": str(number), "value": value} for number, value in enumerate(values)]
    return {"type": "data_visualization", "title": "Disk", "chart": {"type": "pie", "segments": segments}}


def icon(action_id: str = "drop") -> dict[str, Any]:
    return {"type": "icon_button", "icon": "trash", "text": plain("Delete"), "action_id": action_id}


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
    "pie of 12": [pie(*range(1, 13))],
    "card": [card(subtitle=mrkdwn("x" * 150), body=mrkdwn("x" * 200), actions=[button(f"a{n}") for n in range(3)])],
    "carousel of 10": [{"type": "carousel", "elements": [card()] * 10}],
    "icon buttons": [{"type": "context_actions", "elements": [icon(f"d{n}") for n in range(5)]}],
    "plan with a pending task": [{"type": "plan", "title": "Restart", "tasks": [task("pending"), task("complete")]}],
    "task with details": [
        task(details=rich_cell("going on"), sources=[{"type": "url", "url": "https://x", "text": "x"}])
    ],
    "markdown of 12000": [{"type": "markdown", "text": "x" * 12_000}],
    "table with null columns": [table(2, 2, column_settings=[None, {"align": "right", "is_wrapped": True}])],
    "data table page": [table(2, 2, kind="data_table", caption="All", page_size=100)],
    "rich cells": [{"type": "table", "rows": [[rich_cell("x")]]}],
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
    "header of level 5": ([{"type": "header", "text": plain("x"), "level": 5}], "/blocks/0/level"),
    "pie of 13": ([pie(*range(1, 14))], "/blocks/0/chart/segments"),
    "slice of 0": ([pie(1, 0)], "/blocks/0/chart/segments/1/value"),
    "series name of 21": (
        [
            chart()
            | {
                "chart": chart()["chart"]
                | {"series": [{"name": "x" * 21, "data": chart()["chart"]["series"][0]["data"]}]}
            }
        ],
        "/blocks/0/chart/series/0/name",
    ),
    "data table of 202": ([table(202, 1, kind="data_table", caption="x")], "/blocks/0/rows"),
    "data table of one row": ([table(1, 1, kind="data_table", caption="x")], "/blocks/0/rows"),
    "data table page of 101": ([table(2, 1, kind="data_table", caption="x", page_size=101)], "/blocks/0/page_size"),
    "data table of 20001": ([table(3, 1, "x" * 7000, kind="data_table", caption="x")], "/blocks"),
    "rich header cell": (
        [{"type": "data_table", "caption": "x", "rows": [[rich_cell("x")], [rich_cell("x")]]}],
        "/blocks/0/rows/0/0",
    ),
    "21 columns": ([table(1, 21)], "/blocks/0/rows/0"),
    "card of nothing": ([{"type": "card", "subtext": mrkdwn("x")}], "/blocks/0"),
    "card title of 151": ([card(title=mrkdwn("x" * 151))], "/blocks/0/title/text"),
    "card of 4 buttons": ([card(actions=[button(f"a{n}") for n in range(4)])], "/blocks/0/actions"),
    "11 cards": ([{"type": "carousel", "elements": [card()] * 11}], "/blocks/0/elements"),
    "carousel of sections": ([{"type": "carousel", "elements": [section()]}], "/blocks/0/elements/0/type"),
    "container in a container": (
        [{"type": "container", "title": plain("x"), "child_blocks": [{"type": "container", "title": plain("x")}]}],
        "/blocks/0/child_blocks/0/type",
    ),
    "container without title": ([{"type": "container", "child_blocks": [section()]}], "/blocks/0"),
    "6 icon buttons": (
        [{"type": "context_actions", "elements": [icon(f"d{n}") for n in range(6)]}],
        "/blocks/0/elements",
    ),
    "button in context actions": ([{"type": "context_actions", "elements": [button()]}], "/blocks/0/elements/0/type"),
    "pending task alone": ([task("pending")], "/blocks/0/status"),
    "plan with an object as title": ([{"type": "plan", "title": plain("x")}], "/blocks/0/title"),
    "markdown of 12001": ([{"type": "markdown", "text": "x" * 12_001}], "/blocks/0/text"),
    "markdown of 12001 in two": ([{"type": "markdown", "text": "x" * 6_001}] * 2, "/blocks"),
    "unknown rich text": (
        [{"type": "rich_text", "elements": [{"type": "rich_text_table", "elements": []}]}],
        "/blocks/0/elements/0/type",
    ),
    "file input in a message": (
        [{"type": "input", "label": plain("x"), "element": {"type": "file_input", "action_id": "f"}}],
        "/blocks/0/element/type",
    ),
    "link without a scheme": ([actions(button(url="example.com"))], "/blocks/0/elements/0/url"),
    "image address of 3001": (
        [{"type": "image", "image_url": "https://" + "x" * 2993, "alt_text": "x"}],
        "/blocks/0/image_url",
    ),
    "two image sources": (
        [{"type": "image", "image_url": "https://x/y.png", "slack_file": {"id": "F12345678"}, "alt_text": "x"}],
        "/blocks/0",
    ),
    "number input without decimals": (
        [{"type": "input", "label": plain("x"), "element": {"type": "number_input", "action_id": "n"}}],
        "/blocks/0/element",
    ),
    "11 checkboxes": (
        [actions({"type": "checkboxes", "action_id": "c", "options": [option(str(n), str(n)) for n in range(11)]})],
        "/blocks/0/elements/0/options",
    ),
    "date as words": (
        [actions({"type": "datepicker", "action_id": "d", "initial_date": "now"})],
        "/blocks/0/elements/0/initial_date",
    ),
    "both options and groups": (
        menu(options=[option()], option_groups=[{"label": plain("x"), "options": [option()]}]),
        "/blocks/0/elements/0",
    ),
    "video title of 200": (
        [
            {
                "type": "video",
                "title": plain("x" * 200),
                "video_url": "https://x/v",
                "thumbnail_url": "https://x/t",
                "alt_text": "x",
            }
        ],
        "/blocks/0/title/text",
    ),
    "11 in container": (
        [{"type": "container", "title": plain("x"), "child_blocks": [section()] * 11}],
        "/blocks/0/child_blocks",
    ),
}


def focused(block_id: str) -> dict[str, Any]:
    block = text_input(block_id)
    return block | {"element": block["element"] | {"focus_on_load": True}}


@pytest.mark.parametrize("blocks", ALLOWED.values(), ids=ALLOWED.keys())
def test_message_inside_the_limits_is_accepted(blocks: Blocks) -> None:
    assert check_message(blocks, []).problems == []


@pytest.mark.parametrize(("blocks", "pointer"), REFUSED.values(), ids=REFUSED.keys())
def test_message_over_a_limit_is_refused_with_its_pointer(blocks: Blocks, pointer: str) -> None:
    verdict = check_message(blocks, [])
    assert verdict.error == "invalid_blocks"
    assert any(f"[json-pointer:{pointer}]" in line for line in verdict.problems), verdict.problems


def test_total_text_over_12000_characters_is_too_long() -> None:
    assert check_message([section("x" * 2400)] * 5, []).error is None
    assert check_message([section("x" * 2401)] * 5, []).error == "msg_blocks_too_long"


def test_text_of_attachments_counts_towards_the_total() -> None:
    attachment = {"color": "good", "blocks": [section("x" * 2401)] * 5}
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
        (modal(text_input("a"), text_input("b"), submit=None), "/view"),
        (modal(*[focused(name) for name in "ab"]), "/view/blocks"),
        (modal({"type": "alert", "text": plain("x" * 201)}), "/view/blocks/0/text/text"),
        (modal({"type": "alert", "text": plain("x"), "level": "loud"}), "/view/blocks/0/level"),
        (modal({"type": "carousel", "elements": [card()]}), "/view/blocks/0/type"),
        (modal(table(1, 1)), "/view/blocks/0/type"),
        (modal(chart()), "/view/blocks/0/type"),
        (modal(text_input(), submit=None), "/view"),
        (modal({"type": "markdown", "text": "x"}), "/view/blocks/0/type"),
        (modal(section(), type="home"), "/view/type"),
    ],
)
def test_modal_over_a_limit_is_refused_with_its_pointer(view: dict[str, Any], pointer: str) -> None:
    verdict = check_view(view, "modal")
    assert verdict.error == "invalid_arguments"
    assert any(f"[json-pointer:{pointer}]" in line for line in verdict.problems), verdict.problems


@pytest.mark.parametrize("part", ["title", "submit", "close"])
def test_home_view_takes_no_title_submit_or_close(part: str) -> None:
    home = {"type": "home", "blocks": [section()]}
    assert check_view(home, "home").error is None
    assert check_view(home | {part: plain("x")}, "home").error == "invalid_arguments"


def test_home_view_takes_tables_and_rich_text_input_and_no_files() -> None:
    def writing(kind: str) -> dict[str, Any]:
        return {"type": "input", "label": plain("x"), "element": {"type": kind, "action_id": "a"}}

    home = {"type": "home", "blocks": [table(1, 1), writing("rich_text_input")]}
    assert check_view(home, "home").problems == []
    assert check_view({"type": "home", "blocks": [writing("file_input")]}, "home").error == "invalid_arguments"


def test_modal_takes_an_alert_and_a_hundred_blocks() -> None:
    alert = {"type": "alert", "text": mrkdwn("x" * 200), "level": "warning"}
    assert check_view(modal(alert, *[section()] * 99), "modal").problems == []


@pytest.mark.parametrize(
    ("answer", "is_taken"),
    [
        ({"options": [option(str(n), str(n)) for n in range(100)]}, True),
        ({"option_groups": [{"label": plain("x"), "options": [option()]}]}, True),
        ({"options": [option(str(n), str(n)) for n in range(101)]}, False),
        ({"options": [option("x" * 76)]}, False),
        ({}, False),
        ({"options": [], "option_groups": []}, False),
    ],
)
def test_what_is_offered_to_an_external_select_is_checked(answer: dict[str, Any], is_taken: bool) -> None:
    assert (check_options(answer).error is None) is is_taken


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
