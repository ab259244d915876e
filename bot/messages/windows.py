"""An answer where there is no channel to say it in: in a window of its own, or in the place of the form it answers."""

from __future__ import annotations

from bot.messages import limits
from bot.messages.answers import RUN_COMMAND
from bot.messages.blocks import Block, plain_object, section
from bot.messages.message import Message
from bot.messages.modals import View
from bot.messages.mrkdwn import Mrkdwn, code, join

UNSUITABLE = frozenset({"table", "actions"})
"""Blocks a window does not take, or whose buttons lead back into a message."""


def _is_suitable(block: Block) -> bool:
    return block["type"] not in UNSUITABLE or bool(_commands(block))


def _commands(block: Block) -> list[str]:
    elements = block.get("elements")
    given = elements if block["type"] == "actions" and isinstance(elements, list) else []
    return [str(it["value"]) for it in given if str(it.get("action_id", "")).startswith(f"{RUN_COMMAND}.")]


def _fitting(block: Block) -> Block:
    """Return the block; of buttons that run commands the commands, to be typed."""
    commands = _commands(block)
    return section(join("\n", [code(it) for it in commands])) if commands else block


def outcome_view(message: Message, *, title: str = "Watchkeeper") -> View:
    """Return a window that says what ``message`` says."""
    blocks = [_fitting(block) for block in message.blocks if _is_suitable(block)]
    return {
        "type": "modal",
        "title": plain_object(title, limits.VIEW_TITLE),
        "close": plain_object("Close", limits.VIEW_BUTTON),
        # The text of a message is escaped by whoever composed it.
        "blocks": blocks or [section(Mrkdwn(message.text))],
    }
