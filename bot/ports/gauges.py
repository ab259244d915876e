"""What the process measures of itself now and then, for those who watch it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Measured:
    """One look at the process and its queues; None leaves a gauge as it was."""

    loop_lag_s: float | None = None
    """How much later than asked the event loop woke up."""
    intake_lag_s: float | None = None
    """Age of the oldest webhook that no incident has met."""
    cards_waiting: int | None = None
    notices_waiting: int | None = None
    oldest_waiting_s: float | None = None
    """Age of the oldest card or notice that is not shown."""
    oldest_approval_s: float | None = None
    """Age of the oldest request without an answer."""
    runs_claimed: int | None = None
    """Runs that a driver of any process holds."""
    audit_unsealed: int | None = None
    """Audit entries that the sealer has not reached."""
    process_memory_bytes: int | None = None
    store_memory_ratio: float | None = None
    """Used memory of the state store over its limit; 0 without a limit."""


class Gauges(Protocol):
    """Where measurements go."""

    def show(self, measured: Measured) -> None:
        """Show the newest measurements."""
        ...
