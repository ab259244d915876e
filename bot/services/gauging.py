"""Gauging: how far behind the loops are, for those who watch the watchkeeper."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from bot.domain.approvals import ApprovalState
from bot.domain.effects import Channel, NoticeKind, Place, notice
from bot.ports.approvals import Approvals
from bot.ports.audit import Audit
from bot.ports.gauges import Measured
from bot.ports.intake import IntakeQueue
from bot.ports.outbox import Outbox
from bot.ports.runs import Runs

WARN_ABOVE = 0.7
"""The share of the store's memory at which people have time to act."""


class GaugingService:
    """Measures the queues on the store's clock."""

    def __init__(
        self,
        intake: IntakeQueue,
        outbox: Outbox,
        approvals: Approvals,
        runs: Runs,
        audit: Audit,
        *,
        now: Callable[[], Awaitable[datetime]],
        process_memory: Callable[[], int],
        store_memory: Callable[[], Awaitable[float]],
    ) -> None:
        self._intake = intake
        self._outbox = outbox
        self._approvals = approvals
        self._runs = runs
        self._audit = audit
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
            audit_unsealed=await self._unsealed(),
            process_memory_bytes=self._process_memory(),
            store_memory_ratio=await self._store_memory(),
        )

    async def _unsealed(self) -> int:
        """Return how many entries follow the sealed head; the head is read first, so that none sealed since counts."""
        sealed, _ = await self._audit.head()
        mark = await self._audit.mark()
        return max(0, mark.audit_seq - sealed) if mark else 0


class MemoryWatch:
    """Tells the administrators before the state store is full: it evicts nothing, so a full one takes nothing more."""

    def __init__(
        self, outbox: Outbox, *, now: Callable[[], Awaitable[datetime]], store_memory: Callable[[], Awaitable[float]]
    ) -> None:
        self._outbox = outbox
        self._now = now
        self._store_memory = store_memory

    async def look(self) -> None:
        """Warn once a day while more than 70 % of the store's limit is used."""
        ratio = await self._store_memory()
        if ratio < WARN_ABOVE:
            return
        text = f"The state store uses {ratio:.0%} of its memory; at 100 % nothing new is accepted."
        told = notice(
            NoticeKind.OPERATIONS,
            Place(channel=Channel.ADMIN),
            rank=3,
            text=text,
            hint="Raise its maxmemory, or export and trim the audit.",
        )
        await self._outbox.say(told, act=f"store-memory:{await self._now():%Y-%m-%d}")


def _age(since: datetime | None, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds()) if since else 0.0
