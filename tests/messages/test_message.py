"""A message stays within Slack's totals, and its colour reaches Slack as a bar."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.messages.blocks import button, context, option, section, table
from bot.messages.message import Colour, Message, compose, to_payload
from bot.messages.mrkdwn import escape
from bot.messages.plain import to_plain
from tests.messages.slack_checks import check, words_of


@given(st.lists(st.integers(min_value=1, max_value=4_000), max_size=120))
def test_what_does_not_fit_is_left_out_and_counted(sizes: list[int]) -> None:
    body = [section(escape("x" * size)) for size in sizes]
    message = compose(escape("A list."), [section(escape("head"))], body, [context(escape("tail"))])
    check(message)
    shown = len(message.blocks) - 2
    if shown < len(body) or len(message.blocks) != len(body) + 2:
        assert f"{len(body) - (shown - 1)} more parts are not shown" in words_of(message)
    assert words_of(message).endswith("tail")


def test_a_coloured_message_says_its_sentence_as_the_fallback_of_its_bar() -> None:
    message = compose(escape("It burns."), [section(escape("It burns"))], colour=Colour.RED)
    assert to_payload(message) == {
        "text": "",
        "blocks": [],
        "attachments": [{"color": "#a30200", "fallback": "It burns.", "blocks": list(message.blocks)}],
    }


def test_a_plain_message_has_no_attachment() -> None:
    message = compose(escape("Well."), [section(escape("Well"))])
    assert to_payload(message) == {"text": "Well.", "blocks": list(message.blocks), "attachments": []}


def test_a_value_that_is_too_long_is_our_own_mistake() -> None:
    with pytest.raises(ValueError, match="at most"):
        button("Go", "go", "x" * 2_001)
    with pytest.raises(ValueError, match="at most"):
        option("Go", "x" * 76)


@given(st.lists(st.text(max_size=2_000), max_size=150))
def test_a_table_shows_as_many_rows_as_fit(cells: list[str]) -> None:
    block, shown = table(("one", "two"), ((cell, cell) for cell in cells))
    message = Message("A table.", (block,))
    check(message)
    assert shown <= len(cells)


def test_a_message_without_readable_blocks_is_read_by_its_sentence() -> None:
    assert to_plain(Message("&lt;Well&gt; *done*.", ())) == "<Well> done."
