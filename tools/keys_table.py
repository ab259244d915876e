"""The table of every Redis key in `docs/architecture.md`, made from the docstrings of `bot.adapters.redis_keys`.

A page that repeats what the code says drifts from it. So the page holds a generated part between two markers: this
program writes it (``python -m tools.keys_table``), and a test compares it.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.adapters import redis_keys

PAGE = Path(__file__).parents[1] / "docs" / "architecture.md"
BEGIN = "<!-- keys: written by `python -m tools.keys_table` -->"
END = "<!-- end of keys -->"

_TYPES = ("Hash", "Sorted set", "Stream", "String", "Set", "Pub/sub channel")
_LIFE = re.compile(r"(?:^|(?<=\. ))(?:Permanent|TTL|Goes|As long|A hint)\b.*$", flags=re.DOTALL)


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One key as the page shows it; every text is a cell of a Markdown table."""

    key: str
    """With its parameters in angle brackets: ``{wk}:incident:<incident_id>``."""
    type: str
    holds: str
    life: str

    def line(self) -> str:
        """Return the row."""
        return f"| `{self.key}` | {self.type} | {self.holds} | {self.life} |"


def rows() -> list[KeyRow]:
    """Return every key that the module spells, in its order."""
    found = (_row(key, text) for key, text in _described(ast.parse(inspect.getsource(redis_keys))))
    return [row for row in found if row.key.startswith(f"{redis_keys.PREFIX}:")]


def _described(module: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield each constant and each function's example with its docstring; ValueError for a key without one."""
    for node, after in zip(module.body, [*module.body[1:], None], strict=True):
        if isinstance(node, ast.FunctionDef):
            example = {argument.arg: f"<{argument.arg}>" for argument in node.args.args}
            yield str(getattr(redis_keys, node.name)(**example)), _needed(node.name, ast.get_docstring(node))
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            value = getattr(redis_keys, node.targets[0].id)
            if isinstance(value, str) and value.startswith(f"{redis_keys.PREFIX}:"):
                yield value, _needed(value, _text_of(after))


def _text_of(node: ast.stmt | None) -> str | None:
    """Return the text of a bare string below a constant."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return node.value.value
    return None


def _needed(name: str, text: str | None) -> str:
    if not text:
        raise ValueError(f"{name}: say its type, its fields and how long it lives")
    return " ".join(text.replace("``", "`").split())


def _row(key: str, text: str) -> KeyRow:
    life = _LIFE.search(text)
    what = text[: life.start()] if life else text
    type_, colon, holds = what.partition(": ")
    if not colon or not type_.startswith(_TYPES):
        type_, holds = "", what
    return KeyRow(key, _cell(type_), _cell(holds), _cell(life[0] if life else ""))


def _cell(text: str) -> str:
    """Return text for one cell, without the full stop of a sentence that stands alone."""
    return text.strip().removesuffix(".").replace("|", r"\|")


def table() -> str:
    """Return the generated part of the page, markers included."""
    head = ["| Key | Type | Holds | Lives |", "| --- | --- | --- | --- |"]
    return "\n".join([BEGIN, *head, *(row.line() for row in rows()), END])


def generated_part(page: str) -> str:
    """Return what stands between the markers, markers included; ValueError where they are missing."""
    start, end = page.find(BEGIN), page.find(END)
    if start < 0 or end < start:
        raise ValueError(f"the page has no part between {BEGIN} and {END}")
    return page[start : end + len(END)]


def main() -> int:
    """Write the table into the page; return 0."""
    page = PAGE.read_text(encoding="utf8")
    PAGE.write_text(page.replace(generated_part(page), table()), encoding="utf8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
