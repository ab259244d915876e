"""Containers of the simulated platform: what orders do to them, judged by state and by the event stream."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.adapters.simulated.breaks import BreakKind
from bot.adapters.simulated.inventory import DAEMON_COORDINATOR, MCP_SERVER, QDRANT, SERVICES, WEB_UI
from bot.adapters.simulated.world import ServiceStatus, World
from bot.domain.containers import ContainerStatus, Health
from bot.domain.errors import UnknownName
from bot.domain.ids import ContainerId, ServiceName
from tests.simulated.scenes import START, MovedClock

GRACE = timedelta(seconds=10)
QDRANT_CONTAINER = SERVICES[QDRANT].container_id


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture
def world(clock: MovedClock) -> World:
    return World(clock)


def actions(world: World) -> list[str]:
    return [event.action for event in world.events(world.now())]


def test_everything_runs_at_first(world: World) -> None:
    assert {world.status(name, START) for name in SERVICES} == {ServiceStatus.RUNNING}
    assert world.events(START) == []


def test_stopped_service_stays_stopped(world: World, clock: MovedClock) -> None:
    world.break_service(QDRANT, BreakKind.STOP)
    clock.advance(3600)
    container = world.container(QDRANT, clock.now())
    assert (container.status, container.exit_code, container.is_up) == (ContainerStatus.EXITED, 0, False)
    assert container.finished_at == START + SERVICES[QDRANT].stops_in
    assert world.is_broken(QDRANT)
    assert actions(world) == ["kill", "die", "stop"]


def test_stopped_qdrant_makes_what_needs_it_unhealthy(world: World, clock: MovedClock) -> None:
    world.break_service(QDRANT, BreakKind.STOP)
    clock.advance(1)
    healthy = {name for name in SERVICES if world.is_healthy(name, clock.now())}
    assert SERVICES.keys() - healthy == {QDRANT, MCP_SERVER, DAEMON_COORDINATOR}
    assert world.container(MCP_SERVER, clock.now()).health is Health.UNHEALTHY


def test_restart_mends_and_takes_traffic_two_seconds_later(world: World, clock: MovedClock) -> None:
    before = world.container(QDRANT, START)
    world.break_service(QDRANT, BreakKind.STOP)
    clock.advance(60)
    runs_at = world.order_restart(QDRANT_CONTAINER, grace=GRACE)
    assert world.status(QDRANT, runs_at) is ServiceStatus.STARTING
    assert world.status(QDRANT, runs_at + timedelta(seconds=2)) is ServiceStatus.RUNNING
    after = world.container(QDRANT, runs_at)
    assert (after.id, after.started_at) == (before.id, runs_at)
    assert not world.is_broken(QDRANT)


def test_restart_of_a_running_container_shows_every_event(world: World, clock: MovedClock) -> None:
    world.order_restart(QDRANT_CONTAINER, grace=GRACE)
    assert actions(world) == ["kill"]
    clock.advance(5)
    assert actions(world) == ["kill", "die", "stop", "start", "restart"]
    assert world.restarts()[QDRANT] == 1


def test_grace_too_short_kills(world: World, clock: MovedClock) -> None:
    world.order_restart(QDRANT_CONTAINER, grace=timedelta(milliseconds=100))
    clock.advance(5)
    died = next(event for event in world.events(clock.now()) if event.action == "die")
    assert died.attributes["exitCode"] == "137"
    assert actions(world)[:3] == ["kill", "kill", "die"]


def test_second_restart_waits_for_the_first(world: World, clock: MovedClock) -> None:
    first = world.order_restart(QDRANT_CONTAINER, grace=GRACE)
    second = world.order_restart(QDRANT_CONTAINER, grace=GRACE)
    assert second - first > SERVICES[QDRANT].stops_in
    clock.advance(5)
    assert actions(world).count("start") == world.restarts()[QDRANT] == 2


def test_mending_starts_the_service_without_a_restart(world: World, clock: MovedClock) -> None:
    world.break_service(WEB_UI, BreakKind.STOP)
    clock.advance(1)
    world.mend(WEB_UI)
    clock.advance(3)
    assert world.status(WEB_UI, clock.now()) is ServiceStatus.RUNNING
    assert (world.restarts()[WEB_UI], actions(world)) == (0, ["kill", "die", "stop", "start"])


def test_breaking_twice_or_mending_what_works_changes_nothing(world: World, clock: MovedClock) -> None:
    world.mend(QDRANT)
    world.break_service(QDRANT, BreakKind.STOP)
    world.break_service(QDRANT, BreakKind.STOP)
    clock.advance(1)
    assert actions(world) == ["kill", "die", "stop"]


def test_share_of_a_window_spent_down(world: World, clock: MovedClock) -> None:
    world.break_service(QDRANT, BreakKind.STOP)
    clock.advance(10.6)
    share = world.down_share(QDRANT, until=clock.now(), window=timedelta(seconds=40))
    assert share == pytest.approx(0.25)
    assert world.down_share(WEB_UI, until=clock.now(), window=timedelta(seconds=40)) == 0


def test_unknown_names_are_refused(world: World) -> None:
    with pytest.raises(UnknownName, match="no service qdran"):
        world.break_service(ServiceName("qdran"), BreakKind.STOP)
    with pytest.raises(UnknownName, match="no container"):
        world.order_restart(ContainerId("f00"), grace=GRACE)
