"""Which incident an alert belongs to: the open one that holds it, its group's, one just closed, or a new one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bot.domain.alerts import Alert, AlertStatus
from bot.domain.ids import Fingerprint, GroupKey, IncidentId, PlatformName, RunbookName, ServiceName
from bot.domain.profiles import Profile, Service, SeverityRule
from bot.domain.rights import Severity

QUIET_SEVERITIES = frozenset({"none"})
"""Values of the ``severity`` label that never open an incident (the Watchdog's)."""


def group_digest(platform: PlatformName, group_key: GroupKey) -> str:
    """Return the index key of a group: group keys can exceed 255 characters and two platforms may share one."""
    return hashlib.sha256(f"{platform}\0{group_key}".encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class IncidentIndex:
    """The incidents that a group of alerts may belong to."""

    open_holding: Mapping[Fingerprint, IncidentId] = field(default_factory=dict)
    open_of_group: IncidentId | None = None
    closed_holding: Mapping[Fingerprint, IncidentId] = field(default_factory=dict)
    """Closed ones inside their re-open window."""
    closed_of_group: IncidentId | None = None

    def incident_of(self, alert: Alert) -> IncidentId | None:
        """Return the incident the alert belongs to; None asks for a new one."""
        return (
            self.open_holding.get(alert.fingerprint)
            or self.open_of_group
            or self.closed_holding.get(alert.fingerprint)
            or self.closed_of_group
        )


def share_out(index: IncidentIndex, alerts: Iterable[Alert]) -> dict[IncidentId | None, tuple[Alert, ...]]:
    """Return the alerts by the incident they belong to; under None those that open a new one.

    A resolved alert that nobody holds opens nothing: it is news about something never seen. Quiet ones join nothing
    either: the Watchdog always fires, and what it joined would never resolve.
    """
    shares: dict[IncidentId | None, list[Alert]] = {}
    for alert in alerts:
        home = index.incident_of(alert)
        if is_quiet(alert) or (home is None and not opens_incident(alert)):
            continue
        shares.setdefault(home, []).append(alert)
    return {home: tuple(share) for home, share in shares.items()}


def is_quiet(alert: Alert) -> bool:
    """Return whether the alert is of a kind that concerns no incident."""
    return alert.labels.get("severity") in QUIET_SEVERITIES


def opens_incident(alert: Alert) -> bool:
    """Return whether an alert that nobody holds is reason enough for an incident."""
    return alert.status is AlertStatus.FIRING and not is_quiet(alert)


@dataclass(frozen=True, slots=True)
class Classification:
    """What the profile says of a set of alerts."""

    service: ServiceName | None
    severity: Severity
    offers: tuple[RunbookName, ...]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the profile says of one alert, and by which of its lines."""

    service: Service | None
    matchers: Mapping[str, str]
    """The labels by which the service claims it; empty where no service does."""
    rule: SeverityRule | None
    """The rule of severity that fits; None where none does."""
    rule_number: int = 0
    """Its place in the profile, from 1."""

    @property
    def severity(self) -> Severity:
        """Return how bad it is; ``sev3`` where no rule fits."""
        return self.rule.severity if self.rule else Severity.SEV3


def judge(profile: Profile, alert: Alert) -> Judgement:
    """Return what the first lines of the profile that fit say of an alert."""
    service, matchers = profile.claim_of(alert.labels) or (None, {})
    for number, rule in enumerate(profile.severity, start=1):
        fits = all(alert.labels.get(name) == value for name, value in rule.matchers.items())
        if fits and rule.service_is_critical in (None, bool(service and service.critical)):
            return Judgement(service, matchers, rule, number)
    return Judgement(service, matchers, None)


def classify(profile: Profile, alerts: Iterable[Alert]) -> Classification:
    """Return service, worst severity and offered runbooks of the alerts; ``sev3`` where no rule fits.

    The service is the one all of them share; alerts of several services concern the platform itself.
    """
    judged = [judge(profile, alert) for alert in alerts]
    services = {it.service.name if it.service else None for it in judged}
    offers = dict.fromkeys(name for it in judged if it.rule for name in it.rule.offer)
    worst = min((it.severity for it in judged), key=lambda severity: severity.rank, default=Severity.SEV3)
    return Classification(services.pop() if len(services) == 1 else None, worst, tuple(offers))


def is_doubtful(known: Alert | None, alert: Alert) -> bool:
    """Return whether a report needs Alertmanager's word: it fires again with the ``startsAt`` of a resolved one.

    That really happens when Prometheus was away, and it also happens when an old message arrives late.
    """
    return (
        known is not None
        and known.status is AlertStatus.RESOLVED
        and alert.status is AlertStatus.FIRING
        and known.starts_at == alert.starts_at
    )
