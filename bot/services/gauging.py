"""Gauging: how far behind the loops are, for those who watch the watchkeeper."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from bot.domain.approvals import ApprovalState
from bot.ports.approvals import Approvals
from bot.ports.gauges import Measured
from bot.ports.intake import IntakeQueue
from bot.ports.outbox import Outbox
from bot.ports.runs import Runs


class GaugingService:
    """Measures the queues on the store's clock."""

    def __init__(
        self,
        intake: IntakeQueue,
        outbox: Outbox,
        approvals: Approvals,
        runs: Runs,
        *,
        now: Callable[[], Awaitable[datetime]],
        process_memory: Callable[[], int],
        store_memory: Callable[[], Awaitable[float]],
    ) -> None:
        self._intake = intake
        self._outbox = outbox
        self._approvals = approvals
        self._runs = runs
        self._now = now
        self._process_memory = process_memory
        self._store_memory = store_memory

    async def measure(self) -> Measured:
        """Return one look; TemporaryError when the store is away."""
        now = await self._now()
        backlog = await self._outbox.backlog()
        pending = [it.asked_at for it in await self._approvals.open() if it.state is ApprovalState.PENDING]
        driven = [driver for _, driver, _ in await self._runs.to_drive() if driver]
        return Measured(
            intake_lag_s=_age(await self._intake.oldest(), now),
            cards_waiting=backlog.cards,
            notices_waiting=backlog.notices,
            oldest_waiting_s=_age(backlog.oldest, now),
            oldest_approval_s=_age(min(pending, default=None), now),
            runs_claimed=len(driven),
            process_memory_bytes=self._process_memory(),
            store_memory_ratio=await self._store_memory(),
        )


def _age(since: datetime | None, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds()) if since else 0.0
