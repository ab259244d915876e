"""The alert rules of the simulated Prometheus: inactive, pending for a while, firing, and told to Alertmanager.

Rules are evaluated at fixed ticks, as Prometheus does, and every tick is caught up when somebody asks: which alerts
exist depends on the clock and the world alone. While the service ``prometheus`` is stopped no tick happens; its alerts
are kept, as its write-ahead log keeps them.

``platform`` is a label of the targets; ``environment`` is an external label, so only Alertmanager sees it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import quote_plus

from bot.adapters.simulated.clock import Pace
from bot.adapters.simulated.inventory import PROMETHEUS
from bot.adapters.simulated.metrics import Metrics, Series
from bot.adapters.simulated.world import World

PATIENCE = timedelta(minutes=3)
"""How long a shortage must last. The guide says five minutes; people who watch a simulation have less patience."""
_REAL_DISKS = 'fstype!="tmpfs",fstype!="overlay",fstype!="squashfs"'
EVALUATION_INTERVAL = timedelta(seconds=15)
RESEND_DELAY = timedelta(minutes=1)
"""How often Prometheus repeats a firing alert to Alertmanager; it is valid for four times as long."""


class RuleState(StrEnum):
    """Where a rule, or one of its alerts, stands."""

    INACTIVE = "inactive"
    PENDING = "pending"
    """The condition holds, but not yet for the rule's ``for``."""
    FIRING = "firing"


@dataclass(frozen=True, slots=True)
class AlertRule:
    """One rule. Texts may name labels as ``{job}`` and the value as ``{value}``."""

    name: str
    expression: str
    holds_for: timedelta
    severity: str
    summary: str
    description: str


RULES: tuple[AlertRule, ...] = (
    AlertRule(
        name="ServiceDown",
        expression="up == 0",
        holds_for=timedelta(minutes=1),
        severity="critical",
        summary="Service {job} is down",
        description="{instance} of {platform} has not answered a scrape.",
    ),
    AlertRule(
        name="HighSearchLatency",
        expression=(
            "histogram_quantile(0.95, sum by (platform, job, le) (rate(search_duration_seconds_bucket[5m]))) > 0.3"
        ),
        holds_for=PATIENCE,
        severity="warning",
        summary="High search latency",
        description="95 % of searches take up to {value:.2f} s.",
    ),
    AlertRule(
        name="HighErrorRate",
        expression=(
            'sum by (platform, job) (rate(http_requests_total{status=~"5.."}[5m]))'
            " / sum by (platform, job) (rate(http_requests_total[5m])) > 0.02"
        ),
        holds_for=timedelta(minutes=2),
        severity="critical",
        summary="High error rate",
        description="{value:.1%} of requests fail.",
    ),
    AlertRule(
        name="HighMemoryUsage",
        expression="process_resident_memory_bytes / (1024 * 1024 * 1024) > 6",
        holds_for=PATIENCE,
        severity="warning",
        summary="High memory usage of {job}",
        description="{instance} uses {value:.1f} GiB.",
    ),
    AlertRule(
        name="DiskSpaceLow",
        expression=(
            f"1 - node_filesystem_avail_bytes{{{_REAL_DISKS}}} / node_filesystem_size_bytes{{{_REAL_DISKS}}} > 0.85"
        ),
        holds_for=PATIENCE,
        severity="warning",
        summary="Low disk space on {mountpoint}",
        description="{mountpoint} ({device}) is {value:.1%} full.",
    ),
)
"""What the operations guide of workspace-qdrant-mcp alerts on, with its thresholds, in the forms that work."""

WATCHDOG = AlertRule(
    name="Watchdog",
    expression="vector(1)",
    holds_for=timedelta(),
    severity="none",
    summary="The alert path works while this arrives",
    description="Always firing.",
)


@dataclass(frozen=True, slots=True)
class ActiveAlert:
    """An alert Prometheus holds."""

    rule: AlertRule
    labels: dict[str, str]
    value: float
    active_at: datetime
    """The first tick at which the condition held."""
    fired_at: datetime | None = None
    """None while it is pending."""
    sent_at: datetime | None = None

    @property
    def state(self) -> RuleState:
        """Pending or firing."""
        return RuleState.PENDING if self.fired_at is None else RuleState.FIRING


@dataclass(frozen=True, slots=True)
class SentAlert:
    """What Prometheus posts to Alertmanager."""

    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: datetime
    ends_at: datetime
    """In the past once it is resolved; else until when it counts as firing without hearing again."""
    generator_url: str


