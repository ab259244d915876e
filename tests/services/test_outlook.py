"""A glance at the platforms: what does not answer is unknown, never healthy, and holds up nobody."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast

import pytest

from bot.domain.containers import ContainerStatus
from bot.domain.errors import TemporaryError
from bot.domain.findings import Finding, Verdict
from bot.domain.ids import ServiceName
from bot.domain.profiles import Probe
from bot.ports.platforms import PlatformPorts
from bot.services import health
from bot.services.health import HealthService
from tests.stand_ins.platforms import STARTED, FakeProbes, FakeRuntime, by_name, make_container, make_platform

QDRANT = ServiceName("qdrant")


class Clock:
    now = STARTED

    def __call__(self) -> datetime:
        return self.now


def service_over(*platforms: PlatformPorts, now: Clock | None = None) -> HealthService:
    nothing = cast("Any", None)
    return HealthService(by_name(*platforms), nothing, nothing, nothing, now=now or Clock())


async def test_a_platform_that_answers_is_healthy() -> None:
    (seen,) = await service_over(make_platform()).outlook()
    assert (seen.verdict, seen.wrong, seen.as_of) == (Verdict.OK, (), STARTED)


async def test_what_is_wrong_is_named_worst_first() -> None:
    stopped = replace(make_container("qdrant"), status=ContainerStatus.EXITED)
    slow = Finding(ServiceName("web"), "ready", Verdict.WARNING, "HTTP 200 in 4 s")
    platform = replace(
        make_platform(),
        runtime=FakeRuntime({QDRANT: [stopped], ServiceName("web"): [make_container("web")]}),
        probes=FakeProbes({(ServiceName("web"), "ready"): slow}),
    )
    (seen,) = await service_over(platform).outlook()
    assert seen.verdict is Verdict.CRITICAL
    assert seen.wrong == ("qdrant: container exited", "web: ready HTTP 200 in 4 s")


async def test_a_runtime_that_is_away_makes_it_unknown() -> None:
    platform = replace(make_platform(services=("qdrant",)), runtime=FakeRuntime(away="Docker does not answer"))
    (seen,) = await service_over(platform).outlook()
    assert (seen.verdict, seen.wrong) == (Verdict.UNKNOWN, ("qdrant: Docker does not answer",))


class HangingProbes:
    async def ask(self, service: ServiceName, probe: Probe) -> Finding:
        await asyncio.Event().wait()
        raise AssertionError("unreachable")


async def test_a_platform_that_hangs_is_unknown_and_delays_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "GLANCE_WITHIN", timedelta(milliseconds=20))
    hanging = replace(make_platform("search-staging", services=("qdrant",)), probes=HangingProbes())
    well, unknown = await service_over(make_platform(), hanging).outlook()
    assert (well.verdict, unknown.verdict) == (Verdict.OK, Verdict.UNKNOWN)
    assert unknown.wrong == ("qdrant: no answer within 0 s",)


class FailingProbes:
    async def ask(self, service: ServiceName, probe: Probe) -> Finding:
        raise TemporaryError("the network is away")


async def test_an_error_of_a_probe_makes_it_unknown() -> None:
    (seen,) = await service_over(replace(make_platform(services=("qdrant",)), probes=FailingProbes())).outlook()
    assert (seen.verdict, seen.wrong) == (Verdict.UNKNOWN, ("qdrant: the network is away",))


class CountingProbes(FakeProbes):
    asked = 0

    async def ask(self, service: ServiceName, probe: Probe) -> Finding:
        self.asked += 1
        return await super().ask(service, probe)


async def test_a_glance_serves_everybody_for_a_moment() -> None:
    probes, now = CountingProbes(), Clock()
    service = service_over(replace(make_platform(services=("qdrant",)), probes=probes), now=now)
    await service.outlook()
    await service.outlook()
    assert probes.asked == 1
    now.now += health.GLANCE_LIFE
    await service.outlook()
    assert probes.asked == 2
