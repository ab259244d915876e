"""What people do to a request for a yes, as pure decisions: ask, agree, refuse, take back, look at an emergency."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.domain.approval_changes import below, changed, may_approve, tell_requester
from bot.domain.approval_course import expire
from bot.domain.approvals import (
    LIFE,
    MIN_REASON,
    REVIEW_WITHIN,
    USE_WITHIN,
    Approval,
    ApprovalDecision,
    ApprovalOutcome,
    ApprovalRules,
    ApprovalState,
    Asking,
    BreakGlass,
    Vote,
)
from bot.domain.effects import Decision, Effects, NoticeKind, TimerChange, TimerKind, notice
from bot.domain.people import Actor, ActorKind
from bot.domain.rights import Need, Risk, Role


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
        return changed(approved, asking.requester, "not_needed", ApprovalOutcome.CREATED, now)
    decision = changed(approval, asking.requester, "asked", ApprovalOutcome.CREATED, now, detail=asking.plan.title)
    return decision.adding(_wanted(approval, rules)) if approval.quorum else decision


def _is_emergency(asking: Asking) -> bool:
    return asking.break_glass and asking.requester.has(Role.BREAK_GLASS) and asking.plan.break_glass_allowed


def _wanted(approval: Approval, rules: ApprovalRules) -> Effects:
    """Return the one line that calls the approvers to the card."""
    called = rules.owners if approval.plan.need is Need.TWO else rules.approvers
    told = notice(
        NoticeKind.APPROVAL_WANTED,
        below(approval),
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


def _approved(approval: Approval, now: datetime) -> Approval:
    return replace(approval, state=ApprovalState.APPROVED, use_before=now + USE_WITHIN)


def _break_glass(approval: Approval, actor: Actor, rules: ApprovalRules, now: datetime) -> ApprovalDecision:
    review_by = now + REVIEW_WITHIN
    opened = replace(_approved(approval, now), break_glass=BreakGlass(approval.reason, review_by))
    told = notice(
        NoticeKind.BREAK_GLASS_USED,
        below(opened),
        mentions=rules.owners,
        rank=1,
        approval=opened.name,
        title=opened.plan.title,
        platform=opened.plan.platform,
        requester=actor.id,
        reason=opened.reason,
    )
    review = TimerChange(TimerKind.BREAK_GLASS_REVIEW, opened.id, review_by)
    return changed(opened, actor, "break_glass", ApprovalOutcome.APPROVED, now, detail=opened.reason).adding(
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
    if not may_approve(approval.plan, actor):
        return Decision(ApprovalOutcome.NOT_ALLOWED)
    owner = approval.plan.platform in actor.owns
    voted = replace(approval, votes=(*approval.votes, Vote(actor.id, actor.team, owner, now)))
    if len(voted.votes) >= voted.quorum and voted.lacks_owner:
        return Decision(ApprovalOutcome.NEEDS_OWNER)
    if len(voted.votes) < voted.quorum:
        detail = f"{len(voted.votes)} of {voted.quorum}"
        return changed(voted, actor, "counted", ApprovalOutcome.COUNTED, now, detail=detail)
    return changed(_approved(voted, now), actor, "approved", ApprovalOutcome.APPROVED, now)


def _confirm(approval: Approval, actor: Actor, now: datetime) -> ApprovalDecision:
    if actor.id != approval.requester:
        return Decision(ApprovalOutcome.NOT_THE_REQUESTER)
    if not actor.operates(approval.plan.platform):
        return Decision(ApprovalOutcome.NOT_ALLOWED)
    return changed(_approved(approval, now), actor, "confirmed", ApprovalOutcome.CONFIRMED, now)


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
    decision = changed(denied, actor, "denied", ApprovalOutcome.DENIED, now, detail=reason)
    return decision.adding(tell_requester(denied))


def withdraw(approval: Approval, actor: Actor, now: datetime) -> ApprovalDecision:
    """Return the request taken back by the person who made it, also after a yes, until a run has started."""
    if approval.state.is_final:
        return Decision(ApprovalOutcome.ALREADY_CLOSED)
    if actor.id != approval.requester:
        return Decision(ApprovalOutcome.NOT_THE_REQUESTER)
    withdrawn = replace(approval, state=ApprovalState.WITHDRAWN, closed_by=actor.id)
    return changed(withdrawn, actor, "withdrawn", ApprovalOutcome.WITHDRAWN, now)


def revoke(approval: Approval, actor: Actor, now: datetime, *, reason: str = "") -> ApprovalDecision:
    """Return the yes taken back by an approver or an owner, while no run has started."""
    if approval.state.is_final:
        return Decision(ApprovalOutcome.ALREADY_CLOSED)
    if not actor.has(Role.APPROVER) and approval.plan.platform not in actor.owns:
        return Decision(ApprovalOutcome.NOT_ALLOWED)
    revoked = replace(approval, state=ApprovalState.REVOKED, closed_by=actor.id, reason=reason)
    decision = changed(revoked, actor, "revoked", ApprovalOutcome.REVOKED, now, detail=reason)
    return decision.adding(tell_requester(revoked))


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
    decision = changed(reviewed, actor, "reviewed", ApprovalOutcome.REVIEWED, now)
    return decision.adding(Effects(timers=(TimerChange(TimerKind.BREAK_GLASS_REVIEW, approval.id, None),)))
