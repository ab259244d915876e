"""What people do with an incident, and what timers remind them of."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.effects import (
    Decision,
    Effects,
    NoticeKind,
    TimerKind,
    notice,
)
from bot.domain.incident_changes import (
    NOBODY_WAITS,
    changed,
    escalation,
    first_evidence,
    reopened_incident,
    resolved_incident,
    said_in_thread,
    sign_of_life,
    timers_of,
    waiting,
)
from bot.domain.incidents import (
    Incident,
    IncidentDecision,
    IncidentOutcome,
    IncidentRules,
    IncidentState,
    Opening,
    incident_place,
)
from bot.domain.people import WATCHKEEPER, Actor
from bot.domain.rights import Severity

ACK_DROP_AFTER = timedelta(minutes=10)
"""How long the question "are you still on it?" stands before the acknowledgement is dropped."""


def declare_incident(
    opening: Opening, title: str, actor: Actor, rules: IncidentRules, now: datetime
) -> IncidentDecision:
    """Return an incident that a person declares; it never resolves by itself."""
    if not actor.operates(opening.platform):
        return Decision(IncidentOutcome.NOT_ALLOWED)
    incident = Incident(
        id=opening.id,
        number=opening.number,
        platform=opening.platform,
        service=opening.service,
        title=title,
        severity=opening.severity,
        state=IncidentState.OPEN,
        opened_at=now,
        changed_at=now,
        group="",
        members={},
        offers=opening.offers,
        declared_by=actor.id,
    )
    return changed(
        incident, actor=actor, event="declared", now=now, detail=title, extra=first_evidence(incident, now)
    ).adding(escalation(incident, rules, now))


def acknowledge(incident: Incident, actor: Actor, rules: IncidentRules, now: datetime) -> IncidentDecision:
    """Return the incident in the hands of ``actor``; taking it over from somebody else is the same act."""
    refused = _refuse(incident, actor)
    if refused:
        return refused
    if incident.state is IncidentState.MITIGATED:
        return Decision(IncidentOutcome.UNCHANGED)
    if incident.assignee == actor.id and incident.state is IncidentState.ACKNOWLEDGED:
        return Decision(IncidentOutcome.UNCHANGED, incident, sign_of_life(incident, rules, now))
    taken_from = incident.assignee
    held = replace(
        incident,
        state=IncidentState.ACKNOWLEDGED,
        assignee=actor.id,
        acknowledged_at=incident.acknowledged_at or now,
    )
    event = "taken" if taken_from else "acknowledged"
    extra = said_in_thread(held, actor, event, taken_from=taken_from) + sign_of_life(held, rules, now)
    return changed(held, actor=actor, event=event, now=now, extra=extra).adding(
        timers_of(held, {TimerKind.ESCALATE: None})
    )


def _refuse(incident: Incident, actor: Actor) -> IncidentDecision | None:
    if not actor.operates(incident.platform):
        return Decision(IncidentOutcome.NOT_ALLOWED)
    if incident.state.is_closed:
        return Decision(IncidentOutcome.CLOSED)
    return None


def ask_if_still_held(incident: Incident, now: datetime) -> IncidentDecision:
    """Return the question to an assignee who went quiet; unanswered, the acknowledgement is dropped."""
    if incident.state is not IncidentState.ACKNOWLEDGED or incident.assignee is None:
        return Decision(IncidentOutcome.UNCHANGED)
    asked = notice(
        NoticeKind.ACK_QUIET_ASK,
        incident_place(incident.id),
        mentions=(incident.assignee,),
        rank=incident.severity.rank,
        incident=incident.name,
        minutes=int(ACK_DROP_AFTER.total_seconds() // 60),
    )
    effects = Effects(notices=(asked,)) + timers_of(incident, {TimerKind.ACK_DROP: now + ACK_DROP_AFTER})
    return Decision(IncidentOutcome.DONE, incident, effects)


def drop_acknowledgement(incident: Incident, rules: IncidentRules, now: datetime) -> IncidentDecision:
    """Return the incident back in nobody's hands, after a question that nobody answered."""
    if incident.state is not IncidentState.ACKNOWLEDGED:
        return Decision(IncidentOutcome.UNCHANGED)
    dropped = replace(incident, state=IncidentState.OPEN, assignee=None, acknowledged_at=None)
    told = notice(
        NoticeKind.ACK_DROPPED,
        incident_place(incident.id),
        mentions=rules.owners,
        rank=incident.severity.rank,
        incident=incident.name,
        assignee=incident.assignee,
    )
    extra = Effects(notices=(told,)) + escalation(dropped, rules, now)
    return changed(dropped, actor=WATCHKEEPER, event="acknowledgement_dropped", now=now, extra=extra)


def escalate(incident: Incident, rules: IncidentRules, now: datetime) -> IncidentDecision:
    """Return the call to the owners that an incident in nobody's hands makes; it repeats until somebody has it."""
    rule = rules.escalation[incident.severity]
    if incident.state is not IncidentState.OPEN or rule.page_after is None:
        return Decision(IncidentOutcome.UNCHANGED)
    told = notice(
        NoticeKind.ESCALATED,
        incident_place(incident.id),
        mentions=rules.owners,
        rank=incident.severity.rank,
        incident=incident.name,
        title=incident.title,
        severity=incident.severity,
        seconds=int((now - incident.opened_at).total_seconds()),
    )
    again = timers_of(incident, {TimerKind.ESCALATE: now + max(rule.page_after, rule.respond_within)})
    return changed(incident, actor=WATCHKEEPER, event="escalated", now=now, extra=Effects(notices=(told,)) + again)


