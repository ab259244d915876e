"""What brings runs to drivers."""

from __future__ import annotations

from typing import Protocol

from bot.domain.ids import RunId


class Carrier(Protocol):
    """Wakes a driver; doing it twice is harmless."""

    async def carry(self, run: RunId, *, again: bool) -> None:
        """Bring a run to a driver; ``again`` does not wait for the lease of a driver that is dead."""
        ...
