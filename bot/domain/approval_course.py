"""What the clock and the starter make of a request, as pure decisions: warn, expire, consume, make void, remind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from bot.domain.approval_changes import below, changed, may_approve, tell_requester
from bot.domain.approvals import (
    REVIEW_WITHIN,
    Approval,
    ApprovalDecision,
    ApprovalOutcome,
    ApprovalRules,
    ApprovalState,
)
from bot.domain.effects import Channel, Decision, Effects, NoticeKind, Place, TimerChange, TimerKind, notice
from bot.domain.ids import ApprovalId, RunId, UserId
from bot.domain.people import WATCHKEEPER, Actor
from bot.domain.plans import Plan
from bot.domain.rights import Need


def expire(approval: Approval, now: datetime) -> ApprovalDecision:
    """Return the request closed by the clock; nothing happens before its time."""
    end = approval.use_before if approval.state is ApprovalState.APPROVED else approval.expires_at
    if approval.state.is_final or end is None or now < end:
        return Decision(ApprovalOutcome.UNCHANGED)
    expired = replace(approval, state=ApprovalState.EXPIRED)
    decision = changed(expired, WATCHKEEPER, "expired", ApprovalOutcome.EXPIRED, now)
    return decision.adding(tell_requester(expired))


def warn(approval: Approval, rules: ApprovalRules, now: datetime) -> ApprovalDecision:
    """Return the warning that a request will expire soon; one whose end has passed meanwhile is not warned of."""
    if approval.state is not ApprovalState.PENDING or now >= approval.expires_at:
        return Decision(ApprovalOutcome.UNCHANGED)
    told = notice(
        NoticeKind.APPROVAL_WARNING,
        below(approval),
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
        decision = changed(lost, WATCHKEEPER, "revoked", ApprovalOutcome.VOTER_LOST_ROLE, now, detail=lost.reason)
        return decision.adding(tell_requester(lost))
    if fresh.hash != approval.plan.hash:
        return Decision(ApprovalOutcome.SUPERSEDED)
    consumed = replace(approval, state=ApprovalState.CONSUMED, run=run)
    return changed(consumed, WATCHKEEPER, "consumed", ApprovalOutcome.CONSUMED, now, detail=run)


def _voters_still_entitled(approval: Approval, voters: Mapping[UserId, Actor]) -> bool:
    if approval.break_glass or approval.plan.need in (Need.NONE, Need.CONFIRM):
        return True
    platform = approval.plan.platform
    entitled = [
        voters[vote.user]
        for vote in approval.votes
        if vote.user in voters and may_approve(approval.plan, voters[vote.user])
    ]
    has_owner = any(platform in actor.owns for actor in entitled)
    return len(entitled) >= approval.quorum and (approval.plan.need is not Need.TWO or has_owner)


def supersede(approval: Approval, by: ApprovalId, now: datetime, *, differences: tuple[str, ...]) -> ApprovalDecision:
    """Return the yes made void because what it was given to is no longer so; ``by`` asks again with the difference."""
    if approval.state is not ApprovalState.APPROVED:
        return Decision(ApprovalOutcome.ALREADY_CLOSED)
    void = replace(approval, state=ApprovalState.SUPERSEDED, superseded_by=by, differences=differences)
    decision = changed(void, WATCHKEEPER, "superseded", ApprovalOutcome.SUPERSEDED, now, detail="; ".join(differences))
    return decision.adding(tell_requester(void))


def void(approval: Approval, reason: str, now: datetime) -> ApprovalDecision:
    """Return the yes made void because what it was given to cannot be seen any more."""
    if approval.state is not ApprovalState.APPROVED:
        return Decision(ApprovalOutcome.ALREADY_CLOSED)
    gone = replace(approval, state=ApprovalState.REVOKED, closed_by=WATCHKEEPER.id, reason=reason)
    decision = changed(gone, WATCHKEEPER, "revoked", ApprovalOutcome.REVOKED, now, detail=reason)
    return decision.adding(tell_requester(gone))


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
