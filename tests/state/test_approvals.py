"""A yes binds to one plan, is counted once, and starts one run."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.adapters import redis_keys as keys
from bot.adapters.redis_approvals import LEASE_LIFE
from bot.domain.approvals import LIFE, USE_WITHIN, Approval, ApprovalOutcome, ApprovalState
from bot.domain.effects import NoticeKind, TimerKind, notice
from bot.domain.errors import NotAllowed, TemporaryError, UsageError
from bot.domain.ids import ApprovalId, RunId
from bot.domain.people import Actor, ActorKind
from bot.domain.plans import Plan, Target
from bot.domain.rights import Need, Risk, Role
from bot.domain.runs import RunState
from bot.ports.approvals import ApprovalChange, LeaseOutcome
from bot.services.starting import run_of
from tests.state.builders import (
    ADA,
    BEN,
    FIREFIGHTER,
    KIM,
    LEE,
    MAX,
    OWNER,
    PLACE,
    QDRANT,
    REASON,
    ROOT,
    SEARCH,
    VIEWER,
    WORKER,
    Clock,
    a_person,
    a_plan,
    a_request,
    a_step,
    by_id,
    with_fact,
)
from tests.state.conftest import State

SECOND = timedelta(seconds=1)
OUT = ApprovalOutcome
TWO = a_plan(risk=Risk.DESTRUCTIVE)
CONFIRM = a_plan(risk=Risk.CHANGE)


async def votes(*clicks: Awaitable[ApprovalChange]) -> list[ApprovalOutcome]:
    return [change.outcome for change in await asyncio.gather(*clicks)]


def yes(state: State, approval: Approval, actor: Actor) -> Awaitable[ApprovalChange]:
    return state.approvals.approve(approval.id, approval.plan.hash[:12], actor)


# --- voting ---------------------------------------------------------------------------------------------------------


async def test_of_two_approvers_at_once_one_counts_and_the_other_is_told(state: State, another: State) -> None:
    approval = await state.asked()
    outcomes = await votes(yes(state, approval, KIM), yes(another, approval, LEE))
    assert sorted(outcomes) == [OUT.ALREADY_CLOSED, OUT.APPROVED]
    assert len((await state.approvals.get(approval.id)).votes) == 1


async def test_two_yes_at_once_both_count_and_start_one_run(state: State, another: State) -> None:
    approval = await state.asked(TWO)
    outcomes = await votes(yes(state, approval, KIM), yes(another, approval, OWNER))
    assert sorted(outcomes) == [OUT.APPROVED, OUT.COUNTED]
    starts = await asyncio.gather(*(it.start(approval.id, voters=by_id((KIM, OWNER))) for it in (state, another)))
    assert set(starts) == {OUT.CONSUMED}
    assert len(await state.runs.recent(10)) == 1


async def test_a_request_is_never_approved_by_its_requester(state: State) -> None:
    asker = a_person("ada", Role.ADMIN)
    approval = await state.asked(request=a_request(asker))
    assert await votes(yes(state, approval, asker)) == [OUT.OWN_REQUEST]


async def test_the_requesters_own_no_withdraws(state: State) -> None:
    approval = await state.asked()
    change = await state.approvals.deny(approval.id, approval.plan.hash, ADA)
    assert (change.outcome, change.state.state) == (OUT.WITHDRAWN, ApprovalState.WITHDRAWN)


async def test_a_no_of_somebody_else_closes_it_with_the_reason(state: State) -> None:
    approval = await state.asked()
    change = await state.approvals.deny(approval.id, approval.plan.hash, KIM, reason="not during the demo")
    assert (change.outcome, change.state.reason) == (OUT.DENIED, "not during the demo")
    (told,) = await state.said(NoticeKind.APPROVAL_SETTLED)
    assert (told.mentions, told.facts["state"]) == ((ADA.id,), "denied")


async def test_two_approvers_who_own_nothing_are_not_enough(state: State) -> None:
    approval = await state.asked(TWO)
    assert await votes(yes(state, approval, KIM)) == [OUT.COUNTED]
    assert await votes(yes(state, approval, LEE)) == [OUT.NEEDS_OWNER]
    owner_only = a_person("holder", Role.VIEWER, owns=True)
    assert await votes(yes(state, approval, owner_only)) == [OUT.APPROVED]


async def test_owning_is_not_approving_where_one_is_needed(state: State) -> None:
    approval = await state.asked()
    assert await votes(yes(state, approval, a_person("holder", Role.VIEWER, owns=True))) == [OUT.NOT_ALLOWED]


@pytest.mark.parametrize("actor", [VIEWER, BEN], ids=["viewer", "operator"])
async def test_who_is_no_approver_does_not_vote(state: State, actor: Actor) -> None:
    approval = await state.asked()
    assert await votes(yes(state, approval, actor)) == [OUT.NOT_ALLOWED]
    assert (await state.approvals.deny(approval.id, approval.plan.hash, actor)).outcome is OUT.NOT_ALLOWED


async def test_the_terminal_does_not_vote(state: State) -> None:
    approval = await state.asked()
    terminal = a_person("kim", Role.ADMIN, kind=ActorKind.CLI)
    assert await votes(yes(state, approval, terminal)) == [OUT.NOT_A_PERSON]


@pytest.mark.parametrize("plan_hash", ["", "0" * 12, "not a hash"])
async def test_a_yes_to_another_plan_does_not_count(state: State, plan_hash: str) -> None:
    approval = await state.asked()
    assert await votes(state.approvals.approve(approval.id, plan_hash, KIM)) == [OUT.OTHER_PLAN]


async def test_nobody_votes_twice(state: State) -> None:
    approval = await state.asked(TWO)
    assert await votes(yes(state, approval, OWNER)) == [OUT.COUNTED]
    assert await votes(yes(state, approval, OWNER)) == [OUT.ALREADY_VOTED]


async def test_a_delivery_seen_again_is_answered_the_same_and_counts_once(state: State, another: State) -> None:
    approval = await state.asked()
    click = a_person("kim", Role.APPROVER, act="click-1")
    assert await votes(*(yes(part, approval, click) for part in (state, another) * 3)) == [OUT.APPROVED] * 6
    change = await yes(state, approval, click)
    assert (change.state.state, len(change.state.votes)) == (ApprovalState.APPROVED, 1)
    assert await votes(yes(state, approval, replace(click, act="click-2"))) == [OUT.ALREADY_CLOSED]


async def test_only_the_requester_confirms(state: State) -> None:
    approval = await state.asked(CONFIRM)
    assert approval.quorum == 0
    assert await votes(yes(state, approval, ROOT)) == [OUT.NOT_THE_REQUESTER]
    assert await votes(yes(state, approval, ADA)) == [OUT.CONFIRMED]
    assert await state.start(approval.id, voters={}) is OUT.CONSUMED


async def test_what_needs_nobody_is_approved_at_once(state: State) -> None:
    approval = await state.asked(a_plan(risk=Risk.READ))
    assert approval.state is ApprovalState.APPROVED
    assert await state.approvals.approved() == [approval.id]


async def test_thirteen_votes_at_once_count_as_one_after_the_other_would(state: State, another: State) -> None:
    crowd = [KIM, LEE, OWNER, ADA]
    luck = random.Random(7)
    for round_ in range(100):
        approval = await state.asked(TWO)
        clicks = [replace(actor, act=f"{round_}-{actor.id}-{repeat}") for actor in crowd for repeat in range(3)]
        luck.shuffle(clicks)
        calls = [yes(luck.choice((state, another)), approval, click) for click in clicks]
        wrong = state.approvals.approve(approval.id, "f" * 12, replace(MAX, act=f"{round_}-wrong"))
        outcomes = await votes(*calls, wrong)
        after = await state.approvals.get(approval.id)
        assert (outcomes.count(OUT.APPROVED), outcomes.count(OUT.COUNTED)) == (1, 1)
        assert (len(after.votes), len({vote.user for vote in after.votes})) == (2, 2)
        assert after.requester not in {vote.user for vote in after.votes}
        assert OWNER.id in {vote.user for vote in after.votes}
        await state.approvals.withdraw(approval.id, ADA)


# --- time -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("plan", [a_plan(), TWO, CONFIRM], ids=lambda plan: str(plan.need))
async def test_a_request_is_warned_about_then_expires_on_the_stores_clock(
    state: State, clock: Clock, plan: Plan
) -> None:
    approval, life = await state.asked(plan), LIFE[plan.need]
    clock.forward(life * 0.8 - SECOND)
    assert TimerKind.APPROVAL_WARN not in await state.due()
    clock.forward(SECOND)
    assert TimerKind.APPROVAL_WARN in await state.due()
    assert (await state.approvals.warn(approval.id)).outcome is OUT.WARNED
    assert len(await state.said(NoticeKind.APPROVAL_WARNING)) == 1
    assert (await state.approvals.expire(approval.id)).outcome is OUT.UNCHANGED
    clock.forward(life * 0.2)
    assert TimerKind.APPROVAL_EXPIRE in await state.due()
    assert (await state.approvals.expire(approval.id)).outcome is OUT.EXPIRED
    assert (await state.approvals.warn(approval.id)).outcome is OUT.UNCHANGED


async def test_a_vote_after_the_end_expires_the_request(state: State, clock: Clock) -> None:
    approval = await state.asked()
    clock.forward(LIFE[Need.ONE])
    assert await votes(yes(state, approval, KIM)) == [OUT.EXPIRED]
    assert (await state.approvals.get(approval.id)).state is ApprovalState.EXPIRED


async def test_a_yes_that_waited_too_long_starts_nothing(state: State, clock: Clock) -> None:
    approval = await state.approved()
    clock.forward(USE_WITHIN)
    assert await state.start(approval.id) is OUT.EXPIRED
    assert await state.runs.recent(10) == []


@pytest.mark.parametrize("end", ["withdraw", "revoke"])
async def test_a_yes_taken_back_starts_nothing(state: State, end: str) -> None:
    approval = await state.approved()
    if end == "withdraw":
        await state.approvals.withdraw(approval.id, ADA)
    else:
        assert (await state.approvals.revoke(approval.id, OWNER, reason="wait")).outcome is OUT.REVOKED
    assert await state.start(approval.id) is OUT.ALREADY_CLOSED
    assert await state.approvals.approved() == []


async def test_a_yes_that_was_used_cannot_be_taken_back(state: State) -> None:
    approval = await state.approved()
    await state.start(approval.id)
    assert (await state.approvals.withdraw(approval.id, ADA)).outcome is OUT.ALREADY_CLOSED
    assert (await state.approvals.revoke(approval.id, OWNER)).outcome is OUT.ALREADY_CLOSED


async def test_a_closed_request_has_no_timers_and_a_ttl(state: State) -> None:
    approval = await state.asked()
    assert await state.store.redis.pttl(keys.approval(approval.id)) == -1
    await state.approvals.deny(approval.id, approval.plan.hash, KIM)
    assert await state.store.redis.zcard(keys.DUE) == 0
    assert await state.store.redis.pttl(keys.approval(approval.id)) > 399 * keys.DAY_MS


# --- asking ---------------------------------------------------------------------------------------------------------


async def test_the_same_plan_is_asked_for_once_by_one_person(state: State, another: State) -> None:
    first, second = a_request(replace(ADA, act="a")), replace(a_request(replace(ADA, act="b")), reason="again")
    await state.requests.add(first)
    assert not await state.requests.add(second)
    change = await state.approvals.ask(first, a_plan(), last_time="")
    assert await state.requests.add(second)
    assert (await another.approvals.ask(second, a_plan(), last_time="")).state.id == change.state.id
    assert len(await state.approvals.open()) == 1


async def test_two_planners_asking_at_once_make_one_request(state: State, another: State) -> None:
    for _ in range(10):
        request = a_request()
        await state.requests.add(request)
        answers = await asyncio.gather(
            *(part.approvals.ask(request, a_plan(), last_time="") for part in (state, another) * 2)
        )
        assert {answer.state.id for answer in answers} == {ApprovalId(request.id)}
        assert len(await state.approvals.open()) == 1
        await state.approvals.withdraw(ApprovalId(request.id), ADA)


async def test_one_delivery_is_one_request(state: State) -> None:
    once = replace(ADA, act="E1")
    assert await state.requests.add(a_request(once))
    assert not await state.requests.add(replace(a_request(once), parameters={"service": "worker"}))
    assert len(await state.requests.waiting(10)) == 1


async def test_a_refused_request_is_told_about_once(state: State, another: State) -> None:
    request = a_request()
    await state.requests.add(request)
    for part in (state, another):
        await part.requests.refuse(
            request.id, notice(NoticeKind.PLAN_REFUSED, PLACE, title="restart", why="no container")
        )
    assert await state.requests.waiting(10) == []
    assert len(await state.said(NoticeKind.PLAN_REFUSED)) == 1


async def test_a_viewer_asks_for_nothing(state: State) -> None:
    request = a_request(VIEWER)
    await state.requests.add(request)
    with pytest.raises(NotAllowed, match="operator"):
        await state.approvals.ask(request, a_plan(), last_time="")
    assert await state.approvals.open() == []


async def test_the_destructive_needs_a_reason(state: State) -> None:
    request = a_request(reason="because")
    await state.requests.add(request)
    with pytest.raises(UsageError, match="20 characters"):
        await state.approvals.ask(request, TWO, last_time="")


# --- starting -------------------------------------------------------------------------------------------------------


async def test_a_start_makes_run_and_locks_in_one_commit(state: State, clock: Clock) -> None:
    approval = await state.approved()
    assert await state.start(approval.id) is OUT.CONSUMED
    run = await state.runs.get(RunId(approval.id))
    assert (run.state, run.plan, run.approvers) == (RunState.QUEUED, approval.plan, (KIM.id,))
    clock.forward(timedelta(days=1))
    assert await state.locks.holder(SEARCH, QDRANT) == run.id
    assert await state.approvals.approved() == []


async def test_a_changed_fact_voids_the_yes_and_asks_again_with_the_difference(state: State) -> None:
    approval = await state.approved()
    assert await state.start(approval.id, with_fact(approval.plan, started="2")) is OUT.SUPERSEDED
    void = await state.approvals.get(approval.id)
    assert (void.state, void.differences) == (ApprovalState.SUPERSEDED, ("Restart qdrant: started: 1 → 2",))
    (request,) = await state.requests.waiting(10)
    assert (request.supersedes, request.differences, request.requester.id) == (approval.id, void.differences, ADA.id)
    assert void.superseded_by == ApprovalId(request.id)
    assert await state.runs.recent(10) == []


async def test_what_only_shows_may_change(state: State) -> None:
    approval = await state.approved(a_plan(a_step(shows="1")))
    assert await state.start(approval.id, a_plan(a_step(shows="2"))) is OUT.CONSUMED


@pytest.mark.parametrize(
    ("held", "wanted"),
    [
        (Target(SEARCH, QDRANT), Target(SEARCH, QDRANT)),
        (Target(SEARCH), Target(SEARCH, QDRANT)),
        (Target(SEARCH, QDRANT), Target(SEARCH)),
    ],
    ids=["same", "platform first", "service first"],
)
async def test_a_held_lock_keeps_others_waiting(state: State, held: Target, wanted: Target) -> None:
    assert (await state.starter.lease(RunId("R1"), [held])).outcome is LeaseOutcome.TAKEN
    lease = await state.starter.lease(RunId("R2"), [wanted])
    assert (lease.outcome, lease.holder) == (LeaseOutcome.HELD, "R1")
    await state.starter.release(RunId("R1"))
    assert (await state.starter.lease(RunId("R2"), [wanted])).outcome is LeaseOutcome.TAKEN


async def test_all_locks_are_taken_or_none(state: State) -> None:
    await state.starter.lease(RunId("R1"), [Target(SEARCH, WORKER)])
    lease = await state.starter.lease(RunId("R2"), [Target(SEARCH, QDRANT), Target(SEARCH, WORKER)])
    assert lease.outcome is LeaseOutcome.HELD
    assert await state.locks.holder(SEARCH, QDRANT) is None


async def test_a_lease_lapses_after_sixty_seconds(state: State, clock: Clock) -> None:
    await state.starter.lease(RunId("R1"), [Target(SEARCH, QDRANT)])
    clock.forward(LEASE_LIFE - SECOND)
    assert (await state.starter.lease(RunId("R2"), [Target(SEARCH)])).outcome is LeaseOutcome.HELD
    clock.forward(SECOND)
    assert await state.locks.holder(SEARCH, QDRANT) is None
    assert (await state.starter.lease(RunId("R2"), [Target(SEARCH)])).outcome is LeaseOutcome.TAKEN


async def test_a_yes_whose_lease_went_to_another_starts_nothing(state: State, clock: Clock) -> None:
    approval = await state.approved()
    await state.starter.lease(run_of(approval.id), approval.plan.targets)
    clock.forward(LEASE_LIFE)
    await state.starter.lease(RunId("R2"), approval.plan.targets)
    with pytest.raises(TemporaryError, match="lapsed"):
        await state.starter.consume(approval.id, approval.plan, run_of(approval.id), by_id((KIM,)))
    assert (await state.approvals.get(approval.id)).state is ApprovalState.APPROVED


async def test_two_starters_at_once_make_one_run_and_keep_its_locks(state: State, another: State, clock: Clock) -> None:
    approval = await state.approved()
    outcomes = await asyncio.gather(*(part.start(approval.id) for part in (state, another) * 3))
    assert set(outcomes) == {OUT.CONSUMED}
    assert [run.number for run in await state.runs.recent(10)] == [1]
    await state.starter.lease(run_of(approval.id), approval.plan.targets)
    await state.starter.release(run_of(approval.id))
    clock.forward(LEASE_LIFE)
    assert await state.locks.holder(SEARCH, QDRANT) == run_of(approval.id)


async def test_a_voter_who_lost_the_role_voids_the_yes(state: State) -> None:
    approval = await state.approved()
    assert await state.start(approval.id, voters=by_id((replace(KIM, roles=frozenset()),))) is OUT.VOTER_LOST_ROLE
    assert (await state.approvals.get(approval.id)).state is ApprovalState.REVOKED


async def test_a_voter_who_is_only_an_owner_now_is_no_approver(state: State) -> None:
    approval = await state.approved()
    owner_only = replace(KIM, roles=frozenset({Role.VIEWER}), owns=frozenset({SEARCH}))
    assert await state.start(approval.id, voters=by_id((owner_only,))) is OUT.VOTER_LOST_ROLE


async def test_an_owner_who_owns_no_more_voids_the_yes_of_two(state: State) -> None:
    approval = await state.approved(TWO, KIM, OWNER)
    voters = by_id((KIM, replace(OWNER, owns=frozenset())))
    assert await state.start(approval.id, voters=voters) is OUT.VOTER_LOST_ROLE


async def test_frozen_nothing_starts(state: State) -> None:
    approval = await state.approved()
    await state.audit.freeze("the store was emptied")
    with pytest.raises(NotAllowed, match="frozen: the store was emptied"):
        await state.start(approval.id)
    assert (await state.approvals.get(approval.id)).state is ApprovalState.APPROVED
    assert await state.runs.recent(10) == []


# --- emergencies ----------------------------------------------------------------------------------------------------


async def test_an_emergency_starts_without_a_second_person_and_pings_the_owners(state: State) -> None:
    approval = await state.asked(request=a_request(FIREFIGHTER, break_glass=True))
    assert approval.state is ApprovalState.APPROVED
    (told,) = await state.said(NoticeKind.BREAK_GLASS_USED)
    assert told.facts["reason"] == REASON
    assert await state.start(approval.id, voters={}) is OUT.CONSUMED


@pytest.mark.parametrize(
    ("requester", "reason", "allowed", "error"),
    [
        (a_person("ada", Role.ADMIN), REASON, True, NotAllowed),
        (FIREFIGHTER, "now!", True, UsageError),
        (FIREFIGHTER, REASON, False, NotAllowed),
    ],
    ids=["role", "reason", "profile"],
)
async def test_an_emergency_needs_role_reason_and_the_profiles_leave(
    state: State, requester: Actor, reason: str, allowed: bool, error: type[Exception]
) -> None:
    request = a_request(requester, reason=reason, break_glass=True)
    await state.requests.add(request)
    with pytest.raises(error):
        await state.approvals.ask(request, a_plan(break_glass=allowed), last_time="")
    assert await state.approvals.open() == []


async def test_another_person_looks_at_an_emergency_within_a_day(state: State, clock: Clock) -> None:
    approval = await state.asked(request=a_request(FIREFIGHTER, break_glass=True))
    await state.start(approval.id, voters={})
    clock.forward(timedelta(hours=24))
    assert TimerKind.BREAK_GLASS_REVIEW in await state.due()
    assert (await state.approvals.remind_of_review(approval.id)).outcome is OUT.WARNED
    own = replace(FIREFIGHTER, roles=FIREFIGHTER.roles | {Role.APPROVER})
    assert (await state.approvals.review(approval.id, own)).outcome is OUT.OWN_REQUEST
    assert (await state.approvals.review(approval.id, KIM)).outcome is OUT.REVIEWED
    assert (await state.approvals.review(approval.id, LEE)).outcome is OUT.ALREADY_CLOSED
    assert await state.timer(TimerKind.BREAK_GLASS_REVIEW, approval.id) is None


async def test_an_emergency_that_never_started_is_not_reviewed(state: State) -> None:
    approval = await state.asked(request=a_request(FIREFIGHTER, break_glass=True))
    await state.approvals.revoke(approval.id, OWNER)
    assert (await state.approvals.remind_of_review(approval.id)).outcome is OUT.UNCHANGED
