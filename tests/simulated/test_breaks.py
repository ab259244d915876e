"""The ways to break the simulated platform, on a clock that the test moves."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from bot.adapters.simulated.breaks import BREAK_BEHAVIOURS, OFFERS, BreakKind
from bot.adapters.simulated.inventory import (
    ALERTMANAGER,
    DAEMON_COORDINATOR,
    HOST,
    MCP_SERVER,
    NGINX,
    PROMETHEUS,
    QDRANT,
    SERVICES,
    WEB_UI,
)
from bot.adapters.simulated.logs import log_lines
from bot.adapters.simulated.own_port import OwnPort
from bot.domain.containers import ContainerStatus
from bot.domain.errors import UsageError
from bot.domain.ids import ServiceName
from tests.simulated.scenes import Play, asked, play, while_time_passes
from tests.waiting import wait_until

FIRES = {
    BreakKind.RAISE_ERRORS: "HighErrorRate",
    BreakKind.RAISE_LATENCY: "HighSearchLatency",
    BreakKind.LEAK_MEMORY: "HighMemoryUsage",
    BreakKind.FILL_DISK: "DiskSpaceLow",
}
SOONEST_S, LATEST_S = 8, 25
"""What a person at the page waits for a card, without the bot's own share."""


def damage(scene: Play, service: ServiceName, kind: BreakKind) -> None:
    scene.platform.world.break_service(service, kind)


def restart(scene: Play, service: ServiceName) -> None:
    facts = SERVICES[service]
    scene.platform.world.order_restart(facts.container_id, grace=facts.stops_in)


def value(scene: Play, text: str, **labels: str) -> float:
    found = scene.platform.metrics.query(text, scene.clock.now())
    (series,) = [it for it in found if labels.items() <= it.labels.items()]
    return series.value


def fires(scene: Play) -> set[str]:
    return {rule.name for rule in scene.platform.rules.rules if scene.state_of(rule.name) == "firing"}


async def control(scene: Play, order: str, body: object) -> httpx.Response:
    async with asked(scene.platform) as client:
        return await while_time_passes(scene.clock, client.post(f"/control/{order}", json=body))


async def breaks(scene: Play) -> list[dict[str, Any]]:
    async with asked(scene.platform) as client:
        state: dict[str, Any] = (await client.get("/control/state")).json()
    return list(state["breaks"])


@pytest.mark.parametrize("kind", FIRES)
async def test_fault_is_told_in_time_and_alone(kind: BreakKind) -> None:
    scene = play(speed=12)
    (service,) = BREAK_BEHAVIOURS[kind].of
    await scene.passes(30)
    damage(scene, service, kind)
    await scene.passes(SOONEST_S)
    assert scene.inbox.accepted == []
    await scene.passes(LATEST_S - SOONEST_S)
    assert {body["groupLabels"]["alertname"] for body in scene.inbox.accepted} == {FIRES[kind]}


@pytest.mark.parametrize("kind", FIRES)
async def test_mended_fault_is_over_within_half_a_minute(kind: BreakKind) -> None:
    scene = play(speed=12)
    (service,) = BREAK_BEHAVIOURS[kind].of
    damage(scene, service, kind)
    await scene.passes(LATEST_S + 10)
    scene.platform.world.mend(service, kind)
    await scene.passes(30)
    assert (fires(scene), scene.inbox.about(FIRES[kind])[-1]["status"]) == (set(), "resolved")


@pytest.mark.parametrize("kind", [kind for kind in FIRES if kind is not BreakKind.FILL_DISK])
async def test_restart_mends_what_lives_in_the_process(kind: BreakKind) -> None:
    scene = play(speed=12)
    damage(scene, MCP_SERVER, kind)
    await scene.passes(LATEST_S + 10)
    restart(scene, MCP_SERVER)
    assert not scene.platform.world.is_broken(MCP_SERVER)
    await scene.passes(30)
    assert fires(scene) == set()


async def test_no_restart_frees_a_disk() -> None:
    scene = play(speed=12)
    damage(scene, HOST, BreakKind.FILL_DISK)
    await scene.passes(30)
    restart(scene, QDRANT)
    await scene.passes(30)
    assert fires(scene) == {"DiskSpaceLow"}


