"""A driver carries a run through its steps; whenever it dies, another goes on and nothing happens twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from bot.actions.action import VerdictKind
from bot.adapters import redis_keys as keys
from bot.adapters.witness import FileWitness
from bot.domain.effects import NoticeKind
from bot.domain.errors import PermanentError
from bot.domain.fault_points import FaultPoint
from bot.domain.ids import RunId
from bot.domain.plans import Effect, Plan
from bot.domain.runs import HumanChoice, RunState, StepState
from bot.services.driving import MAX_DOUBTS, DriverService
from bot.services.guarding import StoreGuard
from tests.state.builders import ADA, QDRANT, SEARCH, WORKER, Clock, a_plan, a_step
from tests.state.conftest import State, a_state
from tests.state.stage import Died, Restart, Wire, World, a_platform, away, dying_at
from tests.waiting import wait_until

PLAN = a_plan(a_step(), a_step(service=WORKER))
POINTS = [point for point in FaultPoint if point.startswith("driver.")]


class Crew:
    """Drivers of one world, each as its own process would have it."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.world = World()
        self.effect = Effect.ONCE
        self._folder = folder
        self._clock = clock

    def driver(self, state: State, name: str) -> DriverService:
        guard = StoreGuard(state.audit, FileWitness(self._folder), state.outbox)
        actions = {Restart.name: Restart(self.world, effect=self.effect)}
        platforms = {SEARCH: a_platform()}
        return DriverService(
            state.ledger, platforms, actions, driver=name, guard=guard, now=state.store.now, sleep=self._clock.sleep
        )


@pytest.fixture
def crew(tmp_path: Path, clock: Clock) -> Crew:
    return Crew(tmp_path, clock)


async def a_run(state: State, plan: Plan = PLAN) -> RunId:
    return (await state.a_run(plan)).id


async def test_a_run_is_carried_to_its_end(state: State, crew: Crew) -> None:
    run = await a_run(state)
    await crew.driver(state, "first").drive(run)
    done = await state.runs.get(run)
    assert (done.state, [step.result for step in done.steps]) == (RunState.DONE, ["restarted", "restarted"])
    assert crew.world.restarts == {"qdrant": 1, "worker": 1}
    assert await state.locks.holder(SEARCH, QDRANT) is None


@pytest.mark.parametrize("point", POINTS)
async def test_a_driver_that_dies_is_followed_and_nothing_happens_twice(
    state: State, another: State, crew: Crew, point: FaultPoint
) -> None:
    run = await a_run(state)
    async with dying_at(point):
        with pytest.raises(Died):
            await crew.driver(state, "first").drive(run)
    state.dead.names.add("first")
    await crew.driver(another, "second").drive(run)
    done = await state.runs.get(run)
    assert (done.state, done.resumed) == (RunState.DONE, 1)
    assert crew.world.restarts == {"qdrant": 1, "worker": 1}
    assert len(await state.said(NoticeKind.RUN_RESUMED)) == 1


async def test_a_driver_killed_inside_an_effect_is_followed(state: State, another: State, crew: Crew) -> None:
    run = await a_run(state)
    crew.world.gate = asyncio.Event()
    first = asyncio.create_task(crew.driver(state, "first").drive(run))
    await crew.world.inside.wait()
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    assert (await state.runs.get(run)).steps[0].state is StepState.BEGUN
    crew.world.gate = None
    state.dead.names.add("first")
    await crew.driver(another, "second").drive(run)
    assert (await state.runs.get(run)).state is RunState.DONE
    assert crew.world.restarts == {"qdrant": 1, "worker": 1}


async def test_an_effect_found_done_is_not_done_again(state: State, crew: Crew) -> None:
    run = await a_run(state)
    async with dying_at(FaultPoint.DRIVER_AFTER_EFFECT):
        with pytest.raises(Died):
            await crew.driver(state, "first").drive(run)
    state.dead.names.add("first")
    await crew.driver(state, "second").drive(run)
    assert (await state.runs.get(run)).steps[0].result == "found done: started 2"


