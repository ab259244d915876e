"""Another process is faster, at every gap between what is read: nothing is doubled, nothing is lost."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from redis.asyncio import Redis

from bot.adapters.redis_approvals import RedisApprovals
from bot.adapters.redis_incidents import PlatformRules, RedisIncidents
from bot.adapters.redis_store import Change, Committed, Loaded, RedisStore
from bot.domain.effects import Effects, TimelineEntry
from bot.domain.ids import UserId
from bot.domain.incidents import IncidentState
from tests.state.builders import (
    ADA,
    MINUTE,
    REOPEN_WINDOW,
    RULES,
    SEARCH,
    STARTED,
    Clock,
    a_group,
    a_plan,
    a_profile,
    a_request,
    an_alert,
    resolved,
)
from tests.state.conftest import APPROVAL_RULES, State

GAPS = pytest.mark.parametrize("gap", [1, 2, 3, 4])
NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)


class InterruptedStore(RedisStore):
    """A store that lets somebody else be faster, once, before the ``gap``-th look at its hashes."""

    def __init__(self, redis: Redis, clock: Clock, gap: int, meanwhile: Callable[[], Awaitable[object]]) -> None:
        super().__init__(redis, skew_ms=clock.skew_ms)
        self._gap = gap
        self._meanwhile = meanwhile

    async def load(self, *hash_keys: str) -> Loaded:
        self._gap -= 1
        if self._gap == 0:
            await self._meanwhile()
        return await super().load(*hash_keys)


@pytest.fixture
def interrupted(
    redis_client: Redis, clock: Clock
) -> Callable[[int, Callable[[], Awaitable[object]]], InterruptedStore]:
    return lambda gap, meanwhile: InterruptedStore(redis_client, clock, gap, meanwhile)


Interrupted = Callable[[int, Callable[[], Awaitable[object]]], InterruptedStore]


def incidents(store: RedisStore) -> RedisIncidents:
    return RedisIncidents(store, {SEARCH: PlatformRules(a_profile(), RULES)})


@GAPS
async def test_a_group_opens_one_incident(state: State, interrupted: Interrupted, gap: int) -> None:
    for number in (1, 2):
        await state.intake.accept(a_group(an_alert(number)), b"{}")
    first, second = await state.intake.waiting(10)
    slow = incidents(interrupted(gap, lambda: state.incidents.absorb(first.id, first.group)))
    await slow.absorb(second.id, second.group)
    await state.incidents.absorb(first.id, first.group)
    (incident,) = await state.incidents.open()
    assert (incident.number, len(incident.members)) == (1, 2)


@GAPS
async def test_one_alert_in_two_groups_opens_one_incident(state: State, interrupted: Interrupted, gap: int) -> None:
    for key, alert in (("one", an_alert(1)), ("two", an_alert(1, starts_at=STARTED + MINUTE))):
        await state.intake.accept(a_group(alert, key=key), b"{}")
    first, second = await state.intake.waiting(10)
    slow = incidents(interrupted(gap, lambda: state.incidents.absorb(first.id, first.group)))
    await slow.absorb(second.id, second.group)
    await state.incidents.absorb(first.id, first.group)
    assert len(await state.incidents.open()) == 1


@GAPS
async def test_an_alert_that_joins_during_a_merge_is_in_the_merged_home(
    state: State, interrupted: Interrupted, gap: int
) -> None:
    source = await state.an_incident(a_group(an_alert(1)))
    home = await state.an_incident(a_group(an_alert(2), key="home"))
    await state.intake.accept(a_group(an_alert(3)), b"{}")
    (entry,) = await state.intake.waiting(10)
    slow = incidents(interrupted(gap, lambda: state.incidents.merge(source.id, home.id, ADA)))
    await slow.absorb(entry.id, entry.group)
    if (await state.incidents.get(source.id)).state is not IncidentState.MERGED:
        await state.incidents.merge(source.id, home.id, ADA)
    (open_,) = await state.incidents.open()
    assert (open_.id, len(open_.firing)) == (home.id, 3)


@pytest.mark.parametrize("gap", [1, 2, 3])
async def test_an_alert_that_began_anew_is_not_reconciled_away(
    state: State, interrupted: Interrupted, gap: int
) -> None:
    await state.an_incident()
    fresh = an_alert(1, starts_at=STARTED + MINUTE)
    slow = incidents(interrupted(gap, lambda: state.receive(a_group(fresh))))
    assert await slow.reconcile(SEARCH, [an_alert(1)], NOW) == ()
    (incident,) = await state.incidents.open()
    assert incident.firing == (fresh,)


@pytest.mark.parametrize("gap", [1, 2, 3])
async def test_no_line_of_the_timeline_is_lost_in_the_archive(
    state: State, clock: Clock, interrupted: Interrupted, gap: int
) -> None:
    incident = await state.an_incident()
    await state.receive(a_group(resolved()))
    clock.forward(REOPEN_WINDOW)

    async def a_run_ends() -> None:
        late = TimelineEntry(await state.store.now(), UserId("watchkeeper"), "run_done", "RUN-1")
        change = Change()
        change.add_effects(Effects(timeline=((incident.id, late),)), late.at)
        assert isinstance(await state.store.commit(change), Committed)

    await incidents(interrupted(gap, a_run_ends)).close_window(incident.id)
    if gap == 3:
        await a_run_ends()
    events = [it.event for it in await state.incidents.timeline(incident.id)]
    assert events == ["opened", "resolved", "run_done"]


@GAPS
async def test_a_plan_is_asked_for_once(state: State, interrupted: Interrupted, gap: int) -> None:
    first, second = a_request(), replace(a_request(), parameters={"service": "worker"})
    for request in (first, second):
        assert await state.requests.add(request)
    slow = interrupted(gap, lambda: state.approvals.ask(first, a_plan(), last_time=""))
    await RedisApprovals(slow, lambda _: APPROVAL_RULES).ask(second, a_plan(), last_time="")
    if await state.requests.waiting(10):
        await state.approvals.ask(first, a_plan(), last_time="")
    assert len(await state.approvals.open()) == 1