@dataclass(frozen=True, slots=True)
class Outlet:
    """Where the alerts go, and what is added to them on the way."""

    send: Callable[[Sequence[SentAlert], datetime], None]
    external_labels: dict[str, str]
    prometheus_url: str


_Key = tuple[str, tuple[tuple[str, str], ...]]


class RuleEvaluator:
    """Evaluates the rules tick by tick."""

    def __init__(
        self, rules: Sequence[AlertRule], *, world: World, metrics: Metrics, pace: Pace, outlet: Outlet
    ) -> None:
        self.rules = tuple(rules)
        self.interval = pace.shortened(EVALUATION_INTERVAL)
        self.last_tick = world.begun_at
        self._world = world
        self._metrics = metrics
        self._pace = pace
        self._outlet = outlet
        self._active: dict[_Key, ActiveAlert] = {}

    def catch_up(self, now: datetime) -> None:
        """Evaluate every tick until ``now``."""
        while self.last_tick + self.interval <= now:
            self.last_tick += self.interval
            if self._world.answers(PROMETHEUS, self.last_tick):
                self._tick(self.last_tick)

    def alerts(self) -> list[ActiveAlert]:
        """Return the pending and firing alerts, oldest first."""
        return sorted(self._active.values(), key=lambda alert: alert.active_at)

    def holds_for(self, rule: AlertRule) -> timedelta:
        """Return how long the condition of a rule must hold here."""
        return self._pace.shortened(rule.holds_for)

    def annotations(self, alert: ActiveAlert) -> dict[str, str]:
        """Return the rendered annotations of an alert."""
        rule = alert.rule
        texts = {
            "summary": rule.summary.format(**alert.labels, value=alert.value),
            "description": rule.description.format(**alert.labels, value=alert.value),
        }
        return texts if self._pace.note is None else {**texts, "note": self._pace.note}

    def _tick(self, at: datetime) -> None:
        outgoing: list[SentAlert] = []
        for rule in self.rules:
            outgoing += self._evaluate(rule, at)
        if outgoing:
            self._outlet.send(outgoing, at)

    def _evaluate(self, rule: AlertRule, at: datetime) -> list[SentAlert]:
        holding = {_key(rule, series): series for series in self._metrics.query(rule.expression, at)}
        gone = [key for key in self._active if key[0] == rule.name and key not in holding]
        resolved = [self._active.pop(key) for key in gone]
        outgoing = [self._sent(alert, ends_at=at) for alert in resolved if alert.state is RuleState.FIRING]
        for key, series in holding.items():
            alert = self._aged(rule, key, series, at)
            if self._is_due(alert, at):
                alert = replace(alert, sent_at=at)
                outgoing.append(self._sent(alert, ends_at=at + 4 * self._pace.shortened(RESEND_DELAY)))
            self._active[key] = alert
        return outgoing

    def _aged(self, rule: AlertRule, key: _Key, series: Series, at: datetime) -> ActiveAlert:
        """Return the alert with its newest value, firing once it held for long enough."""
        known = self._active.get(key)
        if known is None:
            known = ActiveAlert(rule=rule, labels=dict(key[1]), value=series.value, active_at=at)
        fires = known.fired_at is None and at - known.active_at >= self.holds_for(rule)
        return replace(known, value=series.value, fired_at=at if fires else known.fired_at)

    def _is_due(self, alert: ActiveAlert, at: datetime) -> bool:
        if alert.fired_at is None:
            return False
        return alert.sent_at is None or at - alert.sent_at >= self._pace.shortened(RESEND_DELAY)

    def _sent(self, alert: ActiveAlert, *, ends_at: datetime) -> SentAlert:
        expression = quote_plus(alert.rule.expression)
        return SentAlert(
            labels={**self._outlet.external_labels, **alert.labels},
            annotations=self.annotations(alert),
            starts_at=alert.fired_at or alert.active_at,
            ends_at=ends_at,
            generator_url=f"{self._outlet.prometheus_url}/graph?g0.expr={expression}&g0.tab=1",
        )


def _key(rule: AlertRule, series: Series) -> _Key:
    """Return the identity of an alert: its rule and all its labels."""
    labels = {name: value for name, value in series.labels.items() if name != "__name__"}
    labels |= {"alertname": rule.name, "severity": rule.severity}
    return rule.name, tuple(sorted(labels.items()))
