"""What is counted, for Prometheus. Label values come from closed sets and stand at zero from the start.

A series that begins with its first event hides that event from ``rate()``. The sets belong to those who report, so the
composition root hands them in.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from bot.ports.gauges import Measured

FAST = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0)
"""Seconds until an answer; the workspace gives up at 3."""
SLOW = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Seconds that something waits to be shown."""

GAUGES = {
    "loop_lag_s": ("watchkeeper_loop_lag_seconds", "How late the event loop wakes up"),
    "intake_lag_s": ("watchkeeper_intake_lag_seconds", "Age of the oldest webhook that no incident has met"),
    "cards_waiting": ("watchkeeper_cards_waiting", "Cards that do not show the truth"),
    "notices_waiting": ("watchkeeper_notices_waiting", "Notices that are not said"),
    "oldest_waiting_s": ("watchkeeper_oldest_waiting_seconds", "Age of the oldest card or notice that is not shown"),
    "oldest_approval_s": ("watchkeeper_oldest_approval_seconds", "Age of the oldest request without an answer"),
    "runs_claimed": ("watchkeeper_runs_claimed", "Runs that a driver holds"),
    "audit_unsealed": ("watchkeeper_audit_unsealed_entries", "Audit entries that the sealer has not reached"),
    "process_memory_bytes": ("watchkeeper_process_memory_bytes", "Resident memory of this process"),
    "store_memory_ratio": ("watchkeeper_store_memory_ratio", "Used memory of the state store over its limit"),
}
"""Name and help of the gauge that shows each field of `Measured`."""


@dataclass(frozen=True, slots=True)
class Labels:
    """The closed sets, by what they tell apart."""

    intake_outcomes: Iterable[str]
    ack_families: Iterable[str]
    ack_outcomes: Iterable[str]
    refusals: Iterable[str]
    calls: Iterable[str]
    call_outcomes: Iterable[str]
    socket_ends: Iterable[str]


class Metrics:
    """Everything that is counted in this process, in a registry of its own.

    Fits by shape what the Alertmanager and Slack doors, the listeners and the publisher report to.
    """

    content_type = CONTENT_TYPE_LATEST

    def __init__(self, labels: Labels) -> None:
        self._registry = CollectorRegistry()
        self._webhooks = self._counter("watchkeeper_webhooks", "Webhooks by outcome", "outcome")
        self._webhook_seconds = self._histogram("watchkeeper_webhook_seconds", "Until a webhook is answered", FAST)
        self._acks = self._counter("watchkeeper_acks", "Acknowledgements by family and outcome", "family", "outcome")
        self._ack_seconds = self._histogram(
            "watchkeeper_ack_seconds", "Until a payload is acknowledged", FAST, "family"
        )
        self._refusals = self._counter("watchkeeper_slack_refusals", "Requests not handed over, by reason", "reason")
        self._calls = self._counter("watchkeeper_slack_calls", "Calls of the publisher", "call", "outcome")
        self._call_seconds = self._histogram(
            "watchkeeper_slack_call_seconds", "How long calls of the publisher take", SLOW, "call"
        )
        self._sockets = Gauge(
            "watchkeeper_slack_sockets", "Connections of Socket Mode that take payloads", registry=self._registry
        )
        self._socket_ends = self._counter(
            "watchkeeper_slack_reconnects", "Connections of Socket Mode that ended by themselves, by reason", "reason"
        )
        self._shown_seconds = self._histogram("watchkeeper_shown_seconds", "From a change until it is shown", SLOW)
        self._gauges = {name: Gauge(metric, help_, registry=self._registry) for name, (metric, help_) in GAUGES.items()}
        self._stand_at_zero(labels)

    def _counter(self, name: str, help_: str, *labels: str) -> Counter:
        return Counter(name, help_, labels, registry=self._registry)

    def _histogram(self, name: str, help_: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(name, help_, labels, registry=self._registry, buckets=buckets)

    def _stand_at_zero(self, labels: Labels) -> None:
        outcomes, call_outcomes = tuple(labels.ack_outcomes), tuple(labels.call_outcomes)
        for outcome in labels.intake_outcomes:
            self._webhooks.labels(outcome)
        for family in labels.ack_families:
            self._ack_seconds.labels(family)
            for outcome in outcomes:
                self._acks.labels(family, outcome)
        for reason in labels.refusals:
            self._refusals.labels(reason)
        for end in labels.socket_ends:
            self._socket_ends.labels(end)
        for call in labels.calls:
            self._call_seconds.labels(call)
            for outcome in call_outcomes:
                self._calls.labels(call, outcome)

    def on_accept(self, seconds: float, outcome: str) -> None:
        """Take what became of one webhook and how long that took."""
        self._webhooks.labels(outcome).inc()
        self._webhook_seconds.observe(seconds)

    def on_ack(self, family: str, seconds: float, outcome: str) -> None:
        """Take how long a payload waited for its acknowledgement, and what that was."""
        self._acks.labels(family, outcome).inc()
        self._ack_seconds.labels(family).observe(seconds)

    def on_refused(self, reason: str) -> None:
        """Take why a request was not handed over."""
        self._refusals.labels(reason).inc()

    def on_sockets(self, count: int) -> None:
        """Show how many connections take payloads."""
        self._sockets.set(count)

    def on_socket_end(self, reason: str) -> None:
        """Take why a connection ended."""
        self._socket_ends.labels(reason).inc()

    def on_call(self, call: str, outcome: str, seconds: float) -> None:
        """Take how one call of the publisher ended and how long it took."""
        self._calls.labels(call, outcome).inc()
        self._call_seconds.labels(call).observe(seconds)

    def on_shown(self, age_seconds: float) -> None:
        """Take how long something had waited when it was shown."""
        self._shown_seconds.observe(age_seconds)

    def show(self, measured: Measured) -> None:
        """Show the newest measurements."""
        for field in fields(measured):
            value = getattr(measured, field.name)
            if value is not None:
                self._gauges[field.name].set(value)

    def exposition(self) -> bytes:
        """Return every metric as it stands."""
        return generate_latest(self._registry)
