"""What the simulated containers wrote."""

from __future__ import annotations

from datetime import timedelta

from bot.adapters.simulated.breaks import BreakKind
from bot.adapters.simulated.inventory import MCP_SERVER, QDRANT, SERVICES
from bot.adapters.simulated.logs import MOST_LINES, log_lines
from bot.adapters.simulated.world import World
from tests.simulated.scenes import START, MovedClock


def test_every_service_writes_and_the_newest_comes_last() -> None:
    world = World(MovedClock())
    for name in SERVICES:
        lines = log_lines(world, name, now=START, tail=5)
        assert [line.at for line in lines] == sorted(line.at for line in lines)
        assert (len(lines), START - lines[-1].at < timedelta(seconds=3)) == (5, True)


def test_errors_surround_the_stop_and_silence_follows() -> None:
    clock = MovedClock()
    world = World(clock)
    world.break_service(QDRANT, BreakKind.STOP)
    clock.advance(30)
    last = log_lines(world, QDRANT, now=clock.now(), tail=3)
    assert ["SIGTERM" in last[0].text, "ERROR" in last[1].text, "ERROR" in last[2].text] == [True] * 3
    assert {line.stream for line in last} == {"stderr"}
    assert abs(last[-1].at - START) < timedelta(seconds=1)


def test_what_needs_qdrant_complains_meanwhile() -> None:
    clock = MovedClock()
    world = World(clock)
    world.break_service(QDRANT, BreakKind.STOP)
    clock.advance(30)
    lines = log_lines(world, MCP_SERVER, now=clock.now(), tail=100, since=START + timedelta(seconds=1))
    assert len(lines) == 10
    assert all("ERROR" in line.text for line in lines)


def test_new_process_introduces_itself() -> None:
    clock = MovedClock()
    world = World(clock)
    world.order_restart(SERVICES[QDRANT].container_id, grace=timedelta(seconds=5))
    clock.advance(4)
    texts = [line.text for line in log_lines(world, QDRANT, now=clock.now(), tail=20, since=START)]
    assert any("Version: 1.19.0" in text for text in texts)
    assert any("listening on port 6333" in text for text in texts)


def test_lines_are_bounded() -> None:
    world = World(MovedClock())
    assert len(log_lines(world, QDRANT, now=START, tail=10**9)) == MOST_LINES
    assert log_lines(world, QDRANT, now=START, tail=0) == []
