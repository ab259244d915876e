"""Findings: what a question to a service came back with. Unknown is an answer of its own and never healthy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.ids import ServiceName


class Verdict(StrEnum):
    """How a finding reads."""

    OK = "ok"
    WARNING = "warning"
    CRITICAL = "critical"
    UNKNOWN = "unknown"
    """No answer could be had; ``evidence`` says why."""


WORST_FIRST = (Verdict.CRITICAL, Verdict.WARNING, Verdict.UNKNOWN, Verdict.OK)
"""The order in which findings are told."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One answer, with what it rests on."""

    service: ServiceName | None
    """None for the platform itself."""
    name: str
    """What was asked, e.g. ``readyz`` or ``collections``."""
    verdict: Verdict
    evidence: str
    """What was seen, in one line: ``HTTP 200 in 12 ms``. Untrusted where a service wrote it."""
    took: timedelta = timedelta()
    suggestion: str | None = None


@dataclass(frozen=True, slots=True)
class MetricSample:
    """The value of one named metric, or the reason there is none."""

    name: str
    labels: tuple[tuple[str, str], ...]
    value: float | None
    """None means no data, never zero."""
    unit: str
    at: datetime
    why_missing: str | None = None
    title: str = ""
    """What people call it; empty where only the name is known."""
    verdict: Verdict = Verdict.OK
    """What the profile's thresholds say of the value."""
    bound: float | None = None
    """The threshold it has crossed, in its own unit."""
