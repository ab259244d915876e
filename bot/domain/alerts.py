"""Alerts as Alertmanager has them, and the one page that knows how two reports of an alert relate."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.ids import Fingerprint, GroupKey, PlatformName


class AlertStatus(StrEnum):
    """What Alertmanager says of an alert in a webhook."""

    FIRING = "firing"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert of a group. Labels and annotations are untrusted text."""

    fingerprint: Fingerprint
    status: AlertStatus
    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: datetime
    ends_at: datetime | None
    """None while it fires."""
    generator_url: str = ""

    @property
    def name(self) -> str:
        """The rule's name; the fingerprint where the label is missing."""
        return self.labels.get("alertname", self.fingerprint)

    @property
    def summary(self) -> str:
        """One line for people, from the annotations, else the name."""
        return self.annotations.get("summary") or self.annotations.get("description") or self.name


@dataclass(frozen=True, slots=True)
class AlertGroup:
    """One webhook body: a group of alerts of one platform."""

    platform: PlatformName
    group_key: GroupKey
    receiver: str
    alerts: tuple[Alert, ...]
    truncated: int = 0
    """How many alerts Alertmanager cut (``max_alerts``); the API has them."""
    external_url: str = ""


class AlertmanagerState(StrEnum):
    """How an alert stands in Alertmanager's own list."""

    ACTIVE = "active"
    SUPPRESSED = "suppressed"
    """Silenced or inhibited: it fires, but no webhook will say so."""
    UNPROCESSED = "unprocessed"


@dataclass(frozen=True, slots=True)
class ListedAlert:
    """An alert in ``GET /api/v2/alerts``."""

    alert: Alert
    state: AlertmanagerState
    silenced_by: tuple[str, ...] = ()
    inhibited_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AlertmanagerListing:
    """The whole list of one Alertmanager and since when that process runs."""

    alerts: tuple[ListedAlert, ...]
    up_since: datetime
