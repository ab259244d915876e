"""An answer where there is no channel to say it in: in a window of its own, or in the place of the form it answers."""

from __future__ import annotations

from bot.messages import limits
from bot.messages.blocks import plain_object, section
from bot.messages.message import Message
from bot.messages.modals import View
from bot.messages.mrkdwn import Mrkdwn

UNSUITABLE = frozenset({"table", "actions"})
"""Blocks a window does not take, or whose buttons lead back into a message."""


def outcome_view(message: Message, *, title: str = "Watchkeeper") -> View:
    """Return a window that says what ``message`` says."""
    blocks = [block for block in message.blocks if block["type"] not in UNSUITABLE]
    return {
        "type": "modal",
        "title": plain_object(title, limits.VIEW_TITLE),
        "close": plain_object("Close", limits.VIEW_BUTTON),
        # The text of a message is escaped by whoever composed it.
        "blocks": blocks or [section(Mrkdwn(message.text))],
    }
