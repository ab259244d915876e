"""Work that outlives its acknowledgement: bounded, supervised, and finished before the process leaves.

The workspace waits three seconds. What takes longer goes on here, and its result is handed over when it is there. What
must not be lost is never only here: it is in the state store before the acknowledgement.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from enum import Enum
from typing import Any, TypeVar

from bot.domain.errors import TemporaryError

AT_MOST = 256
"""Answers in the making at once; one more is refused in words."""
DRAIN_WITHIN = timedelta(seconds=10)

log = logging.getLogger(__name__)

T = TypeVar("T")


class Late(Enum):
    """Stands for an answer that is not there yet."""

    LATE = "late"


class Background:
    """Tasks of the listeners."""

    def __init__(self, *, at_most: int = AT_MOST) -> None:
        self._at_most = at_most
        self._answering = 0
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def busy(self) -> int:
        """Return how many tasks are under way."""
        return len(self._tasks)

    async def promptly(
        self, work: Coroutine[Any, Any, T], *, within: timedelta, later: Callable[[T], Awaitable[object]]
    ) -> T | Late:
        """Return what ``work`` returns, or LATE when that takes longer: ``later`` gets it then.

        An error of prompt work is raised here, one of late work is logged. Raises TemporaryError when too much is
        under way already.
        """
        if self._answering >= self._at_most:
            work.close()
            raise TemporaryError("too many questions are being answered at once")
        is_late = False

        async def answer() -> T:
            self._answering += 1
            try:
                answered = await work
            finally:
                self._answering -= 1
            if is_late:
                await later(answered)
            return answered

        task = self._hold(answer())
        try:
            done, _ = await asyncio.wait({task}, timeout=within.total_seconds())
        finally:
            # Also where the listener itself is called off: the answer is still owed.
            is_late = not task.done()
        if done:
            return task.result()
        task.add_done_callback(_report)
        return Late.LATE

    def start(self, work: Coroutine[Any, Any, object]) -> None:
        """Let ``work`` go on by itself: one short, bounded call. Its error is logged."""
        self._hold(work).add_done_callback(_report)

    def _hold(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._tasks.add(task)  # the loop itself keeps only weak references
        task.add_done_callback(self._tasks.discard)
        return task

    async def drain(self, within: timedelta = DRAIN_WITHIN) -> None:
        """Wait for what is under way, call off what takes longer."""
        deadline = asyncio.get_running_loop().time() + within.total_seconds()
        while self._tasks and (left := deadline - asyncio.get_running_loop().time()) > 0:
            await asyncio.wait(set(self._tasks), timeout=left)
        for task in (unfinished := set(self._tasks)):
            task.cancel()
        if unfinished:
            log.warning("background_called_off", extra={"tasks": len(unfinished)})
            await asyncio.gather(*unfinished, return_exceptions=True)


def _report(task: asyncio.Task[Any]) -> None:
    if not task.cancelled() and (error := task.exception()):
        log.error("background_failed", exc_info=error)
