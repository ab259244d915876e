"""Messages at the terminal: the same words without Slack's markup; people as ids, moments as UTC."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from html import unescape

from bot.messages.answers import RUN_COMMAND
from bot.messages.blocks import Block
from bot.messages.message import Message
from bot.messages.mrkdwn import clean

_DATE = re.compile(r"<!date\^\d+\^[^|<>]*\|([^<>]*)>")
_MENTION = re.compile(r"<(?:@|!subteam\^)([A-Z0-9]+)>")
_LINK = re.compile(r"<(https?://[^|<>]+)\|([^<>]*)>")
_BOLD = re.compile(r"(?<![\w*])\*([^*\n]+)\*(?![\w*])")
_ITALIC = re.compile(r"(?<!\w)_([^_\n]+)_(?!\w)")


def to_plain(message: Message) -> str:
    """Return the message as lines of text without a final newline; of its buttons only the commands they run."""
    read = [_READERS[str(block["type"])](block) if block["type"] in _READERS else "" for block in message.blocks]
    said = "\n".join(read)
    parts = [part or _commands(block, said=said) for part, block in zip(read, message.blocks, strict=True)]
    return "\n".join(part for part in parts if part.strip()) or readable(message.text)


def readable(mrkdwn: str) -> str:
    """Return safe mrkdwn as plain text: ``label (address)``, ids, ``2026-01-02 03:04 UTC``."""
    text = _DATE.sub(r"\1", mrkdwn)
    text = _LINK.sub(r"\2 (\1)", _MENTION.sub(r"\1", text))
    return clean(unescape(_ITALIC.sub(r"\1", _BOLD.sub(r"\1", text)).replace("`", "")), keep_lines=True)


def printable_json(value: object) -> str:
    """Return JSON for scripts; what a terminal would obey, and what a reader could not see, stands as an escape."""
    written = json.dumps(value, indent=2, ensure_ascii=False)
    return "".join(it if it.isprintable() or it == "\n" else json.dumps(it)[1:-1] for it in written)


def _text(value: object) -> str:
    """Return what a text object says; a plain one has no markup to read."""
    if not isinstance(value, Mapping):
        return ""
    text = str(value.get("text", ""))
    return readable(text) if value.get("type") == "mrkdwn" else text


def _items(block: Block, name: str) -> Sequence[Mapping[str, object]]:
    items = block.get(name)
    return items if isinstance(items, list) else ()


def _section(block: Block) -> str:
    cells = [_text(cell).replace("\n", ": ", 1).replace("\n", ", ") for cell in _items(block, "fields")]
    return "\n".join(part for part in (_text(block.get("text")), *cells) if part)


def _context(block: Block) -> str:
    return " · ".join(_text(element) for element in _items(block, "elements"))


def _rich_text(block: Block) -> str:
    """Return preformatted text, indented: the only rich text that is made here."""
    written = "".join(
        str(part.get("text", "")) for element in _items(block, "elements") for part in _items(dict(element), "elements")
    )
    return "\n".join(f"    {line}" for line in written.split("\n"))


def _table(block: Block) -> str:
    rows = [[_cell(cell).strip() for cell in row] for row in _rows(block)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _cell(cell: Mapping[str, object]) -> str:
    """Return a cell's text; of one that mentions somebody the id."""
    if "text" in cell:
        return str(cell["text"])
    leaves = [leaf for part in _items(dict(cell), "elements") for leaf in _items(dict(part), "elements")]
    return " ".join(str(leaf.get("user_id") or leaf.get("usergroup_id") or leaf.get("text", "")) for leaf in leaves)


def _rows(block: Block) -> Sequence[Sequence[Mapping[str, object]]]:
    rows = block.get("rows")
    return rows if isinstance(rows, list) else ()


def _commands(block: Block, *, said: str) -> str:
    """Return the commands that buttons would run and that nothing else has ``said``."""
    elements = _items(block, "elements") if block["type"] == "actions" else ()
    run = [it for it in elements if str(it.get("action_id", "")).startswith(f"{RUN_COMMAND}.")]
    return "\n".join(f"    {it['value']}" for it in run if str(it["value"]) not in said)


_READERS: Mapping[str, Callable[[Block], str]] = {
    "section": _section,
    "context": _context,
    "rich_text": _rich_text,
    "table": _table,
}
