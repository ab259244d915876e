"""Alerts as Alertmanager has them, and the one page that knows how two reports of an alert relate."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache

from bot.domain.ids import Fingerprint, GroupKey, PlatformName

RFC_3339 = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})")
NO_TIME = datetime(1, 1, 1, tzinfo=UTC)
"""Go's zero time, which Alertmanager writes where there is no end."""


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


@lru_cache(maxsize=1024)
def parse_timestamp(text: str) -> datetime:
    """Return the RFC 3339 time as Go writes it, in UTC, cut to milliseconds; ValueError for anything else.

    A webhook has up to nanoseconds where Alertmanager's API cuts the same time to milliseconds; cut alike, the two
    are equal. An alert does not start twice within a millisecond.
    """
    if RFC_3339.fullmatch(text) is None:
        raise ValueError("expected an RFC 3339 time")
    moment = datetime.fromisoformat(text)
    moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    if moment.tzinfo is UTC:
        return moment
    try:
        return moment.astimezone(UTC)
    except OverflowError as exc:
        raise ValueError("expected a time after year 1") from exc


def parse_end(text: str) -> datetime | None:
    """Return when an alert ended; None for the zero time or no text. ValueError as `parse_timestamp`."""
    if not text:
        return None
    moment = parse_timestamp(text)
    return None if moment == NO_TIME else moment
