"""The ledger of runs: one driver at a time, each effect intended before and told after."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.adapters import redis_keys as keys
from bot.domain.effects import NoticeKind
from bot.domain.errors import NotAllowed, UnknownName
from bot.domain.ids import RunId
from bot.domain.runs import MAX_CLAIMS, PRESUMED_DEAD_AFTER, HumanChoice, Run, RunOutcome, RunState, StepState
from bot.ports.runs import ClaimOutcome, FenceLost
from tests.state.builders import ADA, KIM, QDRANT, SEARCH, VIEWER, WORKER, Clock, a_person, a_plan, a_step
from tests.state.conftest import State

OUT = RunOutcome
DRIVER, OTHER = "driver-1", "driver-2"
MILLISECOND = timedelta(milliseconds=1)
TWO_STEPS = a_plan(a_step(), a_step(service=WORKER))


async def claimed(state: State, run: Run, driver: str = DRIVER) -> int:
    claim = await state.ledger.claim(run.id, driver)
    assert claim.outcome is ClaimOutcome.CLAIMED
    return claim.fence


async def at_a_step(state: State) -> tuple[Run, int]:
    """Return a run whose first of two steps is begun, and the driver's fence."""
    run = await state.a_run(TWO_STEPS)
    fence = await claimed(state, run)
    assert (await state.ledger.begin_step(run.id, fence, 0, {"started": "1"})).outcome is OUT.BEGIN
    return run, fence


async def needing_a_person(state: State) -> Run:
    run, fence = await at_a_step(state)
    return (await state.ledger.needs_human(run.id, fence, "the container is gone")).state


# --- claiming -------------------------------------------------------------------------------------------------------


async def test_one_driver_holds_a_run(state: State, clock: Clock) -> None:
    run = await state.a_run()
    await claimed(state, run)
    assert (await state.ledger.claim(run.id, OTHER)).outcome is ClaimOutcome.BUSY
    assert [(id_, driver) for id_, driver, _ in await state.runs.to_drive()] == [(run.id, DRIVER)]


async def test_drivers_claiming_at_once_get_one_claim(state: State, another: State) -> None:
    run = await state.a_run()
    parts = (state, another) * 5
    claims = await asyncio.gather(*(part.ledger.claim(run.id, f"driver-{n}") for n, part in enumerate(parts)))
    assert [it.outcome for it in claims].count(ClaimOutcome.CLAIMED) == 1


async def test_a_silent_driver_is_presumed_dead(state: State, clock: Clock) -> None:
    run = await state.a_run()
    fence = await claimed(state, run)
    clock.forward(PRESUMED_DEAD_AFTER - 500 * MILLISECOND)
    assert (await state.ledger.claim(run.id, OTHER)).outcome is ClaimOutcome.BUSY
    await state.ledger.beat(run.id, fence)
    clock.forward(PRESUMED_DEAD_AFTER - 500 * MILLISECOND)
    assert (await state.ledger.claim(run.id, OTHER)).outcome is ClaimOutcome.BUSY
    clock.forward(501 * MILLISECOND)
    assert (await state.ledger.claim(run.id, OTHER)).outcome is ClaimOutcome.CLAIMED
    assert len(await state.said(NoticeKind.RUN_RESUMED)) == 1


async def test_a_driver_proven_dead_is_followed_at_once(state: State) -> None:
    run = await state.a_run()
    await claimed(state, run)
    state.dead.names.add(DRIVER)
    assert await claimed(state, run, OTHER) == 2


async def test_an_old_fence_writes_nothing(state: State) -> None:
    run, fence = await at_a_step(state)
    state.dead.names.add(DRIVER)
    await claimed(state, run, OTHER)
    before = await state.store.redis.hget(keys.run(run.id), "v")
    for write in (
        state.ledger.begin_step(run.id, fence, 1, {}),
        state.ledger.begin_again(run.id, fence, 0, {}),
        state.ledger.end_step(run.id, fence, 0, "done"),
        state.ledger.fail_step(run.id, fence, 0, "failed"),
        state.ledger.needs_human(run.id, fence, "?"),
        state.ledger.cancel_at_safe_point(run.id, fence, 0),
        state.ledger.beat(run.id, fence),
    ):
        with pytest.raises(FenceLost):
            await write
    assert await state.store.redis.hget(keys.run(run.id), "v") == before


async def test_a_run_that_drivers_die_over_needs_a_person(state: State) -> None:
    run = await state.a_run()
    for number in range(MAX_CLAIMS):
        await claimed(state, run, f"driver-{number}")
        state.dead.names.add(f"driver-{number}")
    assert (await state.ledger.claim(run.id, "driver-x")).outcome is ClaimOutcome.OVER
    stopped = await state.runs.get(run.id)
    assert (stopped.state, stopped.evidence) == (RunState.NEEDS_HUMAN, "4 drivers died over it")
    assert await state.locks.holder(SEARCH, QDRANT) == run.id
    assert await state.runs.to_drive() == []


