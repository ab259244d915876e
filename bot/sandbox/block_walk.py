"""Reading blocks as a client does: which elements a person can use, and the ids Slack adds where the app gave none."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass

from bot.sandbox.shapes import Json

INTERACTIVE = frozenset(
    {
        "button",
        "overflow",
        "static_select",
        "multi_static_select",
        "external_select",
        "multi_external_select",
        "users_select",
        "multi_users_select",
        "conversations_select",
        "multi_conversations_select",
        "channels_select",
        "multi_channels_select",
        "checkboxes",
        "radio_buttons",
        "datepicker",
        "timepicker",
        "datetimepicker",
        "plain_text_input",
        "email_text_input",
        "url_text_input",
        "number_input",
        "rich_text_input",
        "file_input",
        "workflow_button",
        "icon_button",
        "feedback_buttons",
    }
)


@dataclass(frozen=True, slots=True)
class Placed:
    """One interactive element and where it stands; ``attachment`` is 1-based, None for top-level blocks."""

    block: Json
    element: Json
    attachment: int | None = None


def elements_of(block: Json) -> Iterator[Json]:
    """Yield the interactive elements that stand directly in one block."""
    for key in ("elements", "actions"):
        yield from (item for item in block.get(key) or [] if item.get("type") in INTERACTIVE)
    for key in ("accessory", "element"):
        item = block.get(key)
        if item and item.get("type") in INTERACTIVE:
            yield item


def children_of(block: Json) -> list[Json]:
    """Return the blocks inside a container or a carousel."""
    if block.get("type") == "container":
        return list(block.get("child_blocks") or block.get("children") or [])
    if block.get("type") == "carousel":
        return list(block.get("elements") or [])
    return []


def placed(blocks: list[Json], attachment: int | None = None) -> Iterator[Placed]:
    """Yield every interactive element of ``blocks``, those inside containers included."""
    for block in blocks:
        for element in elements_of(block):
            yield Placed(block, element, attachment)
        yield from placed(children_of(block), attachment)


def placed_in_message(blocks: list[Json], attachments: list[Json]) -> Iterator[Placed]:
    """Yield every interactive element of a message, top-level blocks first, then each attachment's."""
    yield from placed(blocks)
    for number, attachment in enumerate(attachments, start=1):
        yield from placed(attachment.get("blocks") or [], number)


def with_ids(blocks: list[Json], prefix: str) -> list[Json]:
    """Return a deep copy of ``blocks`` in which every block and every interactive element has an id.

    ``prefix`` makes the added ids unique to this rendering: Slack gives new ones on each write too.
    """
    filled = copy.deepcopy(blocks)
    _fill(filled, prefix)
    return filled


def _fill(blocks: list[Json], prefix: str) -> None:
    for index, block in enumerate(blocks):
        block.setdefault("block_id", f"{prefix}.{index}")
        for number, element in enumerate(elements_of(block)):
            element.setdefault("action_id", f"{prefix}.{index}.{number}")
        _fill(children_of(block), f"{prefix}.{index}")
