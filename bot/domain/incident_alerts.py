"""What alerts make of an incident: open it, grow it, resolve it, open it again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.alerts import Alert, AlertStatus
from bot.domain.effects import (
    Decision,
    Effects,
    NoticeKind,
    TimerKind,
    notice,
)
from bot.domain.ids import (
    RunId,
)
from bot.domain.incident_changes import (
    changed,
    escalation,
    first_evidence,
    reopened_incident,
    resolved_incident,
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
from bot.domain.people import ALERT_SOURCE, Actor
from bot.domain.rights import Severity

RUN_SETTLE_CHECK = timedelta(seconds=30)


def open_incident(opening: Opening, alerts: Iterable[Alert], rules: IncidentRules, now: datetime) -> IncidentDecision:
    """Return a new incident holding ``alerts``, with its card, its evidence card and its escalation timer."""
    members = {alert.fingerprint: alert for alert in alerts}
    first = min(members.values(), key=lambda alert: alert.starts_at)
    incident = Incident(
        id=opening.id,
        number=opening.number,
        platform=opening.platform,
        service=opening.service,
        title=first.summary,
        severity=opening.severity,
        state=IncidentState.OPEN,
        opened_at=now,
        changed_at=now,
        group=opening.group,
        members=members,
        offers=opening.offers,
        truncated=opening.truncated,
    )
    return changed(
        incident, actor=ALERT_SOURCE, event="opened", now=now, detail=first.summary, extra=first_evidence(incident, now)
    ).adding(escalation(incident, rules, now))


@dataclass(frozen=True, slots=True)
class AlertsReceived:
    """Alerts of one group that concern one incident, with what correlation learnt about them."""

    alerts: tuple[Alert, ...]
    severity: Severity
    """What the profile's rules say of these alerts."""
    truncated: int = 0
    run_on_target: RunId | None = None
    """A run that holds the incident's target now; an incident does not resolve under it."""


def receive_alerts(incident: Incident, event: AlertsReceived, rules: IncidentRules, now: datetime) -> IncidentDecision:
    """Return what alerts that fire, join or resolve make of the incident."""
    if incident.state is IncidentState.MERGED:
        return Decision(IncidentOutcome.CLOSED)
    members = incident.members | {alert.fingerprint: alert for alert in event.alerts}
    updated = replace(incident, members=members, truncated=event.truncated)
    if incident.state is IncidentState.RESOLVED:
        return _fire_again(incident, updated, event, rules, now)
    if not updated.firing and incident.declared_by is None:
        return _settle(updated, event.run_on_target, now, actor=ALERT_SOURCE, rules=rules)
    return _grow(incident, updated, event, rules, now)


def _fire_again(
    before: Incident, updated: Incident, event: AlertsReceived, rules: IncidentRules, now: datetime
) -> IncidentDecision:
    """Re-open on news only: what fired already when a person resolved it is not news, a new ``startsAt`` is."""
    news = [
        alert
        for alert in event.alerts
        if alert.status is AlertStatus.FIRING and not _fired_already(before.members.get(alert.fingerprint), alert)
    ]
    if not news:
        return Decision(IncidentOutcome.UNCHANGED, updated)
    return reopened_incident(updated, ALERT_SOURCE, rules, now, detail=news[0].summary)


def _fired_already(known: Alert | None, alert: Alert) -> bool:
    return known is not None and known.status is AlertStatus.FIRING and known.starts_at == alert.starts_at


def _grow(
    before: Incident, updated: Incident, event: AlertsReceived, rules: IncidentRules, now: datetime
) -> IncidentDecision:
    """Update the card; speak in the thread only when more fires than before or the severity gets worse."""
    fires = any(alert.status is AlertStatus.FIRING for alert in event.alerts)
    worse = fires and event.severity.is_worse_than(before.severity)
    grown = replace(updated, severity=event.severity if worse else before.severity)
    if before.state is IncidentState.MITIGATED and fires:
        grown = replace(grown, state=IncidentState.ACKNOWLEDGED, mitigated_at=None)
    more = len(updated.firing) > len(before.firing)
    decision = changed(grown, actor=ALERT_SOURCE, event=_growth_event(before, grown, more=more), now=now)
    if not (more or worse or grown.state is not before.state):
        return decision
    told = notice(
        NoticeKind.INCIDENT_GREW,
        incident_place(before.id),
        mentions=(before.assignee,) if before.assignee else (),
        rank=grown.severity.rank,
        incident=before.name,
        firing=len(updated.firing),
        before=len(before.firing),
        severity=grown.severity if worse else None,
        no_longer_mitigated="yes" if grown.state is not before.state else None,
    )
    # A worse severity has other times, and so has an incident that is in somebody's hands again.
    timers = waiting(grown, rules, now) if worse or grown.state is not before.state else Effects()
    return decision.adding(Effects(notices=(told,)) + timers)


def _growth_event(before: Incident, grown: Incident, *, more: bool) -> str:
    if grown.state is not before.state:
        return "no_longer_mitigated"
    return "grew" if more else "updated"


def _settle(
    incident: Incident, run_on_target: RunId | None, now: datetime, *, actor: Actor, rules: IncidentRules
) -> IncidentDecision:
    """Resolve, unless a run on the target is still at work; then look again when it ends."""
    if run_on_target is not None:
        decision = changed(incident, actor=actor, event="quiet", now=now, detail=f"waits for run {run_on_target}")
        return replace(decision.adding(_look_again(incident, now)), outcome=IncidentOutcome.WAITING)
    return resolved_incident(incident, actor, rules, now)


def _look_again(incident: Incident, now: datetime) -> Effects:
    return timers_of(incident, {TimerKind.SETTLE_INCIDENT: now + RUN_SETTLE_CHECK})


def settle(incident: Incident, run_on_target: RunId | None, rules: IncidentRules, now: datetime) -> IncidentDecision:
    """Return the look taken when a run on the target ended or is overdue: resolve if every member has."""
    if incident.state.is_closed or incident.firing or incident.declared_by is not None:
        return Decision(IncidentOutcome.UNCHANGED)
    if run_on_target is not None:
        # It was said when it went quiet; a long run is waited for without a word.
        return Decision(IncidentOutcome.WAITING, incident, _look_again(incident, now))
    return resolved_incident(incident, ALERT_SOURCE, rules, now)
