"""The judge of every message a test sends is awake: it sees all builders and stand-ins; a planted error fails."""

from __future__ import annotations

import asyncio
import inspect
import pkgutil
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest

import bot.messages
from bot.messages.message import Message
from bot.sandbox.client import SandboxClient
from tests.sandbox.stage import Stage, button, modal, plain, section, served, text_input
from tests.sandbox.test_block_kit import ALLOWED, chart, table
from tests.sent_plugin import WATCHED, Sent, watch_builders
from tests.slack_models import NEWER_BLOCKS, NEWER_FIELDS, complaints_about_blocks, complaints_about_view

BAD_HEADER: dict[str, Any] = {"type": "header", "text": plain("x" * 151)}
BAD_CALL = {"method": "chat.postMessage", "args": {"channel": "C0INC", "blocks": [BAD_HEADER]}, "answer": {"ok": True}}
BAD: dict[str, tuple[dict[str, Any], str]] = {
    "unknown block": ({"type": "blink"}, "/blocks/0"),
    "unknown key of a block": (section() | {"colour": "red"}, "/blocks/0"),
    "unknown key of an element": ({"type": "actions", "elements": [button(colour="red")]}, "/blocks/0"),
    "too long": (BAD_HEADER, "/blocks/0"),
    "uneven data table": (
        table(2, 2, kind="data_table", caption="x")
        | {"rows": [[{"type": "raw_text", "text": "x"}], [{"type": "raw_text", "text": "x"}] * 2]},
        "/blocks/0",
    ),
    "data table without caption": (table(2, 2, kind="data_table"), "/blocks/0"),
    "chart of 21 points": (chart(21), "/blocks/0"),
    "chart of a foreign category": (chart(extra_label="other"), "/blocks/0"),
    "unknown key of a chart": (chart() | {"colour": "red"}, "/blocks/0"),
    "header level 5": ({"type": "header", "text": plain("x"), "level": 5}, "/blocks/0/level"),
}

_PLANTED = """
    from tests.sent_plugin import SENT

    def test_that_looks_at_something_else():
        words = {"type": "plain_text", "text": "x" * 151}
        SENT.message({"text": "x", "blocks": [{"type": "header", "text": words}]}, "planted")

    def test_that_sends_what_slack_takes():
        SENT.message({"text": "x", "blocks": [{"type": "divider"}]}, "planted")
"""


def test_a_planted_bad_message_fails_the_test_that_sent_it(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(_PLANTED)
    result = pytester.runpytest_inprocess("-p", "tests.sent_plugin")
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(
        ["*Slack would refuse what this test sent:", "planted: invalid_blocks:*/blocks/0/text*"]
    )


@pytest.mark.parametrize(("block", "pointer"), BAD.values(), ids=BAD.keys())
def test_the_models_alone_find_what_is_wrong(block: dict[str, Any], pointer: str) -> None:
    assert any(line.startswith(pointer) for line in complaints_about_blocks([block], "/blocks"))


@pytest.mark.parametrize("blocks", ALLOWED.values(), ids=ALLOWED.keys())
def test_what_the_standin_takes_the_models_take_too(blocks: list[dict[str, Any]]) -> None:
    assert complaints_about_blocks(blocks, "/blocks") == []


def test_every_newer_block_and_field_is_unknown_to_the_sdk() -> None:
    """A row that the SDK has caught up with is dead: its own class should judge."""
    from slack_sdk.models.blocks import Block

    header = Block.parse({"type": "header", "text": plain("x"), "level": 2})
    assert [Block.parse({"type": name}) for name in NEWER_BLOCKS] == [None] * len(NEWER_BLOCKS)
    assert header is not None
    assert ("level" in header.to_dict()) is (("header", "level") not in NEWER_FIELDS)


@pytest.mark.parametrize(
    "view",
    [
        modal(section(), title=plain("x" * 25)),
        modal(text_input(), submit=None),
        modal(section(), colour="red"),
        modal(BAD_HEADER),
        modal(),
    ],
    ids=["long title", "input without submit", "unknown key", "bad block", "no blocks"],
)
def test_a_bad_view_is_complained_about(view: dict[str, Any]) -> None:
    assert complaints_about_view(view)


def test_every_builder_of_a_message_or_a_view_is_watched() -> None:
    builders = {
        f"{module.__name__}.{name}"
        for module in (import_module(it.name) for it in pkgutil.iter_modules(bot.messages.__path__, "bot.messages."))
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_") and _makes(function)
    }
    assert builders <= WATCHED
    assert {"bot.messages.cards.render_card", "bot.messages.modals.deny_view", "bot.messages.home.home_view"} <= WATCHED


def _makes(function: Any) -> bool:
    returned = str(inspect.signature(function).return_annotation)
    return returned.split(" |")[0] in {"Message", "View"}


def test_a_bad_result_of_a_builder_is_noted() -> None:
    def bad() -> Message:
        return Message("x", (BAD_HEADER,))

    module, sent = ModuleType("planted"), Sent()
    bad.__module__ = module.__name__
    module.__dict__["bad"] = bad
    watch_builders(module, sent)
    module.__dict__["bad"]()
    WATCHED.discard("planted.bad")
    assert "planted.bad: invalid_blocks" in sent.take()[0]


def test_a_bad_call_that_a_standin_took_is_noted_and_a_refused_one_is_not() -> None:
    sent = Sent()
    sent.calls([BAD_CALL])
    noted = sent.take()
    sent.calls([BAD_CALL | {"answer": {"ok": False, "error": "invalid_blocks"}}])
    assert (bool(noted), sent.take()) == (True, [])


@pytest.mark.parametrize(
    "answer",
    [
        '{"text": "x", "blocks": [{"type": "blink"}]}',
        '{"response_action": "update", "view": {"type": "modal", "blocks": []}}',
    ],
)
def test_a_bad_answer_to_a_delivery_is_noted(answer: str) -> None:
    sent = Sent()
    sent.deliveries([{"kind": "/ops", "attempts": [{"url": "socket:1", "status": 200, "answer": answer}]}])
    assert sent.take()


async def test_a_client_that_leaves_has_everything_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = asyncio.Event()
    monkeypatch.setattr("tests.sent_plugin.SENT.calls", lambda _: looked.set())
    async with served() as (url, _), SandboxClient(url):
        pass
    assert looked.is_set()


async def test_a_standin_in_process_is_looked_at_when_it_closes(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr("tests.sent_plugin.SENT.calls", seen.extend)
    await stage.posted()
    await stage.sandbox.close()
    assert [call["method"] for call in seen] == ["chat.postMessage"]
