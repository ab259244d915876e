"""First evidence: what was seen around an incident in the seconds after it opened."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.domain.containers import Container, LogLine
from bot.domain.findings import Finding, MetricSample
from bot.domain.ids import IncidentId, PlatformName, ServiceName


class Source(StrEnum):
    """Where a piece of evidence comes from."""

    VALUES = "values"
    PROBES = "probes"
    CONTAINERS = "containers"
    LOGS = "logs"
    RUNS = "runs"
    LINKS = "links"


@dataclass(frozen=True, slots=True)
class Link:
    """A page somebody may want: runbook, dashboard, the alert's expression. ``url`` is http(s) only."""

    title: str
    url: str


@dataclass(frozen=True, slots=True)
class ServiceLog:
    """The last error lines of one service."""

    service: ServiceName
    lines: tuple[LogLine, ...]
    """Redacted; untrusted text."""
    of_lines: int
    """How many lines were looked through."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known so far; sources that did not answer are named with the reason."""

    incident: IncidentId
    platform: PlatformName
    services: tuple[ServiceName, ...]
    as_of: datetime
    values_at_fire: tuple[MetricSample, ...] = ()
    values_now: tuple[MetricSample, ...] = ()
    probes: tuple[Finding, ...] = ()
    containers: tuple[Container, ...] = ()
    logs: tuple[ServiceLog, ...] = ()
    recent_runs: tuple[str, ...] = ()
    """A line each, newest first."""
    links: tuple[Link, ...] = ()
    missing: dict[Source, str] = field(default_factory=dict)
    """Sources without an answer, and why."""
    waiting: tuple[Source, ...] = ()
    """Sources still being asked."""
