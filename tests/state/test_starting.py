"""From a wish to a plan to a run, as the planner and the starter serve their indexes; dying anywhere costs nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.adapters.redis_memberships import RedisMemberships
from bot.adapters.witness import FileWitness
from bot.domain.approvals import Approval, ApprovalOutcome, ApprovalState
from bot.domain.effects import NoticeKind
from bot.domain.errors import PermanentError
from bot.domain.fault_points import FaultPoint
from bot.domain.ids import RunbookName, RunId
from bot.domain.plans import Target
from bot.domain.rights import Role
from bot.domain.settings import Members
from bot.services.access import AccessService, Rules
from bot.services.guarding import StoreGuard
from bot.services.planning import PlanMaker, PlannerService
from bot.services.starting import StarterService, run_of
from tests.state.builders import ADA, KIM, QDRANT, SEARCH, TEAM, VIEWER, Clock, a_request
from tests.state.conftest import State
from tests.state.stage import Died, Directory, Restart, World, a_platform, away, dying_at


class Office:
    """The planner and the starter of one process, over one world."""

    def __init__(self, state: State, folder: Path) -> None:
        self.world = World()
        self.roles = {Role.OPERATOR: Members(people=frozenset({ADA.id})), Role.APPROVER: Members(frozenset({KIM.id}))}
        self.state = state
        access = AccessService(Rules(TEAM, self.roles, {}), RedisMemberships(state.store), Directory())
        self.maker = PlanMaker({SEARCH: a_platform()}, {Restart.name: Restart(self.world)})
        self.planner = PlannerService(self.maker, state.requests, state.approvals, state.runs, access)
        guard = StoreGuard(state.audit, FileWitness(folder), state.outbox)
        self.starter = StarterService(state.approvals, state.starter, self.maker, access, guard)

    async def planned(self) -> Approval:
        """Return the approval that a request of an operator became."""
        request = a_request()
        await self.state.requests.add(request)
        change = await self.planner.serve(request)
        assert change is not None
        return change.state

    async def approved(self) -> Approval:
        approval = await self.planned()
        return (await self.state.approvals.approve(approval.id, approval.plan.hash, KIM)).state


@pytest.fixture
def office(state: State, tmp_path: Path) -> Office:
    return Office(state, tmp_path)


async def test_a_wish_becomes_a_plan_of_what_is_so_now(state: State, office: Office) -> None:
    office.world.restarts["qdrant"] = 2
    approval = await office.planned()
    (step,) = approval.plan.steps
    assert (approval.plan.title, step.binds, step.target) == (
        "Restart qdrant",
        {"started": "3"},
        Target(SEARCH, QDRANT),
    )
    assert await state.requests.waiting(10) == []


async def test_a_planner_that_dies_leaves_the_request(state: State, office: Office) -> None:
    request = a_request()
    await state.requests.add(request)
    async with dying_at(FaultPoint.PLANNER_BEFORE_ASK):
        with pytest.raises(Died):
            await office.planner.serve(request)
    assert await state.requests.waiting(10) == [request]
    assert await office.planner.serve(request) is not None
    assert len(await state.approvals.open()) == 1


@pytest.mark.parametrize(
    ("runbook", "why"), [("restart", "no such container"), ("unheard", "search has no such runbook")]
)
async def test_a_wish_that_cannot_be_planned_is_refused_with_the_reason(
    state: State, office: Office, runbook: str, why: str
) -> None:
    office.world.unreachable = PermanentError("no such container")
    request = a_request(runbook=RunbookName(runbook))
    await state.requests.add(request)
    assert await office.planner.serve(request) is None
    (told,) = await state.said(NoticeKind.PLAN_REFUSED)
    assert why in told.facts["why"]
    assert told.mentions == (ADA.id,)


async def test_who_may_not_ask_any_more_is_refused(state: State, office: Office) -> None:
    request = a_request(VIEWER)
    await state.requests.add(request)
    assert await office.planner.serve(request) is None
    assert "operator" in (await state.said(NoticeKind.PLAN_REFUSED))[0].facts["why"]


async def test_a_yes_starts_one_run(state: State, office: Office) -> None:
    approval = await office.approved()
    change = await office.starter.start(approval.id)
    assert change is not None
    assert change.outcome is ApprovalOutcome.CONSUMED
    assert (await state.runs.get(run_of(approval.id))).number == 1


@pytest.mark.parametrize(
    "point",
    [FaultPoint.STARTER_AFTER_LEASE, FaultPoint.STARTER_BEFORE_CONSUME, FaultPoint.STARTER_AFTER_CONSUME],
)
async def test_a_starter_that_dies_is_followed_and_starts_one_run(
    state: State, office: Office, point: FaultPoint
) -> None:
    approval = await office.approved()
    async with dying_at(point):
        with pytest.raises(Died):
            await office.starter.start(approval.id)
    change = await office.starter.start(approval.id)
    assert change is not None
    assert change.outcome is ApprovalOutcome.CONSUMED
    assert len(await state.runs.recent(10)) == 1
    assert await state.locks.holder(SEARCH, QDRANT) == run_of(approval.id)


async def test_locks_of_a_starter_that_was_killed_keep_its_follower_from_nothing(state: State, office: Office) -> None:
    approval = await office.approved()
    await state.starter.lease(run_of(approval.id), approval.plan.targets)
    change = await office.starter.start(approval.id)
    assert change is not None
    assert change.outcome is ApprovalOutcome.CONSUMED


async def test_starters_at_once_start_one_run(state: State, another: State, office: Office, tmp_path: Path) -> None:
    approval = await office.approved()
    other = Office(another, tmp_path / "other")
    await asyncio.gather(*(it.starter.start(approval.id) for it in (office, other) * 3), return_exceptions=True)
    await office.starter.start(approval.id)
    assert len(await state.runs.recent(10)) == 1
    assert await state.locks.holder(SEARCH, QDRANT) == run_of(approval.id)


async def test_a_world_that_moved_on_voids_the_yes(state: State, office: Office) -> None:
    approval = await office.approved()
    office.world.restarts["qdrant"] += 1
    change = await office.starter.start(approval.id)
    assert change is not None
    assert change.outcome is ApprovalOutcome.SUPERSEDED
    (again,) = await state.requests.waiting(10)
    fresh = await office.planner.serve(again)
    assert fresh is not None
    assert (fresh.state.supersedes, fresh.state.differences) == (approval.id, ("Restart qdrant: started: 1 → 2",))
    assert await state.locks.holder(SEARCH, QDRANT) is None


async def test_what_cannot_be_seen_any_more_voids_the_yes(state: State, office: Office) -> None:
    approval = await office.approved()
    office.world.unreachable = PermanentError("no such container")
    change = await office.starter.start(approval.id)
    assert change is not None
    assert (change.state.state, change.state.reason) == (
        ApprovalState.REVOKED,
        "looked again before starting: no such container",
    )
    assert await state.locks.holder(SEARCH, QDRANT) is None


async def test_a_platform_that_is_away_keeps_the_yes_and_no_lock(state: State, office: Office) -> None:
    approval = await office.approved()
    office.world.unreachable = away()
    with pytest.raises(type(away())):
        await office.starter.start(approval.id)
    assert await state.approvals.approved() == [approval.id]
    assert await state.locks.holder(SEARCH, QDRANT) is None


async def test_a_held_lock_is_waited_for(state: State, office: Office) -> None:
    approval = await office.approved()
    await state.starter.lease(RunId("R9"), [Target(SEARCH)])
    assert await office.starter.start(approval.id) is None
    await state.starter.release(RunId("R9"))
    assert await office.starter.start(approval.id) is not None


async def test_a_voter_who_lost_the_role_in_between_voids_the_yes(state: State, office: Office) -> None:
    approval = await office.approved()
    office.roles[Role.APPROVER] = Members()
    change = await office.starter.start(approval.id)
    assert change is not None
    assert change.outcome is ApprovalOutcome.VOTER_LOST_ROLE


async def test_frozen_nothing_starts(state: State, office: Office, clock: Clock) -> None:
    approval = await office.approved()
    await state.audit.freeze("the store was emptied")
    assert await office.starter.start(approval.id) is None
    assert await state.approvals.approved() == [approval.id]
    assert await state.locks.holder(SEARCH, QDRANT) is None