async def test_memory_climbs_until_another_process_starts_small() -> None:
    scene = play(speed=12)
    memory = "process_resident_memory_bytes / 2^30"
    held = [value(scene, memory, job="mcp-server")]
    damage(scene, MCP_SERVER, BreakKind.LEAK_MEMORY)
    for _ in range(4):
        await scene.passes(4)
        held.append(value(scene, memory, job="mcp-server"))
    assert held == sorted(held)
    assert held[0] < 3 < 6 < held[2]
    restart(scene, MCP_SERVER)
    await scene.passes(3)
    assert value(scene, memory, job="mcp-server") < 3


async def test_past_stays_as_it_was() -> None:
    scene = play(speed=12)
    damage(scene, HOST, BreakKind.FILL_DISK)
    await scene.passes(10)
    then = scene.clock.now()
    await scene.passes(1)
    scene.platform.world.mend(HOST)
    await scene.passes(10)
    text = "1 - node_filesystem_avail_bytes / node_filesystem_size_bytes"
    (was,) = [it.value for it in scene.platform.metrics.query(text, then) if it.labels["mountpoint"] != "/"]
    assert was > 0.85 > value(scene, text, mountpoint="/qdrant/storage")


async def test_slow_searches_are_not_qdrants_fault() -> None:
    scene = play(speed=12)
    damage(scene, MCP_SERVER, BreakKind.RAISE_LATENCY)
    await scene.passes(20)
    p95 = "histogram_quantile(0.95, sum by (le) (rate({}_duration_seconds_bucket[5m])))"
    assert value(scene, p95.format("search")) > 1 > 0.1 > value(scene, p95.format("rest_responses"))


@pytest.mark.parametrize(
    ("service", "kind", "words"),
    [
        (MCP_SERVER, BreakKind.RAISE_ERRORS, "embedding model is not loaded"),
        (MCP_SERVER, BreakKind.RAISE_LATENCY, "embedding workers are stuck"),
        (MCP_SERVER, BreakKind.LEAK_MEMORY, "grows without evicting"),
        (ALERTMANAGER, BreakKind.LOSE_ALERTMANAGER, "Notify for alerts failed"),
    ],
)
async def test_log_names_the_cause_between_ordinary_lines(service: ServiceName, kind: BreakKind, words: str) -> None:
    scene = play(speed=12)
    damage(scene, service, kind)
    await scene.passes(20)
    lines = log_lines(scene.platform.world, service, now=scene.clock.now(), tail=6)
    assert any(words in line.text for line in lines)
    assert {line.stream for line in lines} == {"stdout", "stderr"}


@pytest.mark.parametrize(
    ("stopped", "writer", "words"),
    [
        (MCP_SERVER, NGINX, "mcp-server:8000"),
        (WEB_UI, NGINX, "web-ui:3000"),
        (ALERTMANAGER, PROMETHEUS, "Error sending alert"),
    ],
)
async def test_others_complain_of_what_they_cannot_reach(stopped: ServiceName, writer: ServiceName, words: str) -> None:
    scene = play()
    damage(scene, stopped, BreakKind.STOP)
    await scene.passes(10)
    lines = log_lines(scene.platform.world, writer, now=scene.clock.now(), tail=4)
    assert any(words in line.text for line in lines)


@pytest.mark.parametrize(
    ("stopped", "text"),
    [
        (NGINX, "sum(rate(http_requests_total[5m]))"),
        (DAEMON_COORDINATOR, "sum(rate(documents_ingested_total[10m]))"),
    ],
)
async def test_less_arrives_through_a_stopped_service(stopped: ServiceName, text: str) -> None:
    scene = play(speed=12)
    before = value(scene, text)
    damage(scene, stopped, BreakKind.STOP)
    await scene.passes(60)
    assert value(scene, text) < before / 3


