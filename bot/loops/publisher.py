"""The publisher's loop: one process at a time, several calls at once, woken by a ring, asleep until the next may go.

A lease with a fence says which process publishes. It is renewed at a third of its life, and each call first makes sure
that the term outlasts the call; a write under an old fence changes nothing and ends the term at once. What was under
way then is looked for by whoever publishes next.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

from bot.domain.errors import TemporaryError
from bot.loops.cancellation import heed_cancellation
from bot.ports.doorbell import Index
from bot.ports.outbox import LeaseLost, Outbox
from bot.services.call_budgets import Ticks
from bot.services.errands import Errand
from bot.services.publishing import Publishing

log = logging.getLogger(__name__)

LEASE_LIFE = timedelta(seconds=30)
POLL = timedelta(milliseconds=500)
"""How long a ring that got lost delays anything."""
BREATH = timedelta(milliseconds=50)
"""Between two plans: changes of one burst are planned together."""
COMPETE = timedelta(seconds=1)
"""How often a process that does not publish asks whether it should."""
DRAIN = timedelta(seconds=3)
"""What calls under way get to end by themselves at a shutdown."""


class LeasedTerm:
    """One term: from taking the lease until it is lost or given back."""

    def __init__(self, outbox: Outbox, holder: str, fence: int, *, until: float, life: timedelta, ticks: Ticks) -> None:
        self._outbox = outbox
        self._holder = holder
        self._fence = fence
        self._until = until
        self._life = life
        self._ticks = ticks

    @classmethod
    async def take(cls, outbox: Outbox, holder: str, *, life: timedelta, ticks: Ticks) -> LeasedTerm | None:
        """Return a new term; None while another process publishes."""
        # Counted from before the request: our idea of the end is never later than the store's.
        until = ticks() + life.total_seconds()
        fence = await outbox.lease(holder, life=life)
        return None if fence is None else cls(outbox, holder, fence, until=until, life=life, ticks=ticks)

    @property
    def fence(self) -> int:
        """Return the number that every write carries."""
        return self._fence

    async def keep(self) -> None:
        """Renew the term once a third of it has passed; raises LeaseLost when it is over."""
        await self.last_for(self._life * 2 / 3)

    async def last_for(self, span: timedelta) -> None:
        """Return once the term lasts for at least ``span`` from now; raises LeaseLost when it is over."""
        if self._until - self._ticks() >= span.total_seconds():
            return
        until = self._ticks() + self._life.total_seconds()
        fence = await self._outbox.lease(self._holder, life=self._life)
        if fence != self._fence:
            raise LeaseLost
        self._until = until


class PublisherLoop:
    """Competes for the lease and publishes while it holds it, until it is cancelled.

    ``holder`` names this process; ``slot#life`` lets a restarted process follow its dead predecessor at once, and asks
    the caller that no two living processes name the same slot.
    """

    indexes = frozenset({Index.DIRTY, Index.NOTICES})
    """What it is rung for."""

    def __init__(
        self,
        publishing: Publishing,
        outbox: Outbox,
        *,
        holder: str,
        ticks: Ticks = time.monotonic,
        lease_life: timedelta = LEASE_LIFE,
    ) -> None:
        self._publishing = publishing
        self._outbox = outbox
        self._holder = holder
        self._ticks = ticks
        self._lease_life = lease_life
        self.rung = asyncio.Event()
        """Set by whoever hears that something may be waiting: a hint."""

    async def run(self) -> None:
        """Publish for ever; on cancellation let calls under way end and hand the lease over."""
        while True:
            with _survived():
                await self._compete()
            heed_cancellation()
            await asyncio.sleep(COMPETE.total_seconds())

    async def _compete(self) -> None:
        term = await LeasedTerm.take(self._outbox, self._holder, life=self._lease_life, ticks=self._ticks)
        if term is None:
            return
        log.info("publisher_term", extra={"holder": self._holder, "fence": term.fence})
        self._publishing.begin_term()
        try:
            await self._publish(term)
        except asyncio.CancelledError:
            with suppress(TemporaryError):
                await self._outbox.release(self._holder)
            raise

    async def _publish(self, term: LeasedTerm) -> None:
        under_way: set[asyncio.Task[None]] = set()
        try:
            while True:
                heed_cancellation()
                await term.keep()
                self.rung.clear()
                plan = await self._publishing.plan()
                under_way |= {asyncio.create_task(self._deliver(errand, term)) for errand in plan.errands}
                await asyncio.sleep(BREATH.total_seconds())
                await self._wait(under_way, plan.next_at)
                under_way = _still_under_way(under_way)
        except asyncio.CancelledError:
            if under_way:
                await asyncio.wait(under_way, timeout=DRAIN.total_seconds())
            raise
        finally:
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)

    async def _wait(self, under_way: set[asyncio.Task[None]], next_at: float) -> None:
        """Wait for a ring, for the end of a call, or until the next one may go."""
        timeout_s = min(POLL.total_seconds(), next_at - self._ticks())
        if timeout_s <= 0:
            return
        ring = asyncio.create_task(self.rung.wait())
        try:
            await asyncio.wait({ring, *under_way}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ring.cancel()

    async def _deliver(self, errand: Errand, term: LeasedTerm) -> None:
        """Deliver one errand; one that breaks must not keep the others from going out."""
        try:
            await self._publishing.deliver(errand, term)
        except (LeaseLost, TemporaryError):
            raise
        except Exception as exc:
            log.exception("errand_broke", extra={"item": errand.id, "step": errand.step})
            self._publishing.broke(errand, str(exc))


def _still_under_way(tasks: set[asyncio.Task[None]]) -> set[asyncio.Task[None]]:
    """Return the tasks that go on; raises what ended one of the others: it ends the term."""
    for task in tasks:
        if task.done():
            task.result()
    return {task for task in tasks if not task.done()}


@contextmanager
def _survived() -> Iterator[None]:
    """Go on after whatever ended a term; everything that was not finished is still in the outbox."""
    try:
        yield
    except LeaseLost:
        log.warning("publisher_lease_lost")
    except TemporaryError as exc:
        log.warning("publisher_waits", extra={"reason": str(exc)})
    except Exception:
        log.exception("publisher_broke")
