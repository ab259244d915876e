"""Approvals: people's yes to one plan, as pure decisions. Default deny; a yes binds to the plan's hash alone.

Source of states and checks: the approval systems compared in the design's reference on approvals.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.effects import (
    AuditEntry,
    CardChange,
    CardKind,
    Channel,
    Decision,
    Effects,
    NoticeKind,
    Place,
    TimelineEntry,
    TimerChange,
    TimerKind,
    card_id,
    notice,
)
from bot.domain.ids import ApprovalId, GroupId, IncidentId, RunId, TeamId, UserId
from bot.domain.incidents import incident_place
from bot.domain.people import WATCHKEEPER, Actor, ActorKind
from bot.domain.plans import Plan
from bot.domain.rights import Need, Risk, Role

WARN_AT = 0.8
"""The share of its life after which a pending request is warned about."""
REVIEW_WITHIN = timedelta(hours=24)
"""How soon another person looks at what an emergency started."""
MIN_REASON = 20
"""Characters that a reason for a destructive or emergency run has at least."""
USE_WITHIN = timedelta(minutes=10)
"""How long a yes may wait for its start."""

LIFE: Mapping[Need, timedelta] = {
    Need.NONE: timedelta(minutes=5),
    Need.CONFIRM: timedelta(minutes=5),
    Need.ONE: timedelta(minutes=15),
    Need.TWO: timedelta(minutes=30),
}
QUORUM: Mapping[Need, int] = {Need.NONE: 0, Need.CONFIRM: 0, Need.ONE: 1, Need.TWO: 2}


class ApprovalState(StrEnum):
    """Where a request for a yes stands; all but pending and approved are final."""

    PENDING = "pending"
    APPROVED = "approved"
    """Quorum reached; the starter takes it from here."""
    CONSUMED = "consumed"
    """It started exactly one run."""
    DENIED = "denied"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    REVOKED = "revoked"
    SUPERSEDED = "superseded"
    """What it was a yes to is no longer so; a new request shows the difference."""

    @property
    def is_final(self) -> bool:
        """Return whether no click changes it any more."""
        return self not in (ApprovalState.PENDING, ApprovalState.APPROVED)


@dataclass(frozen=True, slots=True)
class Vote:
    """One person's yes."""

    user: UserId
    team: TeamId
    as_owner: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class BreakGlass:
    """An emergency start without a second person, and the look another person takes at it afterwards."""

    reason: str
    review_by: datetime
    reviewed_by: UserId | None = None
    reviewed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Approval:
    """One request for a yes to one plan."""

    id: ApprovalId
    number: int
    state: ApprovalState
    plan: Plan
    requester: UserId
    requester_team: TeamId
    place: Place
    """Where its card is: the incident's thread, else the approvals channel."""
    asked_at: datetime
    expires_at: datetime
    incident: IncidentId | None = None
    votes: tuple[Vote, ...] = ()
    use_before: datetime | None = None
    closed_by: UserId | None = None
    reason: str = ""
    """Why it was denied or revoked; why it is wanted, while it is pending."""
    run: RunId | None = None
    superseded_by: ApprovalId | None = None
    supersedes: ApprovalId | None = None
    differences: tuple[str, ...] = ()
    """What changed against the plan it supersedes."""
    last_time: str = ""
    """How the runbook went on this target before."""
    break_glass: BreakGlass | None = None

    @property
    def name(self) -> str:
        """Return what people type and read: ``APR-7``."""
        return f"APR-{self.number}"

    @property
    def quorum(self) -> int:
        """Return how many other people's yes it needs."""
        return QUORUM[self.plan.need]

    @property
    def lacks_owner(self) -> bool:
        """Return whether an owner of the platform must still be among the voters."""
        return self.plan.need is Need.TWO and not any(vote.as_owner for vote in self.votes)


@dataclass(frozen=True, slots=True)
class ApprovalRules:
    """Who is asked and told."""

    approvers: tuple[UserId | GroupId, ...]
    owners: tuple[UserId | GroupId, ...]


