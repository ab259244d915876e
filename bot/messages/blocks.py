"""Small builders of Block Kit: each fits Slack's sizes by itself, and takes only text that is safe already.

mrkdwn objects are always verbatim, so that a bare ``@channel`` or an address in somebody's text stays plain; plain
objects never turn ``:words:`` into pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias, TypeVar

from bot.messages import limits
from bot.messages.limits import capped, cut
from bot.messages.mrkdwn import PERSON_OR_GROUP, Mrkdwn, clean, escape, join, say, shorten

Block: TypeAlias = dict[str, object]
Thing = TypeVar("Thing")

PRIMARY = "primary"
"""The single next step."""
DANGER = "danger"
"""Damage."""
LINES_OF_A_SECTION = 2_500


def mrkdwn_object(text: Mrkdwn, size: int) -> Block:
    """Return a mrkdwn text object of at most ``size`` characters."""
    return {"type": "mrkdwn", "text": shorten(text, size) or " ", "verbatim": True}


def plain_object(text: str, size: int) -> Block:
    """Return a plain text object of at most ``size`` characters; Slack parses nothing in it."""
    return {"type": "plain_text", "text": cut(clean(cut(text, size * 4)), size) or " ", "emoji": False}


def section(text: Mrkdwn, accessory: Block | None = None) -> Block:
    """Return a paragraph, with a button beside it where one is given."""
    block: Block = {"type": "section", "text": mrkdwn_object(text, limits.SECTION)}
    return {**block, "accessory": accessory} if accessory else block


def fields(pairs: Mapping[str, Mrkdwn]) -> Block:
    """Return names over values in two columns; the first ten."""
    cells = [say("*{name}*\n{value}", name=name, value=value) for name, value in pairs.items()]
    return {"type": "section", "fields": [mrkdwn_object(cell, limits.FIELD) for cell in cells[: limits.FIELDS]]}


def lines(heading: Mrkdwn, entries: Iterable[Mrkdwn]) -> list[Block]:
    """Return a list under its heading, in as many paragraphs as its length needs; nothing without entries."""
    paragraphs: list[list[Mrkdwn]] = [[heading] if heading else []]
    length = len(heading)
    entry = None
    for entry in entries:
        if length + len(entry) > LINES_OF_A_SECTION and paragraphs[-1]:
            paragraphs.append([])
            length = 0
        paragraphs[-1].append(entry)
        length += len(entry) + 1
    return [section(join("\n", paragraph)) for paragraph in paragraphs] if entry is not None else []


def listed(things: Sequence[Thing], line: Callable[[Thing], Mrkdwn], most: int = limits.LIST) -> list[Mrkdwn]:
    """Return a line for each of the first ``most`` things, and ``and N more`` for the rest."""
    shown, more = capped(things, most)
    return [*map(line, shown), *([escape(more)] if more else [])]


def divider() -> Block:
    """Return a line across."""
    return {"type": "divider"}


def context(*texts: Mrkdwn) -> Block:
    """Return one small grey line of the texts that are there."""
    return {"type": "context", "elements": [mrkdwn_object(join(" · ", texts), limits.CONTEXT_TEXT)]}


def actions(*elements: Block | None) -> list[Block]:
    """Return the row of buttons that are there; nothing without any."""
    given = [element for element in elements if element]
    return [{"type": "actions", "elements": given[: limits.ACTION_ELEMENTS]}] if given else []


def button(text: str, action_id: str, value: str, *, style: str | None = None, confirm: Block | None = None) -> Block:
    """Return a button; ``value`` is an opaque id and is never cut: a longer one than Slack takes is our own mistake."""
    if len(value) > limits.BUTTON_VALUE:
        raise ValueError(f"{action_id}: a button's value has at most {limits.BUTTON_VALUE} characters")
    element: Block = {
        "type": "button",
        "text": plain_object(text, limits.BUTTON_TEXT),
        "action_id": action_id,
        "value": value,
    }
    element |= {"style": style} if style else {}
    return element | ({"confirm": confirm} if confirm else {})


def link_button(text: str, action_id: str, url: str) -> Block:
    """Return a button that opens a page; the press is told to us all the same, and asks for nothing."""
    return {
        "type": "button",
        "text": plain_object(text, limits.BUTTON_TEXT),
        "action_id": action_id,
        "url": url[: limits.URL],
    }


def confirm(title: str, text: str, yes: str, *, danger: bool = False) -> Block:
    """Return a dialog: the question, the consequence, the verb on the button."""
    dialog: Block = {
        "title": plain_object(title, limits.CONFIRM_TITLE),
        "text": plain_object(text, limits.CONFIRM_TEXT),
        "confirm": plain_object(yes, limits.CONFIRM_BUTTON),
        "deny": plain_object("Cancel", limits.CONFIRM_BUTTON),
    }
    return dialog | ({"style": DANGER} if danger else {})


def option(text: str, value: str) -> Block:
    """Return one entry of a menu; ``value`` is an id and never cut."""
    if len(value) > limits.OPTION_VALUE:
        raise ValueError(f"the value of an option has at most {limits.OPTION_VALUE} characters")
    return {"text": plain_object(text, limits.OPTION_TEXT), "value": value}


def overflow(action_id: str, options: Mapping[str, str]) -> Block:
    """Return the menu behind the three dots; ``options`` are words by value, the first five."""
    listed = [option(words, value) for value, words in options.items()]
    return {"type": "overflow", "action_id": action_id, "options": listed[: limits.OVERFLOW_OPTIONS]}


def preformatted(text: str, size: int = limits.PREFORMATTED) -> Block:
    """Return text exactly as it was written, in a box; Slack parses nothing in it."""
    content = cut(clean(cut(text, size * 4), keep_lines=True), size).strip("\n") or " "
    box = {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": content}]}
    return {"type": "rich_text", "elements": [box]}


def table(headings: Sequence[str], rows: Iterable[Sequence[str | Block]]) -> tuple[Block, int]:
    """Return a table of plain cells and `person_cell`s, and how many rows Slack's sizes leave room for."""
    shown = [_row(headings)]
    room = limits.TABLE_CHARACTERS - sum(map(len, headings))
    for row in rows:
        cells = _row(row)
        room -= sum(map(cell_size, cells))
        if room < 0 or len(shown) == limits.TABLE_ROWS:
            break
        shown.append(cells)
    return {"type": "table", "rows": shown}, len(shown) - 1


def person_cell(who: str) -> str | Block:
    """Return a cell that mentions a person or a group; any other actor is plain text."""
    if not PERSON_OR_GROUP.fullmatch(who):
        return who
    named = {"type": "usergroup", "usergroup_id": who} if who.startswith("S") else {"type": "user", "user_id": who}
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [named]}]}


def cell_size(cell: Block) -> int:
    """Return how many characters of a table's total a cell takes; a mention counts as a long name."""
    return text_size(cell) if cell["type"] == "raw_text" else limits.PERSON_NAME


def _row(cells: Sequence[str | Block]) -> list[Block]:
    return [_plain_cell(cell) if isinstance(cell, str) else cell for cell in cells]


def _plain_cell(text: str) -> Block:
    return {"type": "raw_text", "text": cut(clean(text), limits.DETAIL) or " "}


def text_size(block: object) -> int:
    """Return how many characters of text a block holds, as Slack's total counts them."""
    if isinstance(block, Mapping):
        own = len(block["text"]) if isinstance(block.get("text"), str) else 0
        return own + sum(text_size(part) for part in block.values())
    if isinstance(block, list | tuple):
        return sum(text_size(part) for part in block)
    return 0
