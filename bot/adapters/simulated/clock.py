"""The one source of time, and how much faster the durations of alerting run here than in a real installation."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What the time is, and how to wait for a later one."""

    def now(self) -> datetime:
        """Return the current time, aware and in UTC."""
        ...

    async def sleep(self, span: timedelta) -> None:
        """Return once ``span`` has passed; at once where it is not positive."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the current time, aware and in UTC."""
        return datetime.now(UTC)

    async def sleep(self, span: timedelta) -> None:
        """Return once ``span`` has passed; at once where it is not positive."""
        await asyncio.sleep(max(0.0, span.total_seconds()))


@dataclass(frozen=True, slots=True)
class Pace:
    """How many times faster the durations of rules and groups pass; timestamps stay real."""

    speed: float = 1.0

    def __post_init__(self) -> None:
        if self.speed <= 0:
            raise ValueError(f"speed is {self.speed}: it must be above 0")

    def shortened(self, span: timedelta) -> timedelta:
        """Return how long a ``span`` of a real installation takes here (``for: 1m`` is 5 s at a speed of 12)."""
        return span / self.speed

    @property
    def note(self) -> str | None:
        """Say to people that time runs faster; None where it does not."""
        if self.speed == 1:
            return None
        return f"time runs {self.speed:g} times faster here"
