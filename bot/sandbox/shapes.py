"""The JSON shape everything here is made of, and how a flag is read from it."""

from __future__ import annotations

from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]
"""One JSON object as Slack sends or takes it."""


def as_bool(value: object) -> bool:
    """Return a flag however it travelled: JSON true, ``"true"`` or ``"1"`` in a query or a form."""
    if isinstance(value, str):
        return value.lower() in {"true", "1"}
    return bool(value)