async def test_lost_alertmanager_runs_and_says_nothing() -> None:
    scene = play(speed=12)
    world = scene.platform.world
    damage(scene, ALERTMANAGER, BreakKind.LOSE_ALERTMANAGER)
    damage(scene, QDRANT, BreakKind.STOP)
    await scene.passes(30)
    assert world.container(ALERTMANAGER, scene.clock.now()).status is ContainerStatus.RUNNING
    assert (world.answers(ALERTMANAGER, scene.clock.now()), scene.inbox.accepted) == (False, [])
    assert value(scene, "up", job="alertmanager") == 0
    restart(scene, ALERTMANAGER)
    await scene.passes(10)
    assert {body["groupLabels"]["alertname"] for body in scene.inbox.accepted} >= {"ServiceDown"}
    assert {alert["labels"]["job"] for alert in scene.inbox.about("ServiceDown")[0]["alerts"]} == {"qdrant"}


async def test_breaks_of_several_kinds_are_mended_one_by_one() -> None:
    scene = play()
    world = scene.platform.world
    for kind in (BreakKind.RAISE_ERRORS, BreakKind.RAISE_LATENCY, BreakKind.STOP):
        damage(scene, MCP_SERVER, kind)
    scene.clock.advance(2)
    world.mend(MCP_SERVER, BreakKind.RAISE_ERRORS)
    left = [kind for kind in BreakKind if world.has_break(MCP_SERVER, kind)]
    assert left == [BreakKind.STOP, BreakKind.RAISE_LATENCY]
    world.mend(MCP_SERVER)
    scene.clock.advance(3)
    assert (world.is_broken(MCP_SERVER), world.answers(MCP_SERVER, scene.clock.now())) == (False, True)


def test_what_cannot_break_that_way_is_refused_with_what_can() -> None:
    with pytest.raises(UsageError, match="leak_memory breaks mcp-server, not qdrant"):
        play().platform.world.break_service(QDRANT, BreakKind.LEAK_MEMORY)


async def test_panel_lists_every_kind_with_qdrant_first() -> None:
    listed = await breaks(play(speed=12))
    assert (listed[0]["service"], listed[0]["kind"], listed[0]["label"]) == ("qdrant", "stop", "Stop qdrant")
    assert set(listed[0]) == {"service", "kind", "label", "mend_label", "hint", "active"}
    assert {it["kind"] for it in listed} == set(BreakKind)
    assert [it["active"] for it in listed] == [False] * len(OFFERS)
    stops = [it["service"] for it in listed if it["kind"] == "stop"]
    assert stops == ["qdrant", "daemon-coordinator", "mcp-server", "web-ui", "nginx"]


async def test_hints_say_a_time_that_holds() -> None:
    for offer in [offer for offer in OFFERS if offer.kind is not BreakKind.LOSE_ALERTMANAGER]:
        scene = play(speed=12)
        hint = next(
            it["hint"] for it in await breaks(scene) if (it["service"], it["kind"]) == (offer.service, offer.kind)
        )
        seconds = next(int(word) for word in hint.split() if word.isdecimal())
        damage(scene, offer.service, offer.kind)
        await scene.passes(seconds)
        assert scene.inbox.about(offer.alert), hint
        assert 8 <= seconds <= LATEST_S, hint


async def test_control_breaks_and_mends_by_kind() -> None:
    scene = play()
    for kind in ("raise_errors", "leak_memory"):
        assert (await control(scene, "break", {"service": "mcp-server", "kind": kind})).status_code == 200
    await control(scene, "mend", {"service": "mcp-server", "kind": "raise_errors"})
    assert [it["kind"] for it in await breaks(scene) if it["active"]] == ["leak_memory"]
    await control(scene, "mend", {"service": "mcp-server"})
    assert not any(it["active"] for it in await breaks(scene))
    refused = await control(scene, "break", {"service": "qdrant", "kind": "fill_disk"})
    assert (refused.status_code, "fill_disk breaks host" in refused.text) == (409, True)


async def test_own_port_refuses_while_its_service_is_down_and_stays_reserved() -> None:
    port, is_up = OwnPort(), True
    async with port.open_while(lambda: is_up), httpx.AsyncClient(trust_env=False) as client:

        async def answers() -> bool:
            try:
                return (await client.get(port.url)).status_code == 200
            except httpx.ConnectError:
                return False

        async def refuses() -> bool:
            return not await answers()

        await wait_until(answers, description="it accepts connections")
        is_up = False
        await wait_until(refuses, description="it refuses connections")
        is_up = True
        await wait_until(answers, description="it accepts connections again")
