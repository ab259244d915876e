"""What the platform's own monitoring knows: its metrics, its alerts, and what its services answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from bot.domain.alerts import AlertmanagerListing
from bot.domain.findings import Finding, MetricSample
from bot.domain.ids import ServiceName
from bot.domain.profiles import Metric, Probe


class AlertSource(Protocol):
    """The platform's Alertmanagers (one, or a pair)."""

    async def listings(self) -> Sequence[AlertmanagerListing]:
        """Return one listing per peer, every peer answered; TemporaryError when any of them did not."""
        ...


class MetricSource(Protocol):
    """The platform's Prometheus."""

    async def sample(self, metric: Metric, *, at: datetime | None = None) -> Sequence[MetricSample]:
        """Return the metric's series now or ``at``; one sample with ``why_missing`` when there is no data.

        Never raises for missing data, NaN, a slow or an absent Prometheus: all of these are answers.
        """
        ...

    async def firing(self) -> frozenset[tuple[str, tuple[tuple[str, str], ...]]]:
        """Return (alertname, sorted labels) of every alert that fires there; TemporaryError when it is away."""
        ...


class ServiceProbe(Protocol):
    """Asks one service one question of its profile."""

    async def ask(self, service: ServiceName, probe: Probe) -> Finding:
        """Return the finding; a refused connection is critical, a timeout or an unreadable answer unknown."""
        ...