class ApprovalOutcome(StrEnum):
    """What became of a click; each has its own words for the person who clicked."""

    CREATED = "created"
    COUNTED = "counted"
    """The vote counts; more are needed."""
    APPROVED = "approved"
    CONFIRMED = "confirmed"
    DENIED = "denied"
    WITHDRAWN = "withdrawn"
    REVOKED = "revoked"
    EXPIRED = "expired"
    CONSUMED = "consumed"
    SUPERSEDED = "superseded"
    REVIEWED = "reviewed"
    WARNED = "warned"
    OWN_REQUEST = "own_request"
    """An approval is never the requester's own."""
    NOT_THE_REQUESTER = "not_the_requester"
    """A confirmation is the requester's own."""
    ALREADY_VOTED = "already_voted"
    ALREADY_CLOSED = "already_closed"
    NOT_ALLOWED = "not_allowed"
    NOT_A_PERSON = "not_a_person"
    """Votes are cast in the workspace, not at the terminal."""
    OTHER_PLAN = "other_plan"
    """The button belongs to another plan than the one stored."""
    NEEDS_OWNER = "needs_owner"
    """The last open place belongs to an owner of the platform."""
    NEEDS_REASON = "needs_reason"
    VOTER_LOST_ROLE = "voter_lost_role"
    """Somebody whose yes counted may not approve any more."""
    UNCHANGED = "unchanged"


ApprovalDecision = Decision[Approval, ApprovalOutcome]


@dataclass(frozen=True, slots=True)
class Asking:
    """A plan that somebody wants to run."""

    id: ApprovalId
    number: int
    plan: Plan
    requester: Actor
    incident: IncidentId | None = None
    place: Place = Place(channel=Channel.APPROVALS)  # noqa: RUF009  # frozen, shared safely
    reason: str = ""
    last_time: str = ""
    supersedes: ApprovalId | None = None
    differences: tuple[str, ...] = ()
    break_glass: bool = False


def _card(approval: Approval) -> CardChange:
    return CardChange(card_id(CardKind.APPROVAL, approval.id), approval.place, rank=1 if approval.state.is_final else 2)


def _changed(
    approval: Approval, actor: Actor, event: str, outcome: ApprovalOutcome, now: datetime, *, detail: str = ""
) -> ApprovalDecision:
    """Return the decision that keeps ``approval``, with card, audit and a line in the incident's timeline."""
    facts = {
        "state": approval.state,
        "plan": approval.plan.hash,
        "runbook": f"{approval.plan.runbook}@{approval.plan.runbook_version}",
        "targets": ",".join(target.key for target in approval.plan.targets),
        "detail": detail,
    }
    timeline = (
        ((approval.incident, TimelineEntry(now, actor.id, f"approval_{event}", f"{approval.name} {detail}".strip())),)
        if approval.incident
        else ()
    )
    effects = Effects(
        timeline=timeline,
        audit=(AuditEntry(actor.id, f"approval.{event}", approval.name, facts),),
        cards=(_card(approval),),
        timers=_timers(approval),
    )
    return Decision(outcome, approval, effects)


def _timers(approval: Approval) -> tuple[TimerChange, ...]:
    """Return the timers that fit the state: a warning and an end while pending, an end while approved, else none."""
    warn = end = None
    if approval.state is ApprovalState.PENDING:
        end = approval.expires_at
        warn = approval.asked_at + (approval.expires_at - approval.asked_at) * WARN_AT
    elif approval.state is ApprovalState.APPROVED:
        end = approval.use_before
    return (
        TimerChange(TimerKind.APPROVAL_WARN, approval.id, warn),
        TimerChange(TimerKind.APPROVAL_EXPIRE, approval.id, end),
    )


def ask(asking: Asking, rules: ApprovalRules, now: datetime) -> ApprovalDecision:
    """Return the request for a yes to a plan; what needs none is approved at once, as an emergency is."""
    if not asking.requester.operates(asking.plan.platform) and not _is_emergency(asking):
        return Decision(ApprovalOutcome.NOT_ALLOWED)
    if asking.break_glass and not _is_emergency(asking):
        return Decision(ApprovalOutcome.NOT_ALLOWED)
    needs_reason = asking.plan.risk is Risk.DESTRUCTIVE or asking.break_glass
    if needs_reason and len(asking.reason.strip()) < MIN_REASON:
        return Decision(ApprovalOutcome.NEEDS_REASON)
    approval = Approval(
        id=asking.id,
        number=asking.number,
        state=ApprovalState.PENDING,
        plan=asking.plan,
        requester=asking.requester.id,
        requester_team=asking.requester.team,
        place=asking.place,
        asked_at=now,
        expires_at=now + LIFE[asking.plan.need],
        incident=asking.incident,
        reason=asking.reason,
        supersedes=asking.supersedes,
        differences=asking.differences,
        last_time=asking.last_time,
    )
    if asking.break_glass:
        return _break_glass(approval, asking.requester, rules, now)
    if asking.plan.need is Need.NONE:
        approved = _approved(approval, now)
        return _changed(approved, asking.requester, "not_needed", ApprovalOutcome.CREATED, now)
    decision = _changed(approval, asking.requester, "asked", ApprovalOutcome.CREATED, now, detail=asking.plan.title)
    return decision.adding(_wanted(approval, rules)) if approval.quorum else decision


