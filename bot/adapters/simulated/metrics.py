"""What the simulated Prometheus knows: a table from what a question is about to the function that answers it.

A row is found by three marks of an expression (`expressions.read_expression`): the set of metric names, the set of
functions that matter, and, where these leave a doubt, the demanded ``status`` values or whether it divides. The rows
are the questions that the operations guide of workspace-qdrant-mcp asks, and those about Qdrant's own metrics; anything
else is answered by an empty vector, as Prometheus answers a metric it never saw.

Row functions return base units (seconds, bytes, ratios, per second); a leading ``100 *``, a trailing ``/ 2^30``, a
trailing comparison, label matchers and the outermost aggregation are applied to what they return. Matchers on labels
that an answer does not carry (``mode="idle"``, ``fstype!="tmpfs"``) belong to the question and filter nothing.

Values rest, within a few per cent, while all is well; what suffers follows the share of the asked window in which a
service was down or had a fault (`breaks`). What climbs, climbs from the moment of its fault.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.adapters.simulated.breaks import BreakKind, climbed
from bot.adapters.simulated.clock import Pace
from bot.adapters.simulated.expressions import Expression, read_expression
from bot.adapters.simulated.inventory import (
    COLLECTIONS,
    DAEMON_COORDINATOR,
    HOST,
    MCP_SERVER,
    NGINX,
    NODE_EXPORTER,
    QDRANT,
    QDRANT_VERSION,
    SERVICES,
    SimulatedService,
)
from bot.adapters.simulated.world import World
from bot.domain.ids import PlatformName, ServiceName

GIB = 2**30
_RESIDENT_GIB = {"qdrant": 3.4, "mcp-server": 2.1, "daemon-coordinator": 0.6, "web-ui": 0.3, "prometheus": 0.9}
HOST_GIB = 32
_DISKS = {"/": 0.48, "/qdrant/storage": 0.57}
_DATA_DISK = "/qdrant/storage"
_FULL = 0.885
"""How full the disk of the data gets: past the alert, short of what stops writes."""
_FILLS_IN = timedelta(seconds=20)
_LEAKED_GIB = 7.5
"""How much more a leaking process holds in the end."""
_LEAKS_IN = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Series:
    """One series of an instant vector."""

    labels: dict[str, str]
    value: float


@dataclass(frozen=True, slots=True)
class Question:
    """An expression asked at a moment."""

    expression: Expression
    at: datetime
    world: World
    pace: Pace

    @property
    def down_share(self) -> float:
        """Share of the asked window in which qdrant was down; windows pass as fast as all durations here."""
        return self.down_share_of(QDRANT)

    def down_share_of(self, service: ServiceName) -> float:
        """Return the share of the asked window in which a service was down."""
        return self.world.down_share(service, until=self.at, window=self._window)

    def fault_share(self, kind: BreakKind, service: ServiceName = MCP_SERVER) -> float:
        """Return the share of the asked window in which a service had a fault."""
        return self.world.fault_share(service, kind, until=self.at, window=self._window)

    def climbed(self, service: ServiceName, kind: BreakKind, rise: timedelta) -> float:
        """Return the share (0..1) of its height that something has reached which climbs while a fault lasts."""
        fault = self.world.fault(service, kind, self.at)
        return climbed(self.at - fault.since, self.pace.shortened(rise)) if fault else 0.0

    @property
    def _window(self) -> timedelta:
        return self.pace.shortened(self.expression.window)

    @property
    def window_s(self) -> float:
        """The asked window as written, in seconds."""
        return self.expression.window.total_seconds()

    def steady(self, value: float) -> float:
        """Return ``value`` moving by up to 4 % with the time, so that nothing looks frozen."""
        minutes = self.at.timestamp() / 60
        return value * (1 + 0.03 * math.sin(minutes / 7 + value) + 0.01 * math.sin(minutes * 3))


Points = Iterable[tuple[dict[str, str], float]]
"""Values with the labels they have beside those of their target."""


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of question, and its answer."""

    metrics: frozenset[str]
    answer: Callable[[Question], Points]
    exported_by: ServiceName | None
    """The service whose scrape carries the metric: without it there is no data. None: every service does, and the
    answer has one value for each, in the order of `SERVICES`."""
    functions: frozenset[str] = frozenset()
    statuses: frozenset[str] = frozenset()
    divides: bool | None = None
    """None where it does not matter."""

    def is_about(self, expression: Expression) -> bool:
        """Say whether the row is about this expression."""
        return (
            self.metrics == expression.metrics
            and self.functions == expression.functions
            and self.statuses == expression.statuses
            and self.divides in (None, expression.divides)
        )


