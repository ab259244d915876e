"""Time of the workspace: the wall clock plus an offset that tests move, and timestamps that never repeat."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta


def wall_clock() -> datetime:
    """Return the machine's time, aware and in UTC."""
    return datetime.now(UTC)


class SandboxClock:
    """The one source of time for lifetimes, rate windows and message timestamps.

    Waiting for the bot's answer is not on this clock: that is real time on a real connection.
    """

    def __init__(self, wall: Callable[[], datetime] = wall_clock) -> None:
        self._wall = wall
        self._offset = timedelta(0)
        self._last_ts_us = 0

    def now(self) -> datetime:
        """Return the workspace's time."""
        return self._wall() + self._offset

    def advance(self, span: timedelta) -> None:
        """Move the workspace's time by ``span``."""
        self._offset += span

    def next_ts(self) -> str:
        """Return a message timestamp: seconds, a dot, six digits; later than every one before."""
        now_us = int(self.now().timestamp() * 1_000_000)
        self._last_ts_us = max(now_us, self._last_ts_us + 1)
        return f"{self._last_ts_us // 1_000_000}.{self._last_ts_us % 1_000_000:06d}"