def _is_emergency(asking: Asking) -> bool:
    return asking.break_glass and asking.requester.has(Role.BREAK_GLASS) and asking.plan.break_glass_allowed


def _wanted(approval: Approval, rules: ApprovalRules) -> Effects:
    """Return the one line that calls the approvers to the card."""
    called = rules.owners if approval.plan.need is Need.TWO else rules.approvers
    told = notice(
        NoticeKind.APPROVAL_WANTED,
        _below(approval),
        mentions=called,
        rank=3,
        approval=approval.name,
        title=approval.plan.title,
        platform=approval.plan.platform,
        requester=approval.requester,
        quorum=approval.quorum,
        until=int(approval.expires_at.timestamp()),
    )
    return Effects(notices=(told,))


def _below(approval: Approval) -> Place:
    return incident_place(approval.incident) if approval.incident else approval.place


def _approved(approval: Approval, now: datetime) -> Approval:
    return replace(approval, state=ApprovalState.APPROVED, use_before=now + USE_WITHIN)


def _break_glass(approval: Approval, actor: Actor, rules: ApprovalRules, now: datetime) -> ApprovalDecision:
    review_by = now + REVIEW_WITHIN
    opened = replace(_approved(approval, now), break_glass=BreakGlass(approval.reason, review_by))
    told = notice(
        NoticeKind.BREAK_GLASS_USED,
        _below(opened),
        mentions=rules.owners,
        rank=1,
        approval=opened.name,
        title=opened.plan.title,
        platform=opened.plan.platform,
        requester=actor.id,
        reason=opened.reason,
    )
    review = TimerChange(TimerKind.BREAK_GLASS_REVIEW, opened.id, review_by)
    return _changed(opened, actor, "break_glass", ApprovalOutcome.APPROVED, now, detail=opened.reason).adding(
        Effects(notices=(told,), timers=(review,))
    )


def _not_open(approval: Approval, plan_hash: str, actor: Actor, now: datetime) -> ApprovalDecision | None:
    """Return why a vote cannot count, in the order people should learn of it; None when the request is open."""
    if actor.kind is not ActorKind.PERSON:
        return Decision(ApprovalOutcome.NOT_A_PERSON)
    if approval.state.is_final or approval.state is ApprovalState.APPROVED:
        return Decision(ApprovalOutcome.ALREADY_CLOSED)
    if now >= approval.expires_at:
        return expire(approval, now)
    if not approval.plan.hash.startswith(plan_hash) or not plan_hash:
        return Decision(ApprovalOutcome.OTHER_PLAN)
    return None


def approve(approval: Approval, plan_hash: str, actor: Actor, now: datetime) -> ApprovalDecision:
    """Return what one person's yes makes of the request. ``plan_hash`` is the prefix their button carried."""
    closed = _not_open(approval, plan_hash, actor, now)
    if closed:
        return closed
    if approval.plan.need is Need.CONFIRM:
        return _confirm(approval, actor, now)
    if actor.id == approval.requester:
        return Decision(ApprovalOutcome.OWN_REQUEST)
    if any(vote.user == actor.id for vote in approval.votes):
        return Decision(ApprovalOutcome.ALREADY_VOTED)
    if not _may_approve(approval.plan, actor):
        return Decision(ApprovalOutcome.NOT_ALLOWED)
    owner = approval.plan.platform in actor.owns
    voted = replace(approval, votes=(*approval.votes, Vote(actor.id, actor.team, owner, now)))
    if len(voted.votes) >= voted.quorum and voted.lacks_owner:
        return Decision(ApprovalOutcome.NEEDS_OWNER)
    if len(voted.votes) < voted.quorum:
        detail = f"{len(voted.votes)} of {voted.quorum}"
        return _changed(voted, actor, "counted", ApprovalOutcome.COUNTED, now, detail=detail)
    return _changed(_approved(voted, now), actor, "approved", ApprovalOutcome.APPROVED, now)


def _may_approve(plan: Plan, actor: Actor) -> bool:
    """Return whether their yes counts: approvers', and for two people an owner's as well."""
    return actor.has(Role.APPROVER) or (plan.need is Need.TWO and plan.platform in actor.owns)


def _confirm(approval: Approval, actor: Actor, now: datetime) -> ApprovalDecision:
    if actor.id != approval.requester:
        return Decision(ApprovalOutcome.NOT_THE_REQUESTER)
    if not actor.operates(approval.plan.platform):
        return Decision(ApprovalOutcome.NOT_ALLOWED)
    return _changed(_approved(approval, now), actor, "confirmed", ApprovalOutcome.CONFIRMED, now)


