"""How people write a length of time: ``60s``, ``5m``, ``2h30m``, ``30d``, ``250ms``.

A bare number is refused: whether ``60`` meant seconds or minutes is found out at the wrong moment.
"""

from __future__ import annotations

import re
from datetime import timedelta

_UNITS = {
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
}
_DURATION = re.compile("".join(rf"(?:(?P<{unit}>[0-9]{{1,9}}){unit}(?![a-z]))?" for unit in _UNITS))


def parse_duration(text: str) -> timedelta:
    """Return the length of time ``text`` spells: whole numbers with units, largest unit first, each at most once.

    Raises ValueError in plain words for anything else; the words never repeat ``text``.
    """
    match = _DURATION.fullmatch(text)
    if match is None or not text:
        raise ValueError("expected a duration such as 60s, 5m, 2h30m or 30d")
    try:
        return sum((int(count) * _UNITS[unit] for unit, count in match.groupdict("0").items()), timedelta())
    except OverflowError as exc:
        raise ValueError("expected a duration of at most 999999999d") from exc


def format_duration(duration: timedelta) -> str:
    """Return ``duration`` as `parse_duration` reads it, parts of a millisecond cut off; ``0s`` for none.

    Raises ValueError for a negative length, which has no spelling.
    """
    if duration < timedelta():
        raise ValueError("a duration cannot be negative")
    parts: list[str] = []
    rest = duration
    for unit, size in _UNITS.items():
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"
