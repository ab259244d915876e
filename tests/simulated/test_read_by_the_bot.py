"""The bot's own adapters find in the simulated platform what they find in a real one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from bot.adapters.alertmanager import AlertmanagerApi
from bot.adapters.http_calls import new_client
from bot.adapters.probes import Endpoint, HttpProbes
from bot.adapters.prometheus import PrometheusApi
from bot.adapters.simulated.breaks import BreakKind
from bot.adapters.simulated.inventory import ALERTMANAGER, MCP_SERVER, QDRANT, SERVICES
from bot.adapters.simulated.platform import SimulatedPlatform
from bot.domain.alerts import AlertmanagerState
from bot.domain.errors import TemporaryError
from bot.domain.findings import Verdict
from bot.domain.profiles import Metric, Probe, ProbeKind
from tests.simulated.scenes import MovedClock, served_platform

PROFILE = Path(__file__).parents[2] / "bot" / "profiles" / "workspace-qdrant-mcp.yaml"
METRICS: dict[str, dict[str, str]] = yaml.safe_load(PROFILE.read_text(encoding="utf-8"))["metrics"]
COLLECTIONS = Probe("collections", ProbeKind.QDRANT_COLLECTIONS)
HEALTH = Probe("health", ProbeKind.HTTP, path="/health")
HEALTHZ = Probe("healthz", ProbeKind.HTTP, path="/healthz")


@dataclass(frozen=True, slots=True)
class Watched:
    platform: SimulatedPlatform
    clock: MovedClock
    probes: HttpProbes
    prometheus: PrometheusApi
    alertmanager: AlertmanagerApi

    async def stop_qdrant(self) -> None:
        """Stop it and let half a minute pass, long enough for every rule at 12 times the speed."""
        self.platform.world.break_service(QDRANT, BreakKind.STOP)
        for _ in range(120):
            self.clock.advance(0.25)
            await self.platform.step()


@pytest.fixture
async def watched() -> AsyncIterator[Watched]:
    clock = MovedClock()
    async with served_platform(clock) as (platform, url), new_client() as client:
        endpoints = {name: Endpoint(f"{url}/services/{name}") for name in SERVICES}
        yield Watched(
            platform,
            clock,
            HttpProbes(endpoints, client),
            PrometheusApi(f"{url}/prometheus", client),
            AlertmanagerApi([f"{url}/alertmanager"], client),
        )


@pytest.mark.parametrize("name", METRICS)
async def test_every_metric_of_the_profile_has_values(watched: Watched, name: str) -> None:
    metric = Metric(name=name, title=name, promql=METRICS[name]["promql"], unit=METRICS[name]["unit"])
    samples = await watched.prometheus.sample(metric)
    assert [sample.why_missing for sample in samples] == [None] * len(samples)


async def test_probes_tell_well_from_down(watched: Watched) -> None:
    before = [await watched.probes.ask(QDRANT, HEALTHZ), await watched.probes.ask(QDRANT, COLLECTIONS)]
    await watched.stop_qdrant()
    after = [await watched.probes.ask(QDRANT, HEALTHZ), await watched.probes.ask(QDRANT, COLLECTIONS)]
    assert [finding.verdict for finding in before] == [Verdict.OK] * 2
    assert [finding.verdict for finding in after] == [Verdict.CRITICAL] * 2
    assert (await watched.probes.ask(MCP_SERVER, HEALTH)).verdict is Verdict.CRITICAL


async def test_firing_alerts_are_listed_by_both(watched: Watched) -> None:
    await watched.stop_qdrant()
    (listing,) = await watched.alertmanager.listings()
    listed = {item.alert.labels["alertname"] for item in listing.alerts if item.state is AlertmanagerState.ACTIVE}
    assert {name for name, _ in await watched.prometheus.firing()} == listed
    assert listed == {"ServiceDown", "HighErrorRate", "HighSearchLatency"}
    assert listing.up_since == watched.platform.world.started_at(ALERTMANAGER, watched.clock.now())


async def test_away_alertmanager_is_temporary_trouble(watched: Watched) -> None:
    watched.platform.is_alertmanager_answering = False
    with pytest.raises(TemporaryError):
        await watched.alertmanager.listings()
