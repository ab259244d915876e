"""The one index of everything timed, on the store's clock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from bot.domain.effects import TimerKind


class Timers(Protocol):
    """The index ``due``."""

    async def due(self, limit: int, kinds: frozenset[TimerKind]) -> Sequence[tuple[TimerKind, str, datetime]]:
        """Return what is due of these kinds: kind, subject, and for when it was set."""
        ...

    async def done(self, kind: TimerKind, subject: str, at: datetime) -> None:
        """Take a timer away that was met, unless it was set anew meanwhile."""
        ...

    async def next_due(self) -> datetime | None:
        """Return when the next timer is due."""
        ...