async def test_not_done_counts_only_after_the_steps_whole_time(state: State, crew: Crew, clock: Clock) -> None:
    run = await a_run(state)
    async with dying_at(FaultPoint.DRIVER_AFTER_BEGIN):
        with pytest.raises(Died):
            await crew.driver(state, "first").drive(run)
    state.dead.names.add("first")
    await crew.driver(state, "second").drive(run)
    assert len(clock.asked) == 2
    assert (await state.runs.get(run)).steps[0].attempts == 2


async def test_what_nobody_can_tell_stops_for_a_person(state: State, crew: Crew) -> None:
    run = await a_run(state)
    async with dying_at(FaultPoint.DRIVER_AFTER_EFFECT):
        with pytest.raises(Died):
            await crew.driver(state, "first").drive(run)
    state.dead.names.add("first")
    crew.world.verdict = VerdictKind.UNKNOWN
    await crew.driver(state, "second").drive(run)
    stopped = await state.runs.get(run)
    assert (stopped.state, stopped.evidence) == (RunState.NEEDS_HUMAN, "started 2")
    await state.runs.answer_for_step(run, HumanChoice.MARK_DONE, ADA, reason="I looked: it is up")
    await crew.driver(state, "third").drive(run)
    assert crew.world.restarts == {"qdrant": 1, "worker": 1}


async def test_an_answer_that_never_comes_is_asked_for(state: State, crew: Crew) -> None:
    crew.world.error = away()
    run = await a_run(state)
    await crew.driver(state, "first").drive(run)
    assert (await state.runs.get(run)).state is RunState.DONE
    assert crew.world.restarts == {"qdrant": 1, "worker": 1}


async def test_an_effect_that_never_comes_is_not_tried_for_ever(state: State, crew: Crew) -> None:
    crew.world.error, crew.world.verdict = away(), VerdictKind.NOT_DONE
    run = await a_run(state)
    await crew.driver(state, "first").drive(run)
    failed = await state.runs.get(run)
    assert (failed.state, failed.steps[0].attempts) == (RunState.FAILED, MAX_DOUBTS)
    assert failed.evidence.startswith("tried 3 times: away")


async def test_the_idempotent_is_done_again_a_few_times_only(state: State, crew: Crew) -> None:
    crew.effect, crew.world.error, crew.world.verdict = Effect.IDEMPOTENT, away(), VerdictKind.NOT_DONE
    run = await a_run(state)
    await crew.driver(state, "first").drive(run)
    assert crew.world.restarts["qdrant"] == MAX_DOUBTS
    assert (await state.runs.get(run)).state is RunState.FAILED


@pytest.mark.parametrize("error", [PermanentError("no such container")])
async def test_what_cannot_be_helped_fails_the_run(state: State, crew: Crew, error: Exception) -> None:
    crew.world.error = error
    run = await a_run(state)
    await crew.driver(state, "first").drive(run)
    assert (await state.runs.get(run)).evidence == "no such container"


async def test_facts_that_changed_since_the_yes_stop_the_step(state: State, crew: Crew) -> None:
    run = await a_run(state)
    crew.world.restarts["qdrant"] = 5
    await crew.driver(state, "first").drive(run)
    failed = await state.runs.get(run)
    assert failed.evidence == "changed since the yes: started: 1 → 6"
    assert failed.steps[0].attempts == 0


async def test_two_drivers_at_once_are_one(state: State, another: State, crew: Crew) -> None:
    run = await a_run(state)
    await asyncio.gather(*(crew.driver(part, f"driver-{n}").drive(run) for n, part in enumerate((state, another))))
    assert (await state.runs.get(run)).state is RunState.DONE
    assert crew.world.restarts == {"qdrant": 1, "worker": 1}


async def test_a_driver_woken_twice_drives_once(state: State, crew: Crew) -> None:
    run = await a_run(state)
    driver = crew.driver(state, "first")
    await asyncio.gather(*(driver.drive(run) for _ in range(5)))
    assert crew.world.restarts == {"qdrant": 1, "worker": 1}
    assert await state.store.redis.hget(keys.run(run), "claims") == b"1"


