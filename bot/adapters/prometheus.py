"""The values behind a profile's metrics, from Prometheus's HTTP API.

A value, "not a number", "no such series" and "Prometheus is away" are four different facts, and the last three are
never zero: each comes back as a sample without a value and with the reason.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import httpx
import msgspec

from bot.adapters.http_calls import Answer, NoAnswer, Trouble, ask, decoded, joined, one_line, refused_status
from bot.domain.errors import TemporaryError
from bot.domain.findings import MetricSample
from bot.domain.profiles import Metric

ANSWER_WITHIN = timedelta(seconds=15)
EVALUATE_WITHIN = timedelta(seconds=10)
"""Prometheus gives up on the query itself after so long, and says so."""

log = logging.getLogger(__name__)


class _Result(msgspec.Struct, rename="camel"):
    result_type: str
    result: msgspec.Raw


class _Query(msgspec.Struct):
    data: _Result
    warnings: list[str] | None = None


class _Series(msgspec.Struct):
    metric: dict[str, str]
    value: tuple[float, str] | None = None
    """Seconds and the number as text; absent for a native histogram."""


class _Failure(msgspec.Struct, rename="camel"):
    error_type: str
    error: str = ""


class _PendingOrFiring(msgspec.Struct):
    labels: dict[str, str]
    state: str


class _Alerts(msgspec.Struct):
    alerts: list[_PendingOrFiring]


class _AlertsAnswer(msgspec.Struct):
    data: _Alerts


_QUERY = msgspec.json.Decoder(_Query)
_VECTOR = msgspec.json.Decoder(list[_Series])
_SCALAR = msgspec.json.Decoder(tuple[float, str])
_FAILURE = msgspec.json.Decoder(_Failure)
_ALERTS = msgspec.json.Decoder(_AlertsAnswer)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class PrometheusApi:
    """The Prometheus of one platform; fits `bot.ports.monitoring.MetricSource`."""

    def __init__(
        self,
        url: str,
        client: httpx.AsyncClient,
        *,
        within: timedelta = ANSWER_WITHIN,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        """Take the base address, a client somebody else closes, and the longest time one question may take.

        ``now`` dates only a sample that Prometheus did not date.
        """
        self._url = url
        self._client = client
        self._within = within
        self._now = now

    async def sample(self, metric: Metric, *, at: datetime | None = None) -> Sequence[MetricSample]:
        """Return the metric's series now or ``at``, labels sorted; one sample that says why when there is none."""
        try:
            samples = await self._query(metric, at)
        except NoAnswer as exc:
            return [_missing(metric, at or self._now(), f"Prometheus {exc.why}")]
        return samples or [_missing(metric, at or self._now(), "no series matches")]

    async def firing(self) -> frozenset[tuple[str, tuple[tuple[str, str], ...]]]:
        """Return (alertname, sorted labels) of every alert held as firing; TemporaryError when there is no answer.

        These are the rule's labels. Alertmanager's copy of the alert has more where ``external_labels`` or relabeling
        add some on the way, so the two match when these are a subset of those.
        """
        try:
            answer = await ask(self._client, joined(self._url, "api/v1/alerts"), within=self._within)
            alerts = decoded(answer, _ALERTS).data.alerts
        except NoAnswer as exc:
            raise TemporaryError(f"Prometheus {exc.why}") from exc
        return frozenset(
            (alert.labels.get("alertname", ""), tuple(sorted(alert.labels.items())))
            for alert in alerts
            if alert.state == "firing"
        )

    async def _query(self, metric: Metric, at: datetime | None) -> list[MetricSample]:
        form = {"query": metric.promql, "timeout": f"{EVALUATE_WITHIN.total_seconds():g}s"}
        if at is not None:
            form["time"] = f"{at.timestamp():.3f}"
        answer = await ask(self._client, joined(self._url, "api/v1/query"), within=self._within, form=form)
        if answer.status != httpx.codes.OK:
            raise NoAnswer(Trouble.UNREADABLE, _refusal(answer))
        query = decoded(answer, _QUERY)
        if query.warnings:
            log.warning(
                "prometheus_warned", extra={"metric": metric.name, "warnings": [one_line(w) for w in query.warnings]}
            )
        return _samples(metric, query.data)


def _samples(metric: Metric, data: _Result) -> list[MetricSample]:
    try:
        match data.result_type:
            case "vector":
                return [_of_series(metric, series) for series in _VECTOR.decode(data.result)]
            case "scalar":
                return [_of_value(metric, (), *_SCALAR.decode(data.result))]
    except (ValueError, OverflowError, OSError) as exc:
        raise NoAnswer(Trouble.UNREADABLE, "answered a result that cannot be read") from exc
    kind = one_line(data.result_type, 20)
    raise NoAnswer(Trouble.UNREADABLE, f"answered a {kind}, not a value: check the expression of {metric.name}")


def _of_series(metric: Metric, series: _Series) -> MetricSample:
    if series.value is None:
        raise NoAnswer(Trouble.UNREADABLE, f"answered a histogram, not a value: check the expression of {metric.name}")
    return _of_value(metric, tuple(sorted(series.metric.items())), *series.value)


def _of_value(metric: Metric, labels: tuple[tuple[str, str], ...], at_s: float, text: str) -> MetricSample:
    value = float(text)
    return MetricSample(
        name=metric.name,
        labels=labels,
        value=value if math.isfinite(value) else None,
        unit=metric.unit,
        at=datetime.fromtimestamp(at_s, UTC),
        why_missing=_why_not_finite(value),
        title=metric.title,
    )


def _why_not_finite(value: float) -> str | None:
    if math.isnan(value):
        return "NaN: zero divided by zero, or nothing was observed in the window"
    if math.isinf(value):
        sign = "+" if value > 0 else "-"
        return f"{sign}Inf: something divided by zero, or a quantile above the highest bucket"
    return None


def _missing(metric: Metric, at: datetime, why: str) -> MetricSample:
    return MetricSample(
        name=metric.name, labels=(), value=None, unit=metric.unit, at=at, why_missing=why, title=metric.title
    )


def _refusal(answer: Answer) -> str:
    """Return what Prometheus says against a query; errors are JSON too, unless they are not from Prometheus."""
    try:
        failure = _FAILURE.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return refused_status(answer)
    said = one_line(failure.error)
    if failure.error_type == "timeout":
        return f"gave up on the query after {EVALUATE_WITHIN.total_seconds():g} s: {said}"
    return f"refused the query ({one_line(failure.error_type, 20)}): {said}"
