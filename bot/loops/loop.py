"""What every loop has in common: look, do, wait for the doorbell or the next look; cope with a store that is away."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol, TypeVar

from bot.domain.errors import TemporaryError
from bot.loops.cancellation import heed_cancellation
from bot.ports.doorbell import Doorbell, Index

log = logging.getLogger(__name__)

Item = TypeVar("Item")

BACKOFF_MAX = timedelta(seconds=30)
FAILED_WORK_RESTS = timedelta(seconds=5)
ASK_AGAIN = timedelta(seconds=1)
QUIET_RECONNECT = timedelta(seconds=1)


async def each_in_turn(items: Sequence[Item], serve: Callable[[Item], Awaitable[object]]) -> None:
    """Serve all items in order; one that breaks keeps no other waiting, and its error is raised at the end."""
    broken: list[Exception] = []
    for item in items:
        try:
            await serve(item)
        except TemporaryError:
            raise
        except Exception as exc:
            # The worker's catch-all: the index still holds the item, so it is tried again at the next look.
            broken.append(exc)
    if broken:
        raise broken[0]


class Flights:
    """Work of one loop that goes on while the loop looks again; at most one piece for each key."""

    def __init__(self, *, at_most: int = 100) -> None:
        self._at_most = at_most
        self._tasks: dict[str, asyncio.Task[object]] = {}

    def start(self, key: str, work: Callable[[], Awaitable[object]]) -> None:
        """Begin ``work`` unless the same is under way, or enough is: the next look finds it again."""
        if key not in self._tasks and len(self._tasks) < self._at_most:
            self._tasks[key] = asyncio.create_task(self._fly(key, work), name=key)

    async def _fly(self, key: str, work: Callable[[], Awaitable[object]]) -> None:
        try:
            await work()
        except TemporaryError as exc:
            log.info("work_waits", extra={"work": key, "why": str(exc)})
            await asyncio.sleep(exc.retry_after.total_seconds())
        except Exception:
            # The worker's catch-all: the index still holds the work, so it is tried again, a little later.
            log.exception("work_failed", extra={"work": key})
            await asyncio.sleep(FAILED_WORK_RESTS.total_seconds())
        finally:
            del self._tasks[key]

    async def aclose(self) -> None:
        """Call off what is under way; its index still holds it."""
        while self._tasks:
            tasks = list(self._tasks.values())
            for task in tasks:
                task.cancel()
            # Asked again while one has not heard: see `bot.loops.cancellation`.
            await asyncio.wait(tasks, timeout=ASK_AGAIN.total_seconds())


@dataclass(slots=True)
class Loop:
    """One thing that runs by itself. ``look`` serves everything its index holds and returns."""

    name: str
    look: Callable[[], Awaitable[object]]
    every: timedelta
    """How often it looks when nobody rings."""
    indexes: frozenset[Index] = frozenset()
    """What it is rung for."""
    flights: Flights = field(default_factory=Flights)
    rung: asyncio.Event = field(default_factory=asyncio.Event)
    failures: int = 0

    async def run(self) -> None:
        """Look until cancelled. An error is logged and looked past: the index still holds the work."""
        try:
            while True:
                heed_cancellation()
                self.rung.clear()
                pause = await self._look_once()
                with suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(self.rung.wait(), pause.total_seconds())
        finally:
            await self.flights.aclose()

    async def _look_once(self) -> timedelta:
        """Look; return how long to wait for the next look."""
        try:
            await self.look()
        except TemporaryError as exc:
            log.info("loop_waits", extra={"loop": self.name, "why": str(exc)})
            return max(exc.retry_after, self.every)
        except Exception:
            # One of the two places that catch all: a defect in one piece of work must not end the loop.
            self.failures += 1
            log.exception("loop_failed", extra={"loop": self.name, "failures": self.failures})
            doubled: timedelta = self.every * (1 << min(self.failures, 8))
            return min(doubled, BACKOFF_MAX)
        self.failures = 0
        return self.every


class Rung(Protocol):
    """Something that looks when it is rung for."""

    @property
    def indexes(self) -> frozenset[Index]:
        """Return what it is rung for."""
        ...

    @property
    def rung(self) -> asyncio.Event:
        """Return what wakes it."""
        ...


async def listen(doorbell: Doorbell, loops: Sequence[Rung]) -> None:
    """Wake the loops whose index was rung for, until cancelled; while the bell is away they look by themselves."""
    while True:
        heed_cancellation()
        with suppress(TemporaryError):
            for loop in loops:
                loop.rung.set()
            async for names in doorbell.rings():
                heed_cancellation()
                for loop in loops:
                    if loop.indexes & names:
                        loop.rung.set()
        await asyncio.sleep(QUIET_RECONNECT.total_seconds())