async def test_pauses_are_not_deaths(state: State) -> None:
    run = await state.a_run()
    for number in range(MAX_CLAIMS + 2):
        fence = await claimed(state, run, f"driver-{number}")
        await state.runs.pause(run.id, ADA)
        assert (await state.ledger.begin_step(run.id, fence, 0, {})).outcome is OUT.STOPPED
        assert (await state.runs.unpause(run.id, ADA)).state.state is RunState.QUEUED


async def test_a_run_that_is_not_there_is_named(state: State) -> None:
    assert (await state.ledger.claim(RunId("R9"), DRIVER)).outcome is ClaimOutcome.OVER
    with pytest.raises(UnknownName, match="R9"):
        await state.runs.get(RunId("R9"))
    with pytest.raises(FenceLost):
        await state.ledger.beat(RunId("R9"), 1)


# --- steps ----------------------------------------------------------------------------------------------------------


async def test_the_last_step_frees_locks_and_is_remembered(state: State) -> None:
    run, fence = await at_a_step(state)
    assert (await state.ledger.end_step(run.id, fence, 0, "restarted")).outcome is OUT.CHANGED
    await state.ledger.begin_step(run.id, fence, 1, {})
    over = await state.ledger.end_step(run.id, fence, 1, "restarted")
    assert (over.outcome, over.state.state) == (OUT.FINISHED, RunState.DONE)
    assert await state.store.redis.exists(keys.LOCKS, keys.QUEUED, keys.ACTIVE, keys.OPEN_RUNS) == 0
    assert await state.store.redis.pttl(keys.run(run.id)) > 399 * keys.DAY_MS
    last = await state.runs.last_time(SEARCH, run.plan.runbook, run.plan.parameters)
    assert last.startswith("RUN-1 was done in 0 s on ")


async def test_a_step_begun_by_somebody_before_is_uncertain(state: State) -> None:
    run, _ = await at_a_step(state)
    state.dead.names.add(DRIVER)
    fence = await claimed(state, run, OTHER)
    change = await state.ledger.begin_step(run.id, fence, 0, {"started": "2"})
    assert (change.outcome, change.state.steps[0].before) == (OUT.UNCERTAIN, {"started": "1"})
    again = await state.ledger.begin_again(run.id, fence, 0, {"started": "1"})
    assert (again.outcome, again.state.steps[0].attempts) == (OUT.BEGIN, 2)


async def test_a_failed_step_ends_the_run_and_says_why(state: State) -> None:
    run, fence = await at_a_step(state)
    change = await state.ledger.fail_step(run.id, fence, 0, "not healthy after 60 s")
    assert (change.state.state, change.state.steps[0].state) == (RunState.FAILED, StepState.FAILED)
    (told,) = await state.said(NoticeKind.RUN_ENDED)
    assert (told.mentions, told.facts["why"]) == ((ADA.id,), "not healthy after 60 s")
    assert await state.locks.holder(SEARCH, QDRANT) is None


async def test_frozen_no_step_begins(state: State) -> None:
    run, fence = await at_a_step(state)
    await state.audit.freeze("the store was emptied")
    with pytest.raises(NotAllowed, match="emptied"):
        await state.ledger.begin_again(run.id, fence, 0, {})
    assert (await state.ledger.end_step(run.id, fence, 0, "restarted")).outcome is OUT.CHANGED
    with pytest.raises(NotAllowed, match="frozen"):
        await state.ledger.begin_step(run.id, fence, 1, {})


# --- what people do -------------------------------------------------------------------------------------------------


async def test_a_queued_run_is_called_off_at_once(state: State) -> None:
    run = await state.a_run()
    change = await state.runs.cancel(run.id, ADA)
    assert (change.outcome, change.state.state) == (OUT.FINISHED, RunState.CANCELLED)
    assert (await state.ledger.claim(run.id, DRIVER)).outcome is ClaimOutcome.OVER
    assert await state.locks.holder(SEARCH, QDRANT) is None


async def test_a_running_run_is_called_off_at_its_next_border(state: State) -> None:
    run, fence = await at_a_step(state)
    assert (await state.runs.cancel(run.id, ADA)).outcome is OUT.FLAGGED
    assert (await state.runs.cancel(run.id, KIM)).outcome is OUT.UNCHANGED
    assert (await state.ledger.beat(run.id, fence)).cancel
    await state.ledger.end_step(run.id, fence, 0, "restarted")
    change = await state.ledger.begin_step(run.id, fence, 1, {})
    assert (change.outcome, change.state.state) == (OUT.FINISHED, RunState.CANCELLED)
    assert [step.state for step in change.state.steps] == [StepState.DONE, StepState.PENDING]


