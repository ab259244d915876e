"""A message, whole: the sentence for notifications and screen readers, its blocks, and the colour of its bar.

A coloured bar exists only on attachments, and beside attachments Slack shows ``text`` as a line of its own; so a
coloured message says its sentence as the attachment's fallback, and ``text`` stays empty.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.messages import limits
from bot.messages.blocks import Block, context, text_size
from bot.messages.mrkdwn import Mrkdwn, escape, say, shorten, without_mentions


class Colour(StrEnum):
    """What the bar of a card means, the same on every card."""

    RED = "#a30200"
    """Somebody is needed: nobody has it, nobody can tell, it failed, it was an emergency."""
    AMBER = "#daa038"
    """In somebody's hands, or waiting for a yes."""
    BLUE = "#2f6fb5"
    """Under way, or the impact has stopped."""
    GREEN = "#2eb886"
    """Over, and well."""
    GREY = "#8d8d8d"
    """Over, and nothing was done here."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message as the workspace shows it."""

    text: str
    """A full sentence, escaped: all that a notification shows and a screen reader reads."""
    blocks: tuple[Block, ...]
    colour: str | None = None
    """Hex; the blocks then stand inside one attachment with a bar of it."""


def compose(
    text: Mrkdwn,
    head: Iterable[Block],
    body: Iterable[Block] = (),
    tail: Iterable[Block] = (),
    *,
    colour: Colour | None = None,
) -> Message:
    """Return a message within Slack's totals: head and tail whole, of the body what fits, and a word on the rest.

    Head and tail are the caller's to keep short: what must never be lost, such as buttons.
    """
    first, middle, last = list(head), list(body), list(tail)
    fitting = _fitting(middle, used=[*first, *last])
    if fitting < len(middle):
        last = [context(say("Cut here to fit; {count} more parts are not shown.", count=len(middle) - fitting)), *last]
    blocks = (*first, *middle[:fitting], *last)
    spoken = text if text.strip() else escape("A message without words.")
    return Message(shorten(spoken, limits.FALLBACK), blocks, colour.value if colour else None)


_ROOM_FOR_LATER = 2
"""Blocks left free: the word on what was cut, and the button that shares an answer."""


def _fitting(body: Sequence[Block], *, used: Sequence[Block]) -> int:
    """Return how many blocks of the body fit beside the blocks used already."""
    characters = limits.MESSAGE_CHARACTERS - sum(map(text_size, used)) - limits.CONTEXT_TEXT
    count = min(len(body), limits.MESSAGE_BLOCKS - len(used) - _ROOM_FOR_LATER)
    for index, block in enumerate(body[:count]):
        characters -= text_size(block)
        if characters < 0:
            return index
    return count


def to_payload(message: Message) -> dict[str, object]:
    """Return the arguments ``text``, ``blocks`` and ``attachments`` of a post or an update, all three always."""
    blocks = list(message.blocks)
    if message.colour is None:
        return {"text": message.text, "blocks": blocks, "attachments": []}
    bar = {"color": message.colour, "fallback": message.text, "blocks": blocks}
    return {"text": "", "blocks": [], "attachments": [bar]}


def without_pings(message: Message, keep: Iterable[str] = ()) -> Message:
    """Return the message calling nobody but ``keep``: other people and groups stand there by their ids.

    An answer to one person may name people, for nobody is called by what others cannot see; said in a channel or
    a thread, the same answer would call them all.
    """
    kept = tuple(keep)
    blocks = tuple(_quiet_block(block, kept) for block in message.blocks)
    return Message(without_mentions(message.text, kept), blocks, message.colour)


def _quiet_block(block: Block, keep: tuple[str, ...]) -> Block:
    return {name: _quiet(part, keep) for name, part in block.items()}


def _quiet(part: object, keep: tuple[str, ...]) -> object:
    if isinstance(part, list):
        return [_quiet(item, keep) for item in part]
    if not isinstance(part, dict):
        return part
    if part.get("type") == "mrkdwn":
        return part | {"text": without_mentions(part["text"], keep)}
    named = part.get("user_id") or part.get("usergroup_id")
    if part.get("type") in ("user", "usergroup") and named not in keep:
        return {"type": "text", "text": named}
    return _quiet_block(part, keep)


def to_json(message: Message) -> str:
    """Return the message as JSON, to be kept until it is said."""
    return json.dumps({"text": message.text, "blocks": message.blocks, "colour": message.colour}, ensure_ascii=False)


def from_json(text: str) -> Message:
    """Return the message that `to_json` wrote; ValueError for anything else."""
    document = json.loads(text)
    if not isinstance(document, dict) or not isinstance(document.get("text"), str):
        raise ValueError("expected a message with its text")
    blocks, colour = document.get("blocks"), document.get("colour")
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        raise ValueError("expected a message with its blocks")
    if colour is not None and not isinstance(colour, str):
        raise ValueError("expected a message with its colour")
    return Message(document["text"], tuple(blocks), colour)
