"""What every change of an approval writes beside it: card, audit, timeline, timers, and a word to the requester."""

from __future__ import annotations

from datetime import datetime

from bot.domain.approvals import WARN_AT, Approval, ApprovalDecision, ApprovalOutcome, ApprovalState
from bot.domain.effects import (
    AuditEntry,
    CardChange,
    CardKind,
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
from bot.domain.incidents import incident_place
from bot.domain.people import Actor
from bot.domain.plans import Plan
from bot.domain.rights import Need, Role


def changed(
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


def _card(approval: Approval) -> CardChange:
    return CardChange(card_id(CardKind.APPROVAL, approval.id), approval.place, rank=1 if approval.state.is_final else 2)


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


def below(approval: Approval) -> Place:
    """Return where what follows the card belongs: the incident's thread, else beside the card."""
    return incident_place(approval.incident) if approval.incident else approval.place


def tell_requester(approval: Approval) -> Effects:
    """Return the word to the person who asked that their request has ended."""
    told = notice(
        NoticeKind.APPROVAL_SETTLED,
        below(approval),
        mentions=(approval.requester,),
        rank=2,
        approval=approval.name,
        title=approval.plan.title,
        state=approval.state,
        actor=approval.closed_by,
        reason=approval.reason or None,
    )
    return Effects(notices=(told,))


def may_approve(plan: Plan, actor: Actor) -> bool:
    """Return whether their yes counts: approvers', and for two people an owner's as well."""
    return actor.has(Role.APPROVER) or (plan.need is Need.TWO and plan.platform in actor.owns)