def _row(
    metrics: str,
    functions: str,
    answer: Callable[[Question], float],
    *,
    of: ServiceName = MCP_SERVER,
    status: str = "",
    divides: bool | None = None,
) -> Row:
    """Return a row with a single value per target; names are separated by blanks."""
    return _rows_of(
        metrics, functions, lambda question: [({}, answer(question))], of=of, status=status, divides=divides
    )


def _rows_of(
    metrics: str,
    functions: str,
    answer: Callable[[Question], Points],
    *,
    of: ServiceName | None,
    status: str = "",
    divides: bool | None = None,
) -> Row:
    return Row(
        metrics=frozenset(metrics.split()),
        functions=frozenset(functions.split()),
        answer=answer,
        exported_by=of,
        statuses=frozenset([status]) if status else frozenset(),
        divides=divides,
    )


# Answers


def _search_latency(question: Question) -> float:
    """Return a quantile of the search time; the slow tenth of a window shows in a high quantile before it is half."""
    is_high = question.expression.quantile > 0.9
    typical, without_qdrant, stuck = (0.118, 1.6, 1.4) if is_high else (0.041, 0.6, 0.9)
    slow = question.fault_share(BreakKind.RAISE_LATENCY)
    felt = min(1.0, slow / 0.3) if is_high else slow**2
    return question.steady(typical) + without_qdrant * question.down_share + stuck * felt


def _search_rate(question: Question) -> float:
    slow = 0.25 * question.fault_share(BreakKind.RAISE_LATENCY)
    return question.steady(6.2) * (1 - 0.4 * question.down_share) * (1 - slow) * _arriving(question)


def _arriving(question: Question) -> float:
    """Return the share of requests that reach mcp-server: some callers do not pass through nginx."""
    return 1 - 0.85 * question.down_share_of(NGINX)


def _ingest_rate(question: Question) -> float:
    away = max(question.down_share, question.down_share_of(DAEMON_COORDINATOR))
    return question.steady(34.0) * (1 - away)


def _request_rate(question: Question) -> float:
    return question.steady(8.4) * _arriving(question)


def _failing_share(question: Question) -> float:
    """Return the share of requests that something which is wrong makes fail."""
    return 0.62 * question.down_share + 0.35 * question.fault_share(BreakKind.RAISE_ERRORS)


def _error_share(question: Question) -> float:
    return question.steady(0.0006) + _failing_share(question)


def _search_error_share(question: Question) -> float:
    failing = 0.9 * question.down_share + 0.35 * question.fault_share(BreakKind.RAISE_ERRORS)
    return question.steady(0.002) + failing


def _busy_cores(question: Question) -> float:
    return question.steady(0.34) + 0.55 * question.fault_share(BreakKind.RAISE_LATENCY)


def _server_error_rate(question: Question) -> float:
    return _request_rate(question) * _error_share(question)


def _quiet_events(question: Question) -> float:
    """Return the 5xx of the window; while nothing is wrong the share is too small to count."""
    return round(_request_rate(question) * _failing_share(question) * question.window_s)


def _up(question: Question) -> Points:
    world, at = question.world, question.at
    return [({}, float(world.answers(name, at))) for name in SERVICES]


def _up_average(question: Question) -> Points:
    silent = BreakKind.LOSE_ALERTMANAGER
    return [({}, 1 - max(question.down_share_of(name), question.fault_share(silent, name))) for name in SERVICES]


def _leaked_gib(question: Question, service: ServiceName = MCP_SERVER) -> float:
    return _LEAKED_GIB * question.climbed(service, BreakKind.LEAK_MEMORY, _LEAKS_IN)


def _resident_gib(question: Question, service: ServiceName = MCP_SERVER) -> float:
    return question.steady(_RESIDENT_GIB.get(service, 0.1)) + _leaked_gib(question, service)


def _resident_memory(question: Question) -> Points:
    return [({}, _resident_gib(question, name) * GIB) for name in SERVICES]


def _host_memory(question: Question) -> float:
    return question.steady(0.61) + _leaked_gib(question) / HOST_GIB


