"""Slack's sizes, on one page: a change of theirs is one edit of ours.

Slack refuses a whole message for one field that is too long, so builders cut before they send. Where two numbers are
known, the stricter one stands here. Source: Slack's Block Kit reference; the total is measured (slackapi/bolt-js#2509).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")

MESSAGE_BLOCKS = 50
MESSAGE_CHARACTERS = 10_000
"""Text of all blocks of a message; Slack's own total is unpublished, refusals were seen from 11,341."""
FALLBACK = 1_000
"""Of the sentence that notifications show and screen readers read; Slack refuses more than 4,000."""
SECTION = 3_000
FIELDS = 10
FIELD = 400
"""Slack takes 2,000; ten of those would use up the message."""
CONTEXT_ELEMENTS = 10
CONTEXT_TEXT = 1_000
PREFORMATTED = 2_500
ACTION_ELEMENTS = 25
BUTTON_TEXT = 75
BUTTON_VALUE = 2_000
CONFIRM_TITLE = 100
CONFIRM_TEXT = 300
CONFIRM_BUTTON = 30
OPTION_TEXT = 75
OPTION_VALUE = 75
OVERFLOW_OPTIONS = 5
SELECT_OPTIONS = 100
TABLE_ROWS = 100
TABLE_CHARACTERS = 8_000
PERSON_NAME = 20
"""Slack takes 10,000 in tables; the rest of the message needs room too."""
URL = 3_000
VIEW_TITLE = 24
VIEW_BUTTON = 24
VIEW_TEXT = 3_000
PRIVATE_METADATA = 3_000
INPUT_LABEL = 100
INPUT_TEXT = 1_000
"""What a person may type into one field; Slack's own ceiling is 3,000."""
PLACEHOLDER = 150

TITLE = 150
"""Of a title or a name on a card, before escaping."""
DETAIL = 250
"""Of one line of detail: evidence, a reason, a result, before escaping."""
LIST = 12
"""Entries a list on a card shows."""
MEMBERS = 5
"""Alerts an incident's card shows."""


def cut(text: str, size: int) -> str:
    """Return ``text`` in at most ``size`` characters; what was cut ends with ``…``. ``size`` is at least 1."""
    return text if len(text) <= size else f"{text[: size - 1].rstrip()}…"


def capped(items: Sequence[Item], most: int) -> tuple[Sequence[Item], str]:
    """Return the first ``most`` items, and ``and N more`` for the rest; no words when all are there."""
    hidden = len(items) - most
    return items[:most], f"and {hidden} more" if hidden > 0 else ""
