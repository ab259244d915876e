"""The adapter of the simulated runtime, against the real server over loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from bot.adapters.simulated.clock import SystemClock
from bot.adapters.simulated.inventory import QDRANT, SERVICES
from bot.adapters.simulated.runtime import SimulatedRuntime
from bot.adapters.simulated.serving import bind
from bot.adapters.simulated.world import Timings
from bot.domain.errors import PermanentError, TemporaryError
from tests.runtime_conformance import RuntimeCase, RuntimeConformance
from tests.simulated.scenes import MovedClock, served, served_platform
from tests.waiting import wait_until

SECRET = "hunter2"
QUICK = Timings(start=timedelta(milliseconds=10), ready_after=timedelta(milliseconds=10))
GRACE = timedelta(seconds=5)


@pytest.fixture
async def runtime_case() -> AsyncIterator[RuntimeCase]:
    nobody, address = bind(0)  # bound and not listening: connections are refused
    async with served_platform(SystemClock(), timings=QUICK) as (_, url):
        runtime = SimulatedRuntime(url)
        away = SimulatedRuntime(address.replace("http://", f"http://bot:{SECRET}@"))
        yield RuntimeCase(runtime=runtime, service=QDRANT, away=away, secret=SECRET)
        await runtime.aclose()
        await away.aclose()
    nobody.close()


class TestSimulatedRuntime(RuntimeConformance):
    pass


async def test_restart_completes_though_its_caller_is_gone() -> None:
    clock = MovedClock()
    async with served_platform(clock) as (platform, url):
        runtime = SimulatedRuntime(url)
        before = platform.world.container(QDRANT, clock.now())
        calling = asyncio.create_task(runtime.restart(SERVICES[QDRANT].container_id, grace=GRACE))
        await wait_until(lambda: platform.world.restarts()[QDRANT] == 1, description="the order arrived")
        calling.cancel()
        await asyncio.wait([calling])
        await runtime.aclose()
        clock.advance(10)
        after = platform.world.container(QDRANT, clock.now())
        assert (after.is_up, after.started_at != before.started_at) == (True, True)
        assert [event.action for event in platform.world.events(clock.now())][-1] == "restart"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (PlainTextResponse("no", status_code=400), PermanentError),
        (PlainTextResponse("later", status_code=503), TemporaryError),
        (PlainTextResponse("<html>"), PermanentError),
        (PlainTextResponse('[{"id": 1}]'), PermanentError),
    ],
)
async def test_strange_answers_become_typed_errors(answer: PlainTextResponse, error: type[Exception]) -> None:
    async with served(Starlette(routes=[Route("/runtime/containers", lambda _: answer)])) as url:
        runtime = SimulatedRuntime(url)
        with pytest.raises(error):
            await runtime.containers(QDRANT)
        await runtime.aclose()


async def test_restart_waits_longer_than_its_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[httpx.Timeout] = []

    async def remember(self: httpx.AsyncClient, *_: object, timeout: httpx.Timeout, **__: object) -> httpx.Response:
        waited.append(timeout)
        return httpx.Response(204)

    monkeypatch.setattr(httpx.AsyncClient, "request", remember)
    runtime = SimulatedRuntime("http://127.0.0.1:1")
    await runtime.restart(SERVICES[QDRANT].container_id, grace=timedelta(seconds=30))
    await runtime.aclose()
    assert waited[0].read is not None
    assert waited[0].read > 30