def _disk_used(question: Question) -> Points:
    return [
        (
            {"mountpoint": mountpoint, "fstype": "ext4", "device": f"/dev/vd{'ab'[index]}1"},
            _filled(question, mountpoint, question.steady(used)),
        )
        for index, (mountpoint, used) in enumerate(_DISKS.items())
    ]


def _filled(question: Question, mountpoint: str, used: float) -> float:
    if mountpoint != _DATA_DISK:
        return used
    return used + (_FULL - used) * question.climbed(HOST, BreakKind.FILL_DISK, _FILLS_IN)


def _collections_at_zero(_: Question) -> Points:
    return [({"id": name}, 0.0) for name in COLLECTIONS]


def _collection_points(_: Question) -> Points:
    return [({"id": name}, float(held.points)) for name, held in COLLECTIONS.items()]


ROWS: tuple[Row, ...] = (
    # Searching and ingesting
    _row("search_duration_seconds_bucket", "histogram_quantile rate", _search_latency),
    _row("search_requests_total", "rate", _search_rate),
    _row("search_requests_total", "increase", lambda q: _search_rate(q) * q.window_s),
    _row(
        "search_errors_total search_requests_total",
        "rate",
        _search_error_share,
    ),
    _row("documents_ingested_total", "rate", _ingest_rate),
    _row("documents_ingested_total", "increase", lambda q: _ingest_rate(q) * q.window_s),
    _row("documents_ingestion_errors_total", "rate", lambda q: q.steady(0.01) + 3 * q.down_share),
    _row("cache_hits_total cache_misses_total", "rate", lambda q: q.steady(0.86)),
    _row("search_results_size_sum search_results_size_count", "rate", lambda q: q.steady(12.0)),
    _row(
        "document_processing_duration_seconds_sum document_processing_duration_seconds_count",
        "rate",
        lambda q: q.steady(0.21),
    ),
    _row(
        "embedding_generation_duration_seconds_sum embedding_generation_duration_seconds_count",
        "rate",
        lambda q: q.steady(0.034),
    ),
    # Requests
    _row("http_requests_total", "rate", _request_rate),
    _row("http_requests_total", "rate", _error_share, status="5..", divides=True),
    _row("http_requests_total", "rate", _server_error_rate, status="5..", divides=False),
    _row("http_requests_total", "increase", _quiet_events, status="5.."),
    _row("http_requests_total", "increase", lambda q: _request_rate(q) * q.window_s),
    _row("http_requests_total", "rate", lambda q: q.steady(0.05), status="4..", divides=False),
    # Processes
    _rows_of("process_resident_memory_bytes", "", _resident_memory, of=None),
    _rows_of("process_resident_memory_bytes", "avg_over_time", _resident_memory, of=None),
    _row("process_cpu_seconds_total", "rate", _busy_cores),
    _row("process_resident_memory_bytes node_memory_MemTotal_bytes", "", lambda q: _resident_gib(q) / HOST_GIB),
    _row("process_resident_memory_bytes process_start_time_seconds", "time", lambda q: q.steady(0.012)),
    # Scrapes
    _rows_of("up", "", _up, of=None),
    _rows_of("up", "avg_over_time", _up_average, of=None),
    # The host
    _row("node_memory_MemAvailable_bytes node_memory_MemTotal_bytes", "", _host_memory, of=NODE_EXPORTER),
    _row("node_cpu_seconds_total", "rate", lambda q: q.steady(0.27), of=NODE_EXPORTER),
    _row("node_load1 node_cpu_seconds_total", "", lambda q: q.steady(0.31), of=NODE_EXPORTER),
    _rows_of("node_filesystem_avail_bytes node_filesystem_size_bytes", "", _disk_used, of=NODE_EXPORTER),
    _rows_of(
        "node_filesystem_avail_bytes",
        "deriv",
        lambda q: [({"mountpoint": mountpoint, "fstype": "ext4"}, q.steady(118.0)) for mountpoint in _DISKS],
        of=NODE_EXPORTER,
    ),
    _row("probe_ssl_earliest_cert_expiry", "time", lambda _: 71.0, of=NODE_EXPORTER),
    # Qdrant's own metrics
    _rows_of("app_info", "", lambda _: [({"version": QDRANT_VERSION, "name": "qdrant"}, 1.0)], of=QDRANT),
    _row("app_status_recovery_mode", "", lambda _: 0.0, of=QDRANT),
    _row("rest_responses_duration_seconds_bucket", "histogram_quantile rate", lambda q: q.steady(0.019), of=QDRANT),
    _rows_of(
        "rest_responses_total",
        "rate",
        lambda q: [({"status": "404"}, q.steady(0.01))],
        of=QDRANT,
        status="2..",
    ),
    _rows_of("collection_points", "", _collection_points, of=QDRANT),
    _row("collections_total", "", lambda _: float(len(COLLECTIONS)), of=QDRANT),
    *(
        _rows_of(metric, "", _collections_at_zero, of=QDRANT)
        for metric in (
            "collection_running_optimizations",
            "collection_indexed_only_excluded_points",
            "collection_update_queue_deferred_points",
            "collection_update_queue_length",
            "snapshot_creation_running",
            "snapshot_recovery_running",
            "collection_dead_replicas",
        )
    ),
    _rows_of("snapshot_created_total", "increase", lambda _: [({"id": name}, 1.0) for name in COLLECTIONS], of=QDRANT),
    _row("memory_resident_bytes", "", lambda q: q.steady(_RESIDENT_GIB["qdrant"]) * GIB, of=QDRANT),
)


