"""What a group of alerts makes of the incidents it may concern: the whole decision, pure, before anything is kept.

Whoever keeps incidents loads the scene, lets it be decided here and commits. Whoever only wants to know stops before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.domain import incident_alerts
from bot.domain.alerts import Alert, AlertGroup, AlertStatus
from bot.domain.correlation import Classification, IncidentIndex, classify, group_digest, share_out
from bot.domain.ids import IncidentId, RunId, new_ulid
from bot.domain.incidents import Incident, IncidentDecision, IncidentRules, Opening
from bot.domain.profiles import Profile


@dataclass(frozen=True, slots=True)
class Scene:
    """What is so at one moment of the incidents that a group may concern."""

    now: datetime
    next_number: int = 1
    """What a new incident is called."""
    index: IncidentIndex = field(default_factory=IncidentIndex)
    incidents: Mapping[IncidentId, Incident] = field(default_factory=dict)
    """Every one that the index names."""
    runs_on_target: Mapping[IncidentId, RunId] = field(default_factory=dict)
    """Runs that hold the target of an incident."""


@dataclass(frozen=True, slots=True)
class Meeting:
    """One incident that alerts open, or meet, and what becomes of it."""

    before: Incident | None
    """None for a new one."""
    alerts: tuple[Alert, ...]
    verdict: Classification
    """What the profile says of those of them that fire."""
    decision: IncidentDecision

    @property
    def after(self) -> Incident:
        """Return the incident as it is then."""
        incident = self.decision.state or self.before
        if incident is None:
            raise ValueError("a decision about nothing")
        return incident


def meet(
    group: AlertGroup, scene: Scene, profile: Profile, rules: IncidentRules, *, is_message: bool = True
) -> tuple[Meeting, ...]:
    """Return what the group's alerts open, grow, resolve and open again; at most one incident is new.

    ``is_message``: whether Alertmanager sent the group, so that it says how many alerts were cut from it.
    """
    meetings: list[Meeting] = []
    for home, alerts in share_out(scene.index, group.alerts).items():
        verdict = classify(profile, [alert for alert in alerts if alert.status is AlertStatus.FIRING])
        before = None if home is None else scene.incidents[home]
        if before is None:
            opening = _opening(group, verdict, scene.next_number)
            decision = incident_alerts.open_incident(opening, alerts, rules, scene.now)
        else:
            truncated = group.truncated if is_message else before.truncated
            run = scene.runs_on_target.get(before.id)
            event = incident_alerts.AlertsReceived(alerts, verdict.severity, truncated, run)
            decision = incident_alerts.receive_alerts(before, event, rules, scene.now)
        meetings.append(Meeting(before, alerts, verdict, decision))
    return tuple(meetings)


def _opening(group: AlertGroup, verdict: Classification, number: int) -> Opening:
    return Opening(
        id=IncidentId(new_ulid()),
        number=number,
        platform=group.platform,
        service=verdict.service,
        severity=verdict.severity,
        group=digest_of(group),
        offers=verdict.offers,
        truncated=group.truncated,
    )


def digest_of(group: AlertGroup) -> str:
    """Return the index key of the group; empty for alerts that came without one."""
    return group_digest(group.platform, group.group_key) if group.group_key else ""
