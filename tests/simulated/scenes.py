"""Simulated platforms for tests: on a clock that tests move, or on the machine's behind a real port."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import httpx
from starlette.types import ASGIApp

from bot.adapters.simulated.alertmanager import GROUP_BY
from bot.adapters.simulated.app import create_app
from bot.adapters.simulated.clock import Clock, Pace
from bot.adapters.simulated.platform import Scene, SimulatedPlatform
from bot.adapters.simulated.serving import SimulatedServer, bind
from bot.adapters.simulated.world import Timings
from bot.domain.ids import PlatformName
from tests.waiting import wait_until

T = TypeVar("T")

START = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
URL = "http://127.0.0.1:9100"


class MovedClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, now: datetime = START) -> None:
        self._now = now
        self._moved = asyncio.Event()

    def now(self) -> datetime:
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        self._moved.set()
        self._moved = asyncio.Event()

    async def sleep(self, span: timedelta) -> None:
        until = self._now + span
        while self._now < until:
            await self._moved.wait()


@dataclass(slots=True)
class Inbox:
    """A receiver that keeps what it accepts, and refuses for good while ``refuses`` is set."""

    refuses: bool = False
    accepted: list[dict[str, Any]] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)

    async def deliver(self, body: bytes, *, deadline: datetime) -> bool:
        if self.refuses:
            return False
        self.raw.append(body)
        self.accepted.append(json.loads(body))
        return True

    def about(self, alertname: str) -> list[dict[str, Any]]:
        return [body for body in self.accepted if body["groupLabels"]["alertname"] == alertname]


@dataclass(slots=True)
class Play:
    """A platform whose time passes only as a test says."""

    platform: SimulatedPlatform
    clock: MovedClock
    inbox: Inbox

    async def passes(self, seconds: float) -> None:
        """Let time pass in steps as small as those of the running process."""
        for _ in range(round(seconds / 0.25)):
            self.clock.advance(0.25)
            await self.platform.step()

    def state_of(self, alertname: str) -> str:
        self.platform.catch_up()
        states = [alert.state.value for alert in self.platform.rules.alerts() if alert.rule.name == alertname]
        return states[0] if states else "inactive"


def play(*, speed: float = 12, watchdog: bool = False, group_by: tuple[str, ...] = GROUP_BY) -> Play:
    clock, inbox = MovedClock(), Inbox()
    played = replace(scene(URL, speed, watchdog=watchdog), group_by=group_by)
    return Play(SimulatedPlatform(played, clock=clock, receiver=inbox), clock, inbox)


def scene(base_url: str, speed: float, *, watchdog: bool = False, timings: Timings | None = None) -> Scene:
    return Scene(
        base_url=base_url,
        platform=PlatformName("search-demo"),
        environment="demo",
        pace=Pace(speed),
        watchdog=watchdog,
        timings=timings or Timings(),
    )


@asynccontextmanager
async def asked(platform: SimulatedPlatform) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client that asks the application in process; stopped services cannot be asked this way."""
    transport = httpx.ASGITransport(create_app(platform))
    async with httpx.AsyncClient(transport=transport, base_url=URL) as client:
        yield client


async def while_time_passes(clock: MovedClock, awaited: Awaitable[T]) -> T:
    """Return the result of ``awaited``, moving the clock until there is one."""
    task = asyncio.ensure_future(awaited)
    while not task.done():
        clock.advance(0.05)
        await asyncio.sleep(0)
    return task.result()


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[str]:
    """Serve an application on a loopback port of its own; yield its base URL."""
    listener, base_url = bind(0)
    async with _running(app, listener):
        yield base_url


@asynccontextmanager
async def served_platform(
    clock: Clock, *, timings: Timings | None = None
) -> AsyncIterator[tuple[SimulatedPlatform, str]]:
    """Serve a platform; yield it and its base URL."""
    listener, base_url = bind(0)
    platform = SimulatedPlatform(scene(base_url, 12, timings=timings), clock=clock, receiver=Inbox())
    async with _running(create_app(platform), listener):
        yield platform, base_url


@asynccontextmanager
async def _running(app: ASGIApp, listener: Any) -> AsyncIterator[None]:
    ready = asyncio.Event()
    server = SimulatedServer(app, on_ready=ready.set)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    await wait_until(ready.is_set, description="the server accepts connections")
    try:
        yield
    finally:
        server.should_exit = True
        await serving
