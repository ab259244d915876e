"""The mechanism below every state port: one commit, whole or not at all."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from bot.adapters import redis_keys as keys
from bot.adapters.redis_store import Change, Committed, Refused
from bot.domain.errors import PermanentError, TemporaryError
from bot.domain.ids import IncidentId
from tests.state.builders import MINUTE, Clock, a_group
from tests.state.conftest import State


def a_change() -> Change:
    change = Change(audit=["{}"])
    change.op("HSET", keys.ALIASES, "INC-1", "I1")
    return change


async def test_a_guard_that_does_not_hold_leaves_nothing(state: State) -> None:
    change = a_change()
    change.require_field(keys.META, "frozen", "yes")
    refused = await state.store.commit(change)
    assert isinstance(refused, Refused)
    assert refused.guard == ("equals", keys.META, "frozen", "yes")
    assert await state.store.redis.keys("*") == []


async def test_a_deadline_is_the_stores(state: State, clock: Clock) -> None:
    change = a_change()
    change.require_before(await state.store.now() + MINUTE)
    assert isinstance(await state.store.commit(change), Committed)
    clock.forward(MINUTE)
    assert isinstance(await state.store.commit(change), Refused)


@pytest.mark.parametrize(("length", "holds"), [(1, True), (2, False)])
async def test_a_stream_has_the_length_it_was_read_with(state: State, length: int, holds: bool) -> None:
    history = keys.timeline(IncidentId("I1"))
    await state.store.redis.xadd(history, {"e": "{}"})
    change = a_change()
    change.require_length(history, length)
    assert isinstance(await state.store.commit(change), Committed) is holds


async def test_the_audit_counts_with_the_commit(state: State) -> None:
    numbers = [await state.store.commit(a_change()) for _ in range(3)]
    assert [it.audit_seq for it in numbers if isinstance(it, Committed)] == [1, 2, 3]


async def test_a_store_that_is_full_does_nothing_at_all(state: State, redis_client: Redis) -> None:
    await state.intake.accept(a_group(), b"{}")
    (entry,) = await state.intake.waiting(1)
    await redis_client.config_set("maxmemory", "1")
    try:
        with pytest.raises(TemporaryError, match="takes no writes"):
            await state.incidents.absorb(entry.id, entry.group)
    finally:
        await redis_client.config_set("maxmemory", "0")
    assert [it.id for it in await state.intake.waiting(1)] == [entry.id]
    assert len(await state.incidents.absorb(entry.id, entry.group)) == 1


async def test_a_refused_command_is_permanent(state: State) -> None:
    await state.store.redis.set(keys.incident(IncidentId("I1")), "text")
    with pytest.raises(PermanentError, match="WRONGTYPE"):
        await state.store.command("HGETALL", keys.incident(IncidentId("I1")))
    await state.store.redis.delete(keys.incident(IncidentId("I1")))


async def test_five_lost_races_are_enough(state: State) -> None:
    tries: list[int] = []

    async def attempt() -> int | Refused:
        tries.append(1)
        return Refused(("equals", "somewhere", "v", "1"), "2", await state.store.now())

    with pytest.raises(TemporaryError, match="5 times"):
        await state.store.again(attempt, "a thing")
    assert len(tries) == 5


async def test_a_queue_for_numbers_is_no_lost_race(state: State) -> None:
    tries: list[int] = []

    async def attempt() -> int | Refused:
        tries.append(1)
        taken = Refused(("equals", keys.NUMBERS, "incident", "1"), "2", await state.store.now())
        return len(tries) if len(tries) == 12 else taken

    assert await state.store.again(attempt, "a thing") == 12


async def test_scripts_survive_a_server_that_forgot_them(state: State) -> None:
    await state.store.now()
    await state.store.redis.script_flush()
    assert isinstance(await state.store.commit(a_change()), Committed)