async def test_a_driver_that_was_thought_dead_writes_and_starts_nothing_more(
    state: State, another: State, crew: Crew
) -> None:
    run = await a_run(state)
    crew.world.gate = asyncio.Event()
    first = asyncio.create_task(crew.driver(state, "first").drive(run))
    await crew.world.inside.wait()
    await another.store.redis.hincrby(keys.run(run), "fence", 1)
    crew.world.gate.set()
    await first
    assert crew.world.restarts["worker"] == 0
    assert (await state.runs.get(run)).steps[0].state is StepState.BEGUN


async def test_an_action_this_version_does_not_know_needs_a_person(state: State, crew: Crew) -> None:
    run = await a_run(state)
    driver = crew.driver(state, "first")
    driver._actions = {}  # another version's table
    await driver.drive(run)
    assert "unknown to this version" in (await state.runs.get(run)).evidence


async def test_frozen_a_run_is_not_even_claimed(state: State, crew: Crew) -> None:
    run = await a_run(state)
    await state.audit.freeze("the store was emptied")
    for _ in range(6):
        await crew.driver(state, "first").drive(run)
    waiting = await state.runs.get(run)
    assert (waiting.state, crew.world.restarts) == (RunState.QUEUED, {})
    assert await state.store.redis.hget(keys.run(run), "claims") == b"0"


async def test_a_run_called_off_stops_at_its_border(state: State, crew: Crew) -> None:
    run = await a_run(state)
    crew.world.gate = asyncio.Event()
    task = asyncio.create_task(crew.driver(state, "first").drive(run))
    await crew.world.inside.wait()
    await state.runs.cancel(run, ADA)
    crew.world.gate.set()
    await task
    assert (await state.runs.get(run)).state is RunState.CANCELLED
    assert crew.world.restarts["worker"] == 0


async def test_a_step_that_looks_for_the_flag_stops_at_its_safe_point(state: State, crew: Crew) -> None:
    run = await a_run(state)
    crew.world.gate = asyncio.Event()
    task = asyncio.create_task(crew.driver(state, "first").drive(run))
    await crew.world.inside.wait()
    await state.runs.cancel(run, ADA)
    beats = await state.store.redis.hget(keys.run(run), "beat")

    async def has_beaten() -> bool:
        return await state.store.redis.hget(keys.run(run), "beat") != beats

    await wait_until(has_beaten, description="the driver learnt of the flag")
    crew.world.gate.set()
    await task
    assert (await state.runs.get(run)).state is RunState.CANCELLED
    assert not crew.world.restarts


# --- the store goes away --------------------------------------------------------------------------------------------


@pytest_asyncio.fixture
async def wire(valkey_url: str, tmp_path: Path) -> AsyncIterator[Wire]:
    wire = Wire(tmp_path, valkey_url.removeprefix("unix://").partition("?")[0])
    await wire.mend()
    try:
        yield wire
    finally:
        await wire.cut()


@pytest_asyncio.fixture
async def behind_the_wire(wire: Wire, state: State, clock: Clock) -> AsyncIterator[State]:
    client = Redis.from_url(wire.url, decode_responses=False)
    try:
        yield a_state(client, clock, state.dead)
    finally:
        await client.aclose()


async def test_a_run_goes_on_after_the_store_was_away(
    state: State, behind_the_wire: State, wire: Wire, crew: Crew
) -> None:
    run = await a_run(state)
    crew.world.gate = asyncio.Event()
    task = asyncio.create_task(crew.driver(behind_the_wire, "first").drive(run))
    await crew.world.inside.wait()
    await wire.cut()
    crew.world.gate.set()
    await wait_until(lambda: crew.world.restarts["qdrant"], description="the effect happened without the store")
    assert not task.done()
    await wire.mend()
    await task
    assert (await state.runs.get(run)).state is RunState.DONE
    assert crew.world.restarts == {"qdrant": 1, "worker": 1}
