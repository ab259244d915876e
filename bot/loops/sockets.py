"""The workspace's connections follow the state store: without it they are closed, so that others get the clicks.

The workspace hands each click to any connection there is. A process that cannot reach the store could only refuse its
share, however well the others do.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Protocol

from bot.domain.errors import TemporaryError
from bot.loops.cancellation import heed_cancellation

LOOK_EVERY = timedelta(seconds=1)
ANSWERS_WITHIN = timedelta(seconds=1)
AWAY_AFTER = 2
"""Looks in a row without an answer: a store that starts again in between is not worth losing connections over."""
DRAIN = timedelta(seconds=5)
"""How long answers under way may take before the connections are closed."""

log = logging.getLogger(__name__)


class Sockets(Protocol):
    """The connections, as one."""

    def open(self) -> None:
        """Begin to open them, unless that was done already."""
        ...

    async def close(self, within: timedelta) -> None:
        """Take no more work, wait for the answers under way, close."""
        ...


class SocketKeeper:
    """Keeps the connections open while the store answers; closes them in order when it ends."""

    def __init__(self, sockets: Sockets, ping: Callable[[], Awaitable[object]], *, look_every: timedelta = LOOK_EVERY):
        """Take the connections and what returns when the store answers, or raises TemporaryError."""
        self._sockets = sockets
        self._ping = ping
        self._look_every = look_every
        self._missed = 0

    async def run(self) -> None:
        """Look until cancelled."""
        try:
            while True:
                heed_cancellation()
                await self._look()
                await asyncio.sleep(self._look_every.total_seconds())
        finally:
            await self._sockets.close(DRAIN)

    async def _look(self) -> None:
        if await self._answers():
            if self._missed >= AWAY_AFTER:
                log.info("slack_sockets_resume", extra={"why": "the state store is back"})
            self._missed = 0
            self._sockets.open()
            return
        self._missed += 1
        if self._missed == AWAY_AFTER:
            log.error("slack_sockets_paused", extra={"why": "the state store is away; clicks go to other processes"})
            await self._sockets.close(DRAIN)

    async def _answers(self) -> bool:
        try:
            async with asyncio.timeout(ANSWERS_WITHIN.total_seconds()):
                await self._ping()
        except (TemporaryError, TimeoutError):
            return False
        return True
