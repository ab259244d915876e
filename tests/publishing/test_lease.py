"""The lease and the loop: one process publishes, another takes over, and an old one changes nothing any more."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot.adapters.publisher_slot import publisher_holder
from bot.domain.cards import CardView
from bot.domain.ids import CardId
from bot.loops.publisher import LeasedTerm, PublisherLoop
from bot.ports.outbox import LeaseLost
from bot.services.call_budgets import Call
from bot.services.errands import Plan
from bot.services.publishing import Publishing
from tests.publishing.desk import Desk
from tests.waiting import wait_until

LIFE = timedelta(seconds=30)


@pytest.fixture
async def desk(redis_client: Redis) -> Desk:
    return Desk(redis_client)


def loop_of(desk: Desk, holder: str, publishing: Publishing | None = None) -> PublisherLoop:
    """Return a loop on the machine's own clock."""
    made = publishing or Publishing(desk.outbox, desk.chat, desk._view, desk.metrics)
    return PublisherLoop(made, desk.outbox, holder=holder)


@asynccontextmanager
async def running(loop: PublisherLoop) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(loop.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_one_process_at_a_time_holds_the_lease(desk: Desk) -> None:
    assert await desk.outbox.lease("one", life=LIFE) == 1
    assert await desk.outbox.lease("two", life=LIFE) is None
    assert await desk.outbox.lease("one", life=LIFE) == 1
    desk.clock.advance(31)
    assert await desk.outbox.lease("two", life=LIFE) == 2


async def test_a_released_lease_is_free_at_once(desk: Desk) -> None:
    await desk.outbox.lease("one", life=LIFE)
    await desk.outbox.release("two")
    assert await desk.outbox.lease("two", life=LIFE) is None
    await desk.outbox.release("one")
    assert await desk.outbox.lease("two", life=LIFE) == 2


async def test_a_restarted_process_follows_its_dead_predecessor_at_once(desk: Desk) -> None:
    assert await desk.outbox.lease("here#1", life=LIFE) == 1
    assert await desk.outbox.lease("there#1", life=LIFE) is None
    assert await desk.outbox.lease("here#2", life=LIFE) == 2
    assert await desk.outbox.lease("here#2", life=LIFE) == 2


def test_only_one_process_of_a_folder_may_follow_its_predecessor(tmp_path: Path) -> None:
    with publisher_holder(tmp_path) as first, publisher_holder(tmp_path) as second:
        assert "#" in first
        assert "#" not in second
    with publisher_holder(tmp_path) as successor:
        assert successor.partition("#")[0] == first.partition("#")[0]
        assert successor != first


async def test_a_term_is_renewed_only_when_it_ends_too_soon(desk: Desk) -> None:
    term = await LeasedTerm.take(desk.outbox, "one", life=LIFE, ticks=desk.clock.ticks)
    assert term is not None
    for _ in range(10):
        desk.clock.advance(9)
        await term.keep()
    assert await desk.outbox.lease("two", life=LIFE) is None
    desk.clock.advance(31)
    with pytest.raises(LeaseLost):
        await term.last_for(timedelta(seconds=10))


async def test_a_publisher_that_lost_its_lease_in_the_middle_writes_nothing(desk: Desk) -> None:
    await desk.begin("one")
    card = await desk.incident()
    desk.chat.hold = asyncio.Event()
    [errand] = (await desk.publishing.plan()).errands
    posting = asyncio.create_task(desk.publishing.deliver(errand, desk.term))
    await wait_until(lambda: desk.chat.messages, description="the post is under way")
    await desk.outbox.release("one")
    assert await desk.outbox.lease("two", life=LIFE) == 2
    desk.chat.hold.set()
    with pytest.raises(LeaseLost):
        await posting
    assert (await desk.record(card)).message is None


async def test_the_next_publisher_finds_what_the_last_one_posted(desk: Desk) -> None:
    await test_a_publisher_that_lost_its_lease_in_the_middle_writes_nothing(desk)
    [card] = desk.views
    desk.restart()
    desk.term.fence = 2
    await desk.run(60)
    assert len(desk.chat.of(card)) == 1
    assert await desk.is_clean()


async def test_two_publishers_show_everything_once(desk: Desk) -> None:
    async with running(loop_of(desk, "one")) as _, running(loop_of(desk, "two")) as _:
        cards = [await desk.incident() for _ in range(3)]
        await wait_until(desk.is_clean, description="all cards are shown")
    assert [len(desk.chat.of(card)) for card in cards] == [1, 1, 1]
    assert len(desk.chat.calls) == 3


async def test_a_standby_takes_over_when_the_publisher_stops(desk: Desk) -> None:
    async with running(loop_of(desk, "two")):
        async with running(loop_of(desk, "one")):
            await desk.incident()
            await wait_until(desk.is_clean, description="the card is shown")
        await desk.incident()
        await wait_until(desk.is_clean, description="the standby shows the next card")


async def test_a_ring_is_answered_without_waiting_for_the_next_look(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.loops.publisher.POLL", timedelta(hours=1))
    loop = loop_of(desk, "one")
    async with running(loop):
        first = await desk.incident()
        await wait_until(lambda: desk.chat.of(first), description="the loop is at work")
        await wait_until(lambda: not loop.rung.is_set(), description="the loop sleeps")
        second = await desk.incident()
        loop.rung.set()
        await wait_until(lambda: desk.chat.of(second), description="the ring is answered")


async def test_a_shutdown_lets_a_post_under_way_end_and_gives_the_lease_back(desk: Desk) -> None:
    desk.chat.hold = asyncio.Event()
    card = await desk.incident()
    async with running(loop_of(desk, "one")) as task:
        await wait_until(lambda: desk.chat.messages, description="the post is under way")
        task.cancel()
        desk.chat.hold.set()
    assert (await desk.record(card)).message is not None
    assert await desk.outbox.lease("two", life=LIFE) == 2


async def test_a_cancellation_that_was_swallowed_below_ends_the_loop_all_the_same(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    planning = asyncio.Event()

    async def plan(_: Publishing) -> Plan:
        planning.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        return Plan((), math.inf)

    monkeypatch.setattr(Publishing, "plan", plan)
    async with running(loop_of(desk, "one")) as task:
        await planning.wait()
        task.cancel()
        await wait_until(task.cancelled, description="the loop has ended")


async def test_a_card_that_breaks_does_not_keep_others_from_being_shown(desk: Desk) -> None:
    broken, other = await desk.incident(rank=1), await desk.incident()

    async def view(card: CardId) -> CardView | None:
        if card == broken:
            raise KeyError("a defect of ours")
        return desk.views.get(card)

    publishing = Publishing(desk.outbox, desk.chat, view, desk.metrics)
    async with running(loop_of(desk, "one", publishing)):
        await wait_until(lambda: desk.chat.of(other), description="the other card is shown")
    assert desk.chat.made(Call.POST)[0].about == other


async def test_the_loop_competes_again_after_it_lost_its_lease(desk: Desk) -> None:
    loop = loop_of(desk, "one")
    async with running(loop):
        await desk.incident()
        await wait_until(desk.is_clean, description="the first card is shown")
        await desk.outbox.release("one")
        assert await desk.outbox.lease("two", life=LIFE) == 2
        await desk.outbox.release("two")
        await desk.incident()
        await wait_until(desk.is_clean, description="the second card is shown in a new term")
