"""What changes of an incident have in common: its card, a line in timeline and audit, its timers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.effects import (
    AuditEntry,
    CardChange,
    CardKind,
    Channel,
    Decision,
    Effects,
    Notice,
    NoticeKind,
    Place,
    TimelineEntry,
    TimerChange,
    TimerKind,
    as_facts,
    card_id,
    notice,
)
from bot.domain.ids import (
    NoticeId,
    new_ulid,
)
from bot.domain.incidents import (
    Incident,
    IncidentDecision,
    IncidentOutcome,
    IncidentRules,
    IncidentState,
    incident_place,
)
from bot.domain.people import ALERT_SOURCE, Actor

STILL_FIRING_REMINDER = timedelta(minutes=15)


def card_change(incident: Incident) -> CardChange:
    """Return the change that its card shows."""
    return CardChange(
        card_id(CardKind.INCIDENT, incident.id), Place(channel=Channel.INCIDENTS), rank=incident.card_rank
    )


def changed(
    incident: Incident, *, actor: Actor, event: str, now: datetime, detail: str = "", extra: Effects | None = None
) -> IncidentDecision:
    """Return the decision that keeps ``incident``, with card, timeline and audit as every change has them."""
    effects = Effects(
        timeline=((incident.id, TimelineEntry(now, actor.id, event, detail)),),
        audit=(AuditEntry(actor.id, f"incident.{event}", incident.name, {"state": incident.state, "detail": detail}),),
        cards=(card_change(incident),),
    )
    decision = Decision(IncidentOutcome.DONE, replace(incident, changed_at=now), effects)
    return decision.adding(extra) if extra else decision


def said_in_thread(incident: Incident, actor: Actor, event: str, **facts: object) -> Effects:
    """Return one short line in the thread; the actor is named, never pinged."""
    all_facts = as_facts({"incident": incident.name, "actor": actor.id, "event": event, **facts})
    place = incident_place(incident.id)
    said = Notice(NoticeId(new_ulid()), NoticeKind.INCIDENT_CHANGED, place, all_facts, rank=incident.card_rank)
    return Effects(notices=(said,))


def timers_of(incident: Incident, changes: Mapping[TimerKind, datetime | None]) -> Effects:
    """Return timers of the incident, set or (None) taken away."""
    return Effects(timers=tuple(TimerChange(kind, incident.id, at) for kind, at in changes.items()))


NOBODY_WAITS: Mapping[TimerKind, datetime | None] = {
    TimerKind.ACK_ASK: None,
    TimerKind.ACK_DROP: None,
    TimerKind.ESCALATE: None,
    TimerKind.STILL_FIRING: None,
    TimerKind.SETTLE_INCIDENT: None,
}


def escalation(incident: Incident, rules: IncidentRules, now: datetime) -> Effects:
    """Return the timers of an incident in nobody's hands."""
    rule = rules.escalation[incident.severity]
    at = now + rule.page_after if rule.page_after else None
    return timers_of(incident, {TimerKind.ESCALATE: at, TimerKind.CLOSE_WINDOW: None})


def waiting(incident: Incident, rules: IncidentRules, now: datetime) -> Effects:
    """Return what time does to the incident from now on, at its severity: escalate it, or ask who has it."""
    if incident.state is IncidentState.OPEN:
        return escalation(incident, rules, now)
    if incident.state is IncidentState.ACKNOWLEDGED:
        return sign_of_life(incident, rules, now)
    return Effects()


def sign_of_life(incident: Incident, rules: IncidentRules, now: datetime) -> Effects:
    """Return the timers of an acknowledgement that somebody has just shown to be alive."""
    ask_at = now + rules.escalation[incident.severity].quiet_after
    return timers_of(incident, {TimerKind.ACK_ASK: ask_at, TimerKind.ACK_DROP: None})


def first_evidence(incident: Incident, now: datetime) -> Effects:
    """Return the evidence card below its card, and the timer that has it filled up."""
    card = CardChange(card_id(CardKind.EVIDENCE, incident.id), incident_place(incident.id), rank=incident.severity.rank)
    return Effects(cards=(card,), timers=(TimerChange(TimerKind.COLLECT_EVIDENCE, incident.id, now),))


def reopened_incident(
    incident: Incident, actor: Actor, rules: IncidentRules, now: datetime, *, detail: str
) -> IncidentDecision:
    """Return the incident open again, in nobody's hands, in the same thread."""
    reopened = replace(
        incident,
        state=IncidentState.OPEN,
        resolved_at=None,
        resolved_by=None,
        assignee=None,
        acknowledged_at=None,
        mitigated_at=None,
        reopened=incident.reopened + 1,
    )
    told = notice(
        NoticeKind.INCIDENT_REOPENED,
        incident_place(incident.id),
        rank=incident.severity.rank,
        incident=incident.name,
        actor=actor.id,
        title=detail,
        assignee=incident.assignee,
    )
    extra = Effects(notices=(told,)) + escalation(reopened, rules, now) + first_evidence(reopened, now)
    return changed(reopened, actor=actor, event="reopened", now=now, detail=detail, extra=extra).adding(
        timers_of(reopened, {TimerKind.STILL_FIRING: None})
    )


def resolved_incident(
    incident: Incident, actor: Actor, rules: IncidentRules, now: datetime, *, reason: str = ""
) -> IncidentDecision:
    """Return the incident resolved; alerts that still fire under a person's word are reminded of."""
    by_person = actor is not ALERT_SOURCE
    resolved = replace(incident, state=IncidentState.RESOLVED, resolved_at=now, resolved_by=actor.id)
    told = notice(
        NoticeKind.INCIDENT_RESOLVED,
        incident_place(incident.id),
        mentions=(incident.assignee,) if incident.assignee and not by_person else (),
        rank=1,
        incident=incident.name,
        actor=actor.id,
        seconds=int((now - incident.opened_at).total_seconds()),
        reason=reason or None,
    )
    still = now + STILL_FIRING_REMINDER if by_person and incident.firing else None
    timers = {**NOBODY_WAITS, TimerKind.STILL_FIRING: still, TimerKind.CLOSE_WINDOW: now + rules.reopen_window}
    extra = Effects(notices=(told,)) + timers_of(incident, timers)
    return changed(resolved, actor=actor, event="resolved", now=now, detail=reason, extra=extra)
