"""Everything timed, on the store's clock."""

from __future__ import annotations

from datetime import timedelta

from bot.adapters import redis_keys as keys
from bot.adapters.redis_store import Change, from_ms, to_ms
from bot.domain.effects import TimerKind
from tests.state.builders import ALL_KINDS, MINUTE, Clock
from tests.state.conftest import State

SECOND = timedelta(seconds=1)


async def a_timer(state: State, subject: str = "I1", *, within: timedelta = MINUTE) -> None:
    change = Change()
    change.index(keys.DUE, await state.store.now() + within, keys.timer(TimerKind.ESCALATE, subject))
    await state.store.commit(change)


async def test_nothing_is_due_before_its_time(state: State, clock: Clock) -> None:
    await a_timer(state)
    clock.forward(MINUTE - 5 * SECOND)
    assert await state.timers.due(10, ALL_KINDS) == []
    clock.forward(5 * SECOND)
    ((kind, subject, at),) = await state.timers.due(10, ALL_KINDS)
    assert (kind, subject) == (TimerKind.ESCALATE, "I1")
    assert at == await state.timers.next_due()


async def test_a_timer_that_was_met_goes(state: State, clock: Clock) -> None:
    await a_timer(state)
    clock.forward(MINUTE)
    await state.timers.done(*(await state.timers.due(10, ALL_KINDS))[0])
    assert await state.timers.due(10, ALL_KINDS) == []
    assert await state.timers.next_due() is None


async def test_a_timer_set_anew_while_it_is_met_stays(state: State, clock: Clock) -> None:
    await a_timer(state)
    clock.forward(MINUTE)
    (met,) = await state.timers.due(10, ALL_KINDS)
    await a_timer(state, within=2 * MINUTE)
    await state.timers.done(*met)
    clock.forward(2 * MINUTE)
    assert [subject for _, subject, _ in await state.timers.due(10, ALL_KINDS)] == ["I1"]


async def test_a_timer_set_to_an_earlier_time_while_it_is_met_stays(state: State, clock: Clock) -> None:
    await a_timer(state)
    clock.forward(MINUTE)
    kind, subject, at = (await state.timers.due(10, ALL_KINDS))[0]
    await state.store.redis.zadd(keys.DUE, {keys.timer(kind, subject): to_ms(at) - 1})
    await state.timers.done(kind, subject, at)
    assert await state.timers.next_due() == from_ms(to_ms(at) - 1)


async def test_the_oldest_are_due_first(state: State, clock: Clock) -> None:
    for seconds, subject in ((3, "late"), (1, "early"), (2, "between")):
        await a_timer(state, subject, within=seconds * SECOND)
    clock.forward(MINUTE)
    assert [subject for _, subject, _ in await state.timers.due(2, ALL_KINDS)] == ["early", "between"]


async def test_a_timer_of_a_newer_version_holds_up_no_other(state: State, clock: Clock) -> None:
    await a_timer(state)
    await state.store.redis.zadd(keys.DUE, {"full_moon:I1": 1})
    clock.forward(MINUTE)
    assert [kind for kind, _, _ in await state.timers.due(10, ALL_KINDS)] == [TimerKind.ESCALATE]


async def test_many_timers_of_one_kind_hide_no_other(state: State, clock: Clock) -> None:
    change = Change()
    now = await state.store.now()
    for number in range(200):
        change.index(keys.DUE, now, keys.timer(TimerKind.COLLECT_EVIDENCE, f"I{number}"))
    change.index(keys.DUE, now + SECOND, keys.timer(TimerKind.ESCALATE, "I1"))
    await state.store.commit(change)
    clock.forward(MINUTE)
    (only,) = await state.timers.due(10, frozenset({TimerKind.ESCALATE}))
    assert only[:2] == (TimerKind.ESCALATE, "I1")
    assert len(await state.timers.due(10, frozenset({TimerKind.COLLECT_EVIDENCE}))) == 10