@dataclass(frozen=True, slots=True)
class Metrics:
    """The simulated Prometheus' memory."""

    world: World
    pace: Pace
    platform: PlatformName
    rows: Sequence[Row] = field(default=ROWS)

    def query(self, text: str, at: datetime) -> list[Series]:
        """Return the instant vector for an expression; empty where no row knows it or nothing was scraped."""
        expression = read_expression(text)
        if not expression.metrics:
            return _constant(text)
        row = next((row for row in self.rows if row.is_about(expression)), None)
        if row is None:
            return []
        question = Question(expression, at, self.world, self.pace)
        found = [series for series in self._series(row, question) if _is_selected(series, expression)]
        named = _name_of(expression)
        vector = [
            Series({**named, **series.labels}, series.value * expression.factor)
            for series in _aggregated(found, expression)
        ]
        return [series for series in vector if expression.keeps(series.value)]

    def target_labels(self, service: SimulatedService) -> dict[str, str]:
        """Return the labels every series of a service carries."""
        return {"instance": service.instance, "job": service.name, "platform": self.platform}

    def _series(self, row: Row, question: Question) -> list[Series]:
        if row.exported_by is not None:
            if not question.world.answers(row.exported_by, question.at):
                return []
            target = self.target_labels(SERVICES[row.exported_by])
            return [Series({**target, **labels}, value) for labels, value in row.answer(question)]
        services = zip(SERVICES.values(), row.answer(question), strict=True)
        series = [Series({**self.target_labels(service), **labels}, value) for service, (labels, value) in services]
        if row.metrics == {"up"}:
            return series
        return [each for each in series if question.world.answers(ServiceName(each.labels["job"]), question.at)]


def _name_of(expression: Expression) -> dict[str, str]:
    """Return the ``__name__`` label: only a metric that nothing was done to keeps it."""
    is_bare = not expression.functions and expression.aggregation is None and expression.factor == 1
    return {"__name__": next(iter(expression.metrics))} if is_bare and len(expression.metrics) == 1 else {}


def _constant(text: str) -> list[Series]:
    """Answer ``vector(1)``, what a watchdog asks."""
    return [Series({}, 1.0)] if "".join(text.split()) == "vector(1)" else []


def _is_selected(series: Series, expression: Expression) -> bool:
    return all(
        matcher.fits(series.labels)
        for matcher in expression.matchers
        if matcher.label in series.labels and matcher.label != "status"
    )


def _aggregated(found: list[Series], expression: Expression) -> list[Series]:
    if expression.aggregation is None:
        return found
    groups: dict[tuple[tuple[str, str], ...], list[float]] = {}
    for series in found:
        kept = tuple((label, series.labels[label]) for label in expression.by if label in series.labels)
        groups.setdefault(kept, []).append(series.value)
    return [Series(dict(labels), _AGGREGATE[expression.aggregation](values)) for labels, values in groups.items()]


_AGGREGATE: dict[str, Callable[[list[float]], float]] = {
    "sum": sum,
    "min": min,
    "max": max,
    "avg": lambda values: sum(values) / len(values),
    "count": lambda values: float(len(values)),
    "topk": max,
    "bottomk": min,
}