def remind_still_firing(incident: Incident, now: datetime) -> IncidentDecision:
    """Return the reminder that alerts of an incident a person resolved still fire."""
    if incident.state is not IncidentState.RESOLVED or not incident.firing:
        return Decision(IncidentOutcome.UNCHANGED)
    told = notice(
        NoticeKind.STILL_FIRING,
        incident_place(incident.id),
        mentions=(incident.resolved_by,) if incident.resolved_by else (),
        rank=incident.severity.rank,
        incident=incident.name,
        firing=len(incident.firing),
    )
    return Decision(IncidentOutcome.DONE, replace(incident, changed_at=now), Effects(notices=(told,)))


def mitigate(incident: Incident, actor: Actor, now: datetime) -> IncidentDecision:
    """Return the incident whose impact a person says has stopped."""
    refused = _refuse(incident, actor)
    if refused:
        return refused
    if incident.state is IncidentState.MITIGATED:
        return Decision(IncidentOutcome.UNCHANGED)
    mitigated = replace(
        incident, state=IncidentState.MITIGATED, mitigated_at=now, assignee=incident.assignee or actor.id
    )
    waits = {TimerKind.ESCALATE: None, TimerKind.ACK_ASK: None, TimerKind.ACK_DROP: None}
    extra = said_in_thread(mitigated, actor, "mitigated") + timers_of(mitigated, waits)
    return changed(mitigated, actor=actor, event="mitigated", now=now, extra=extra)


def resolve(
    incident: Incident, actor: Actor, rules: IncidentRules, now: datetime, *, reason: str = ""
) -> IncidentDecision:
    """Return the incident that a person calls over; alerts that still fire are reminded of after 15 minutes."""
    if incident.state is IncidentState.RESOLVED and actor.operates(incident.platform):
        return Decision(IncidentOutcome.UNCHANGED)
    return _refuse(incident, actor) or resolved_incident(incident, actor, rules, now, reason=reason)


def reopen(incident: Incident, actor: Actor, rules: IncidentRules, now: datetime) -> IncidentDecision:
    """Return a resolved incident open again, in the same thread."""
    if not actor.operates(incident.platform):
        return Decision(IncidentOutcome.NOT_ALLOWED)
    if incident.state is IncidentState.MERGED:
        return Decision(IncidentOutcome.CLOSED)
    if incident.state is not IncidentState.RESOLVED:
        return Decision(IncidentOutcome.UNCHANGED)
    return reopened_incident(incident, actor, rules, now, detail="")


def change_severity(
    incident: Incident, severity: Severity, actor: Actor, rules: IncidentRules, now: datetime
) -> IncidentDecision:
    """Return the incident at the severity a person gives it."""
    refused = _refuse(incident, actor)
    if refused:
        return refused
    if incident.severity is severity:
        return Decision(IncidentOutcome.UNCHANGED)
    rated = replace(incident, severity=severity)
    extra = said_in_thread(rated, actor, "severity_changed", before=incident.severity, severity=severity)
    extra += waiting(rated, rules, now)
    detail = f"{incident.severity} → {severity}"
    return changed(rated, actor=actor, event="severity_changed", now=now, detail=detail, extra=extra)


def add_note(incident: Incident, text: str, actor: Actor, rules: IncidentRules, now: datetime) -> IncidentDecision:
    """Return the incident with a line in its timeline; a sign of life of its assignee."""
    if not actor.operates(incident.platform):
        return Decision(IncidentOutcome.NOT_ALLOWED)
    extra = said_in_thread(incident, actor, "noted", text=text)
    if incident.state is IncidentState.ACKNOWLEDGED and incident.assignee == actor.id:
        extra += sign_of_life(incident, rules, now)
    return changed(incident, actor=actor, event="noted", now=now, detail=text, extra=extra)


def merge(incident: Incident, into: Incident, actor: Actor, rules: IncidentRules, now: datetime) -> IncidentDecision:
    """Return ``incident`` closed in favour of ``into``; its card points there.

    What still needs somebody does not disappear into what is over.
    """
    if not actor.operates(incident.platform):
        return Decision(IncidentOutcome.NOT_ALLOWED)
    if incident.state is IncidentState.MERGED or into.state is IncidentState.MERGED or incident.id == into.id:
        return Decision(IncidentOutcome.CLOSED)
    if into.state.is_closed and not incident.state.is_closed:
        return Decision(IncidentOutcome.CLOSED)
    merged = replace(incident, state=IncidentState.MERGED, merged_into=into.id, resolved_at=now, resolved_by=actor.id)
    extra = said_in_thread(merged, actor, "merged", into=into.name) + timers_of(
        merged, {**NOBODY_WAITS, TimerKind.CLOSE_WINDOW: now + rules.reopen_window}
    )
    return changed(merged, actor=actor, event="merged", now=now, detail=into.name, extra=extra)


def receive_merged(
    incident: Incident, source: Incident, actor: Actor, rules: IncidentRules, now: datetime
) -> IncidentDecision:
    """Return the incident that takes over the members of ``source``, as the other half of `merge`."""
    members = {**source.members, **incident.members}
    worse = source.severity.is_worse_than(incident.severity)
    joined = replace(incident, members=members, severity=source.severity if worse else incident.severity)
    extra = said_in_thread(joined, actor, "joined", source=source.name)
    if worse:
        extra += waiting(joined, rules, now)
    return changed(joined, actor=actor, event="joined", now=now, detail=source.name, extra=extra)
