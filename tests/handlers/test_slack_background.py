"""Work that outlives its acknowledgement: prompt answers are given at once, late ones handed over, none is lost."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

import pytest

from bot.domain.errors import TemporaryError
from handlers.background import Background, Late
from tests.waiting import wait_until

SOON, MOMENT = timedelta(seconds=5), timedelta(milliseconds=10)


async def at_once() -> str:
    return "here"


async def broken() -> str:
    raise ZeroDivisionError


async def forget(_: str) -> None:
    raise AssertionError("a prompt answer is not handed over a second time")


async def test_a_prompt_answer_is_returned() -> None:
    background = Background()
    assert await background.promptly(at_once(), within=SOON, later=forget) == "here"
    assert background.busy == 0


async def test_an_error_of_prompt_work_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        await Background().promptly(broken(), within=SOON, later=forget)


async def test_a_late_answer_is_handed_over_once() -> None:
    gate, handed, background = asyncio.Event(), list[str](), Background()

    async def slow() -> str:
        await gate.wait()
        return "here"

    async def later(answer: str) -> None:
        handed.append(answer)

    answer = await background.promptly(slow(), within=MOMENT, later=later)
    gate.set()
    await background.drain()
    assert (answer, handed) == (Late.LATE, ["here"])


async def test_a_late_error_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    gate, background = asyncio.Event(), Background()

    async def slow() -> str:
        await gate.wait()
        raise ZeroDivisionError

    with caplog.at_level(logging.ERROR):
        assert await background.promptly(slow(), within=MOMENT, later=forget) is Late.LATE
        gate.set()
        await wait_until(lambda: background.busy == 0, description="the work is over")
        await wait_until(lambda: caplog.records, description="the error is logged")
    assert [record.getMessage() for record in caplog.records] == ["background_failed"]


async def test_an_answer_is_owed_also_when_the_listener_is_called_off() -> None:
    gate, handed, background = asyncio.Event(), list[str](), Background()

    async def slow() -> str:
        await gate.wait()
        return "here"

    async def later(answer: str) -> None:
        handed.append(answer)

    async def listen() -> None:
        await background.promptly(slow(), within=SOON, later=later)

    listener = asyncio.create_task(listen())
    await wait_until(lambda: background.busy == 1, description="the work has begun")
    listener.cancel()
    await asyncio.gather(listener, return_exceptions=True)
    gate.set()
    await background.drain()
    assert handed == ["here"]


async def test_too_much_at_once_is_refused_in_words() -> None:
    gate, background = asyncio.Event(), Background(at_most=2)

    async def slow() -> str:
        await gate.wait()
        return "here"

    async def later(_: str) -> None:
        pass

    for _ in range(2):
        await background.promptly(slow(), within=MOMENT, later=later)
    with pytest.raises(TemporaryError, match="too many questions"):
        await background.promptly(slow(), within=MOMENT, later=later)
    gate.set()
    await background.drain()
    assert await background.promptly(at_once(), within=SOON, later=forget) == "here"


async def test_draining_waits_for_what_ends_and_calls_off_what_does_not() -> None:
    background, ended = Background(), list[str]()

    async def ends() -> None:
        await asyncio.sleep(0)
        ended.append("quick")

    async def never_ends() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("called off")

    background.start(ends())
    background.start(never_ends())
    await background.drain(timedelta(milliseconds=50))
    assert ended == ["quick", "called off"]
    assert background.busy == 0
