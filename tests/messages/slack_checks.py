"""Whether Slack would take a message, judged by its own SDK's models and by the sandbox's checker."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from bot.messages import limits
from bot.messages.blocks import text_size
from bot.messages.message import Message, to_payload
from tests.slack_models import complaints_about_message, complaints_about_view

CONTROL_FORM = re.compile(r"<[@!#][^>]*>?")
OUR_DATE = re.compile(r"<!date\^\d+\^[{}a-z_ ]+\|[0-9: UTC-]+>")
HARMFUL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def check(message: Message) -> None:
    """Fail unless Slack's models, the sandbox's checker and our totals take the message."""
    assert complaints_about_message(to_payload(message)) == []
    assert message.text.strip()
    assert len(message.text) <= limits.FALLBACK
    assert sum(map(text_size, message.blocks)) <= limits.MESSAGE_CHARACTERS
    assert len(message.blocks) <= limits.MESSAGE_BLOCKS


def check_modal(view: dict[str, object]) -> None:
    """Fail unless Slack's models and the sandbox's checker take the view."""
    assert view["type"] == "modal"
    assert complaints_about_view(view) == []


def said(part: object) -> Iterator[tuple[bool, str]]:
    """Yield every text in blocks, with whether Slack reads it as mrkdwn."""
    if isinstance(part, dict):
        if isinstance(part.get("text"), str):
            yield part.get("type") == "mrkdwn", part["text"]
        for item in part.values():
            yield from said(item)
    elif isinstance(part, list | tuple):
        for item in part:
            yield from said(item)


def calls(message: Message) -> list[str]:
    """Return every control form that is not a date of ours: what would call or link something."""
    texts = [message.text, *(text for is_mrkdwn, text in said(message.blocks) if is_mrkdwn)]
    return [form for text in texts for form in CONTROL_FORM.findall(OUR_DATE.sub("", text))]


def check_harmless(message: Message, *, calling: frozenset[str] = frozenset()) -> None:
    """Fail if the message calls anybody but ``calling``, or holds what a reader cannot see."""
    assert set(calls(message)) <= calling
    assert all(part.get("verbatim") for part in _mrkdwn_objects(message.blocks))
    for _, text in [(True, message.text), *said(message.blocks)]:
        assert not HARMFUL.search(text), repr(text)


def _mrkdwn_objects(part: object) -> Iterator[dict[str, object]]:
    if isinstance(part, dict):
        if part.get("type") == "mrkdwn":
            yield part
        for item in part.values():
            yield from _mrkdwn_objects(item)
    elif isinstance(part, list | tuple):
        for item in part:
            yield from _mrkdwn_objects(item)


def words_of(message: Message) -> str:
    """Return all text of the blocks, a text a line."""
    return "\n".join(text for _, text in said(message.blocks))


def buttons(message: Message) -> list[tuple[str, str]]:
    """Return the action ids and words of the buttons, in order; a menu's options follow its id."""
    found: list[tuple[str, str]] = []
    for block in message.blocks:
        elements: Any = block["elements"] if block["type"] == "actions" else []
        for element in elements:
            words = element["text"]["text"] if element["type"] == "button" else ""
            listed = ", ".join(option["text"]["text"] for option in element.get("options", []))
            found.append((element["action_id"], words or listed))
    return found