def deny(approval: Approval, plan_hash: str, actor: Actor, now: datetime, *, reason: str = "") -> ApprovalDecision:
    """Return the request closed by a no; the requester's own no withdraws it."""
    closed = _not_open(approval, plan_hash, actor, now)
    if closed:
        return closed
    if actor.id == approval.requester:
        return withdraw(approval, actor, now)
    if not actor.has(Role.APPROVER) and approval.plan.platform not in actor.owns:
        return Decision(ApprovalOutcome.NOT_ALLOWED)
    denied = replace(approval, state=ApprovalState.DENIED, closed_by=actor.id, reason=reason)
    decision = _changed(denied, actor, "denied", ApprovalOutcome.DENIED, now, detail=reason)
    return decision.adding(_tell_requester(denied))


def withdraw(approval: Approval, actor: Actor, now: datetime) -> ApprovalDecision:
    """Return the request taken back by the person who made it, also after a yes, until a run has started."""
    if approval.state.is_final:
        return Decision(ApprovalOutcome.ALREADY_CLOSED)
    if actor.id != approval.requester:
        return Decision(ApprovalOutcome.NOT_THE_REQUESTER)
    withdrawn = replace(approval, state=ApprovalState.WITHDRAWN, closed_by=actor.id)
    return _changed(withdrawn, actor, "withdrawn", ApprovalOutcome.WITHDRAWN, now)


def revoke(approval: Approval, actor: Actor, now: datetime, *, reason: str = "") -> ApprovalDecision:
    """Return the yes taken back by an approver or an owner, while no run has started."""
    if approval.state.is_final:
        return Decision(ApprovalOutcome.ALREADY_CLOSED)
    if not actor.has(Role.APPROVER) and approval.plan.platform not in actor.owns:
        return Decision(ApprovalOutcome.NOT_ALLOWED)
    revoked = replace(approval, state=ApprovalState.REVOKED, closed_by=actor.id, reason=reason)
    decision = _changed(revoked, actor, "revoked", ApprovalOutcome.REVOKED, now, detail=reason)
    return decision.adding(_tell_requester(revoked))


def _tell_requester(approval: Approval) -> Effects:
    told = notice(
        NoticeKind.APPROVAL_SETTLED,
        _below(approval),
        mentions=(approval.requester,),
        rank=2,
        approval=approval.name,
        title=approval.plan.title,
        state=approval.state,
        actor=approval.closed_by,
        reason=approval.reason or None,
    )
    return Effects(notices=(told,))


def expire(approval: Approval, now: datetime) -> ApprovalDecision:
    """Return the request closed by the clock; nothing happens before its time."""
    end = approval.use_before if approval.state is ApprovalState.APPROVED else approval.expires_at
    if approval.state.is_final or end is None or now < end:
        return Decision(ApprovalOutcome.UNCHANGED)
    expired = replace(approval, state=ApprovalState.EXPIRED)
    decision = _changed(expired, WATCHKEEPER, "expired", ApprovalOutcome.EXPIRED, now)
    return decision.adding(_tell_requester(expired))


def warn(approval: Approval, rules: ApprovalRules, now: datetime) -> ApprovalDecision:
    """Return the warning that a request will expire soon; one whose end has passed meanwhile is not warned of."""
    if approval.state is not ApprovalState.PENDING or now >= approval.expires_at:
        return Decision(ApprovalOutcome.UNCHANGED)
    told = notice(
        NoticeKind.APPROVAL_WARNING,
        _below(approval),
        mentions=rules.approvers if approval.quorum else (approval.requester,),
        rank=2,
        approval=approval.name,
        title=approval.plan.title,
        until=int(approval.expires_at.timestamp()),
    )
    return Decision(ApprovalOutcome.WARNED, approval, Effects(notices=(told,)))


