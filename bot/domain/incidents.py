"""Incidents as values. What alerts make of one is in `incident_alerts`, what people and timers do in `incident_acts`.

Which incident a group of alerts belongs to is decided in `correlation`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.alerts import Alert, AlertStatus
from bot.domain.effects import (
    CardKind,
    Decision,
    Place,
    card_id,
)
from bot.domain.ids import (
    Fingerprint,
    GroupId,
    IncidentId,
    PlatformName,
    RunbookName,
    ServiceName,
    UserId,
)
from bot.domain.rights import Severity


class IncidentState(StrEnum):
    """Where an incident stands; resolved and merged ones are closed."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    MITIGATED = "mitigated"
    """The impact has stopped, the cause is still there."""
    RESOLVED = "resolved"
    MERGED = "merged"

    @property
    def is_closed(self) -> bool:
        """Return whether nobody needs to act any more."""
        return self in (IncidentState.RESOLVED, IncidentState.MERGED)


@dataclass(frozen=True, slots=True)
class EscalationRule:
    """What happens at one severity when nobody reacts."""

    respond_within: timedelta
    page_after: timedelta | None
    quiet_after: timedelta


@dataclass(frozen=True, slots=True)
class IncidentRules:
    """What a platform's profile says about its incidents."""

    reopen_window: timedelta
    escalation: Mapping[Severity, EscalationRule]
    owners: tuple[UserId | GroupId, ...] = ()


@dataclass(frozen=True, slots=True)
class Incident:
    """One problem that people look at, with the alerts that are its members."""

    id: IncidentId
    number: int
    platform: PlatformName
    service: ServiceName | None
    title: str
    """Untrusted text."""
    severity: Severity
    state: IncidentState
    opened_at: datetime
    changed_at: datetime
    group: str
    """Digest of the group key; empty for a declared incident."""
    members: dict[Fingerprint, Alert]
    offers: tuple[RunbookName, ...] = ()
    declared_by: UserId | None = None
    assignee: UserId | None = None
    acknowledged_at: datetime | None = None
    mitigated_at: datetime | None = None
    resolved_at: datetime | None = None
    resolved_by: UserId | None = None
    merged_into: IncidentId | None = None
    reopened: int = 0
    truncated: int = 0
    """Alerts of the group that Alertmanager cut from its last message."""

    @property
    def name(self) -> str:
        """Return what people type and read: ``INC-42``."""
        return f"INC-{self.number}"

    @property
    def firing(self) -> tuple[Alert, ...]:
        """Return the members that fire, oldest first."""
        firing = (alert for alert in self.members.values() if alert.status is AlertStatus.FIRING)
        return tuple(sorted(firing, key=lambda alert: alert.starts_at))

    @property
    def card_rank(self) -> int:
        """Return how urgent its card is: closed ones and worst severities first."""
        return 1 if self.state.is_closed else self.severity.rank


class IncidentOutcome(StrEnum):
    """What became of an event; each is told to the person who caused it."""

    DONE = "done"
    UNCHANGED = "unchanged"
    """It is so already."""
    NOT_ALLOWED = "not_allowed"
    CLOSED = "closed"
    """The incident is resolved or merged: re-open it first."""
    WAITING = "waiting"
    """Every member is resolved; a run on the target has the last word."""


IncidentDecision = Decision[Incident, IncidentOutcome]


@dataclass(frozen=True, slots=True)
class Opening:
    """What a new incident starts from, decided by correlation and the profile's severity rules."""

    id: IncidentId
    number: int
    platform: PlatformName
    service: ServiceName | None
    severity: Severity
    group: str
    offers: tuple[RunbookName, ...]
    truncated: int = 0
    """Alerts that Alertmanager cut from the message that opens it."""


def incident_place(incident: IncidentId) -> Place:
    """Return the thread below the incident's card."""
    return Place(thread_of=card_id(CardKind.INCIDENT, incident))