async def test_a_step_that_looks_is_called_off_at_its_safe_point(state: State) -> None:
    run, fence = await at_a_step(state)
    assert (await state.ledger.cancel_at_safe_point(run.id, fence, 0)).outcome is OUT.UNCHANGED
    await state.runs.cancel(run.id, ADA)
    change = await state.ledger.cancel_at_safe_point(run.id, fence, 0)
    assert (change.state.state, change.state.steps[0].result) == (RunState.CANCELLED, "called off")


async def test_a_run_called_off_does_nothing_again(state: State) -> None:
    run, _ = await at_a_step(state)
    await state.runs.cancel(run.id, ADA)
    state.dead.names.add(DRIVER)
    fence = await claimed(state, run, OTHER)
    change = await state.ledger.begin_again(run.id, fence, 0, {})
    assert (change.outcome, change.state.state) == (OUT.FINISHED, RunState.CANCELLED)


async def test_a_paused_run_waits_at_the_border_until_it_may_go_on(state: State) -> None:
    run, fence = await at_a_step(state)
    assert (await state.runs.pause(run.id, ADA)).outcome is OUT.FLAGGED
    assert (await state.ledger.beat(run.id, fence)).pause
    await state.ledger.end_step(run.id, fence, 0, "restarted")
    assert (await state.ledger.begin_step(run.id, fence, 1, {})).state.state is RunState.PAUSED
    assert (await state.ledger.claim(run.id, OTHER)).outcome is ClaimOutcome.OVER
    assert await state.locks.holder(SEARCH, QDRANT) == run.id
    await state.runs.unpause(run.id, ADA)
    fence = await claimed(state, run, OTHER)
    assert (await state.ledger.begin_step(run.id, fence, 1, {})).outcome is OUT.BEGIN


async def test_a_pause_is_taken_back_before_it_begins(state: State) -> None:
    run, fence = await at_a_step(state)
    await state.runs.pause(run.id, ADA)
    assert (await state.runs.unpause(run.id, ADA)).state.state is RunState.RUNNING
    await state.ledger.end_step(run.id, fence, 0, "restarted")
    assert (await state.ledger.begin_step(run.id, fence, 1, {})).outcome is OUT.BEGIN


async def test_a_person_says_that_a_step_is_done(state: State) -> None:
    run = await needing_a_person(state)
    change = await state.runs.answer_for_step(run.id, HumanChoice.MARK_DONE, ADA, reason="it is up, I looked")
    assert (change.state.state, change.state.steps[0].state) == (RunState.QUEUED, StepState.DONE)
    fence = await claimed(state, run, OTHER)
    assert (await state.ledger.begin_step(run.id, fence, 1, {})).outcome is OUT.BEGIN


async def test_a_person_gives_up(state: State) -> None:
    run = await needing_a_person(state)
    change = await state.runs.answer_for_step(run.id, HumanChoice.GIVE_UP, ADA, reason="restored by hand")
    assert (change.state.state, change.state.evidence) == (RunState.FAILED, "restored by hand")
    assert await state.locks.holder(SEARCH, QDRANT) is None
    again = await state.runs.answer_for_step(run.id, HumanChoice.MARK_DONE, ADA, reason="no")
    assert again.outcome is OUT.UNCHANGED


async def test_a_run_that_drivers_died_over_goes_on_after_a_persons_word(state: State) -> None:
    run = await state.a_run(TWO_STEPS)
    for number in range(MAX_CLAIMS + 1):
        await state.ledger.claim(run.id, f"driver-{number}")
        state.dead.names.add(f"driver-{number}")
    await state.runs.answer_for_step(run.id, HumanChoice.MARK_DONE, ADA, reason="it is up")
    assert (await state.ledger.claim(run.id, "driver-x")).outcome is ClaimOutcome.CLAIMED


async def test_a_viewer_touches_no_run(state: State) -> None:
    run = await needing_a_person(state)
    for change in (
        await state.runs.cancel(run.id, VIEWER),
        await state.runs.pause(run.id, VIEWER),
        await state.runs.unpause(run.id, VIEWER),
        await state.runs.answer_for_step(run.id, HumanChoice.GIVE_UP, VIEWER, reason=""),
    ):
        assert change.outcome is OUT.NOT_ALLOWED


async def test_a_delivery_seen_again_is_answered_the_same(state: State, another: State) -> None:
    run = await state.a_run()
    once = a_person("ada", act="E1")
    answers = await asyncio.gather(*(part.runs.cancel(run.id, once) for part in (state, another) * 3))
    assert {(it.outcome, it.state.state) for it in answers} == {(OUT.FINISHED, RunState.CANCELLED)}
    assert len(await state.said(NoticeKind.RUN_ENDED)) == 1


async def test_runs_are_listed_by_platform_and_by_age(state: State) -> None:
    first = await state.a_run()
    await state.runs.cancel(first.id, ADA)
    second = await state.a_run()
    assert [run.id for run in await state.runs.recent(10)] == [second.id, first.id]
    assert [run.id for run in await state.runs.on_platform(SEARCH)] == [second.id]
    assert await state.runs.find(2) == second.id