def consume(
    approval: Approval, fresh: Plan, run: RunId, voters: Mapping[UserId, Actor], now: datetime
) -> ApprovalDecision:
    """Return the yes used up by one run; only while it binds, in time, and with every counted voter still entitled.

    ``fresh`` is the plan made anew from what is so now; ``voters`` are the people who voted with today's rights. The
    locks and the run itself are made by the same commit.
    """
    if approval.state is ApprovalState.CONSUMED:
        return Decision(ApprovalOutcome.CONSUMED if approval.run == run else ApprovalOutcome.ALREADY_CLOSED)
    if approval.state is not ApprovalState.APPROVED:
        return Decision(ApprovalOutcome.ALREADY_CLOSED)
    if approval.use_before is None or now >= approval.use_before:
        return expire(approval, now)
    if not _voters_still_entitled(approval, voters):
        lost = replace(
            approval, state=ApprovalState.REVOKED, reason="somebody whose yes counted lost the right to give it"
        )
        decision = _changed(lost, WATCHKEEPER, "revoked", ApprovalOutcome.VOTER_LOST_ROLE, now, detail=lost.reason)
        return decision.adding(_tell_requester(lost))
    if fresh.hash != approval.plan.hash:
        return Decision(ApprovalOutcome.SUPERSEDED)
    consumed = replace(approval, state=ApprovalState.CONSUMED, run=run)
    return _changed(consumed, WATCHKEEPER, "consumed", ApprovalOutcome.CONSUMED, now, detail=run)


def _voters_still_entitled(approval: Approval, voters: Mapping[UserId, Actor]) -> bool:
    if approval.break_glass or approval.plan.need in (Need.NONE, Need.CONFIRM):
        return True
    platform = approval.plan.platform
    entitled = [
        voters[vote.user]
        for vote in approval.votes
        if vote.user in voters and _may_approve(approval.plan, voters[vote.user])
    ]
    has_owner = any(platform in actor.owns for actor in entitled)
    return len(entitled) >= approval.quorum and (approval.plan.need is not Need.TWO or has_owner)


def supersede(approval: Approval, by: ApprovalId, now: datetime, *, differences: tuple[str, ...]) -> ApprovalDecision:
    """Return the yes made void because what it was given to is no longer so; ``by`` asks again with the difference."""
    if approval.state is not ApprovalState.APPROVED:
        return Decision(ApprovalOutcome.ALREADY_CLOSED)
    void = replace(approval, state=ApprovalState.SUPERSEDED, superseded_by=by, differences=differences)
    decision = _changed(void, WATCHKEEPER, "superseded", ApprovalOutcome.SUPERSEDED, now, detail="; ".join(differences))
    return decision.adding(_tell_requester(void))


def void(approval: Approval, reason: str, now: datetime) -> ApprovalDecision:
    """Return the yes made void because what it was given to cannot be seen any more."""
    if approval.state is not ApprovalState.APPROVED:
        return Decision(ApprovalOutcome.ALREADY_CLOSED)
    gone = replace(approval, state=ApprovalState.REVOKED, closed_by=WATCHKEEPER.id, reason=reason)
    decision = _changed(gone, WATCHKEEPER, "revoked", ApprovalOutcome.REVOKED, now, detail=reason)
    return decision.adding(_tell_requester(gone))


def review(approval: Approval, actor: Actor, now: datetime) -> ApprovalDecision:
    """Return an emergency start that another person has looked at."""
    if approval.break_glass is None or approval.break_glass.reviewed_by is not None:
        return Decision(ApprovalOutcome.ALREADY_CLOSED)
    if actor.kind is not ActorKind.PERSON or not actor.has(Role.APPROVER):
        return Decision(ApprovalOutcome.NOT_ALLOWED)
    if actor.id == approval.requester:
        return Decision(ApprovalOutcome.OWN_REQUEST)
    looked = replace(approval.break_glass, reviewed_by=actor.id, reviewed_at=now)
    reviewed = replace(approval, break_glass=looked)
    decision = _changed(reviewed, actor, "reviewed", ApprovalOutcome.REVIEWED, now)
    return decision.adding(Effects(timers=(TimerChange(TimerKind.BREAK_GLASS_REVIEW, approval.id, None),)))


def remind_of_review(approval: Approval, rules: ApprovalRules, now: datetime) -> ApprovalDecision:
    """Return the daily reminder that an emergency start has not been looked at; one that never started needs none."""
    if approval.break_glass is None or approval.break_glass.reviewed_by is not None:
        return Decision(ApprovalOutcome.UNCHANGED)
    if approval.state.is_final and approval.state is not ApprovalState.CONSUMED:
        return Decision(ApprovalOutcome.UNCHANGED)
    told = notice(
        NoticeKind.BREAK_GLASS_REVIEW,
        Place(channel=Channel.ADMIN),
        mentions=rules.owners,
        rank=3,
        approval=approval.name,
        title=approval.plan.title,
        requester=approval.requester,
        reason=approval.break_glass.reason,
    )
    again = TimerChange(TimerKind.BREAK_GLASS_REVIEW, approval.id, now + REVIEW_WITHIN)
    return Decision(ApprovalOutcome.WARNED, approval, Effects(notices=(told,), timers=(again,)))
