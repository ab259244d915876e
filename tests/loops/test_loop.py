"""What loops do with work that breaks: keep it, keep going, try again."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.domain.errors import TemporaryError
from bot.loops.loop import Flights, Loop, each_in_turn
from tests.waiting import wait_until


async def test_an_item_that_breaks_keeps_no_other_waiting() -> None:
    served: list[int] = []

    async def serve(item: int) -> None:
        if item == 1:
            raise ValueError("poison")
        served.append(item)

    with pytest.raises(ValueError, match="poison"):
        await each_in_turn([1, 2, 3], serve)
    assert served == [2, 3]


async def test_a_store_that_is_away_stops_the_turn() -> None:
    served: list[int] = []

    async def serve(item: int) -> None:
        served.append(item)
        raise TemporaryError("away")

    with pytest.raises(TemporaryError):
        await each_in_turn([1, 2], serve)
    assert served == [1]


async def test_a_loop_that_fails_looks_again() -> None:
    looks = 0

    async def look() -> None:
        nonlocal looks
        looks += 1
        if looks == 1:
            raise ValueError("a defect")

    task = asyncio.create_task(Loop("test", look, timedelta(milliseconds=1)).run())
    await wait_until(lambda: looks >= 3, description="three looks")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_ring_wakes_a_loop_before_its_time() -> None:
    looks = 0

    async def look() -> None:
        nonlocal looks
        looks += 1

    loop = Loop("test", look, timedelta(hours=1))
    task = asyncio.create_task(loop.run())
    await wait_until(lambda: looks == 1, description="the first look")
    loop.rung.set()
    await wait_until(lambda: looks == 2, description="the look it was rung for")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_the_same_work_flies_once_at_a_time() -> None:
    flights, started, go_on = Flights(), 0, asyncio.Event()

    async def work() -> None:
        nonlocal started
        started += 1
        await go_on.wait()

    flights.start("one", work)
    flights.start("one", work)
    await wait_until(lambda: started, description="the work has begun")
    assert started == 1
    await flights.aclose()
