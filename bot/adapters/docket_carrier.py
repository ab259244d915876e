"""docket carries runs: it wakes a worker and keeps its lease. Its one argument is the run id; the truth is the ledger.

What a carrier does twice, the ledger's fence makes harmless: a second driver of a live run is told so and leaves.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from types import TracebackType

from docket import Docket, Worker
from redis.exceptions import RedisError

from bot.adapters import redis_keys as keys
from bot.adapters.redis_store import translated
from bot.domain.ids import RunId

log = logging.getLogger(__name__)

CONCURRENCY = 20
CHECK_EVERY = timedelta(milliseconds=10)
"""With docket's default of 250 ms a queue drains 40 tasks a second."""
REDELIVERY = timedelta(seconds=30)
RECONNECT = timedelta(seconds=1)
TASK = "drive"


class DocketCarrier:
    """Brings run ids to drivers, in this process or another one."""

    def __init__(self, redis_url: str, drive: Callable[[RunId], Awaitable[None]], *, worker: str) -> None:
        self._drive = drive
        self._worker_name = worker
        self._docket = Docket(name=keys.DOCKET, url=redis_url)
        self._exits = AsyncExitStack()

    async def __aenter__(self) -> DocketCarrier:
        """Connect and make the task known."""
        with translated():
            await self._exits.enter_async_context(self._docket)

        async def drive(run_id: str) -> None:
            await self._drive(RunId(run_id))

        drive.__name__ = TASK
        self._docket.register(drive)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnect."""
        await self._exits.aclose()

    async def carry(self, run: RunId, *, again: bool) -> None:
        """Bring a run to a driver; ``again`` does not wait for the lease of a driver that is dead."""
        with translated():
            if again:
                await self._docket.replace(TASK, datetime.now(UTC), run)(run)
            else:
                await self._docket.add(TASK, key=run)(run)

    async def work(self) -> None:
        """Take runs until cancelled; what is under way then stays pending and goes on elsewhere."""
        while True:
            try:
                async with Worker(
                    self._docket,
                    name=self._worker_name,
                    concurrency=CONCURRENCY,
                    minimum_check_interval=CHECK_EVERY,
                    redelivery_timeout=REDELIVERY,
                ) as worker:
                    await worker.run_forever()
                    # It takes a cancellation for its end and returns.
                    return
            except (RedisError, OSError) as exc:
                log.warning("carrier_away", extra={"why": str(exc)})
            await asyncio.sleep(RECONNECT.total_seconds())
