"""``/prometheus``: the HTTP API of Prometheus, as far as the bot asks it."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp

from bot.adapters.simulated.alertmanager import timestamp
from bot.adapters.simulated.faces.answering import AnsweringWhile
from bot.adapters.simulated.faces.bodies import json_response
from bot.adapters.simulated.inventory import PROMETHEUS, SERVICES, SimulatedService
from bot.adapters.simulated.platform import SimulatedPlatform
from bot.adapters.simulated.rules import EVALUATION_INTERVAL, ActiveAlert, AlertRule, RuleState


def app(platform: SimulatedPlatform) -> ASGIApp:
    """Return the API; it breaks connections while the service ``prometheus`` is stopped."""
    face = _Face(platform)
    router = Router(
        [
            Route("/-/healthy", face.healthy),
            Route("/-/ready", face.ready),
            Route("/api/v1/query", face.query, methods=["GET", "POST"]),
            Route("/api/v1/alerts", face.alerts),
            Route("/api/v1/rules", face.rules),
            Route("/api/v1/targets", face.targets),
            Route("/api/v1/status/buildinfo", face.buildinfo),
        ],
        redirect_slashes=False,
    )
    return AnsweringWhile(router, lambda: platform.world.answers(PROMETHEUS, platform.clock.now()))


class _Face:
    def __init__(self, platform: SimulatedPlatform) -> None:
        self._platform = platform

    async def healthy(self, _: Request) -> Response:
        return PlainTextResponse("Prometheus Server is Healthy.\n")

    async def ready(self, _: Request) -> Response:
        return PlainTextResponse("Prometheus Server is Ready.\n")

    async def query(self, request: Request) -> Response:
        """Answer an instant query; parameters come in the address or in a form."""
        parameters = {**request.query_params}
        if request.method == "POST":
            parameters |= parse_qsl((await request.body()).decode(errors="replace"))
        text = parameters.get("query", "")
        if not text.strip():
            return _bad_data('invalid parameter "query": unknown position: parse error: no expression found in input')
        try:
            at = _moment(parameters["time"]) if "time" in parameters else self._platform.clock.now()
        except (ValueError, OverflowError):
            return _bad_data(f'invalid parameter "time": cannot parse "{parameters["time"]}" to a valid timestamp')
        vector = [
            {"metric": series.labels, "value": [round(at.timestamp(), 3), sample_text(series.value)]}
            for series in self._platform.metrics.query(text, at)
        ]
        return _success({"resultType": "vector", "result": vector})

    async def alerts(self, _: Request) -> Response:
        self._platform.catch_up()
        return _success({"alerts": [self._alert(alert) for alert in self._platform.rules.alerts()]})

    async def rules(self, request: Request) -> Response:
        if request.query_params.get("type") == "record":
            return _success({"groups": []})
        self._platform.catch_up()
        rules = self._platform.rules
        group = {
            "name": "watchkeeper-alerts",
            "file": "/etc/prometheus/alert_rules.yml",
            "rules": [self._rule(rule) for rule in rules.rules],
            "interval": rules.interval.total_seconds(),
            "limit": 0,
            "evaluationTime": 0.0004,
            "lastEvaluation": timestamp(rules.last_tick),
        }
        return _success({"groups": [group]})

    async def targets(self, request: Request) -> Response:
        active = [] if request.query_params.get("state") == "dropped" else [self._target(s) for s in SERVICES.values()]
        return _success({"activeTargets": active, "droppedTargets": []})

    async def buildinfo(self, _: Request) -> Response:
        info = {"version": "2.42.0", "revision": "simulated", "branch": "HEAD", "buildUser": "", "buildDate": ""}
        return _success({**info, "goVersion": ""})

    def _alert(self, alert: ActiveAlert) -> dict[str, object]:
        return {
            "labels": alert.labels,
            "annotations": self._platform.rules.annotations(alert),
            "state": alert.state,
            "activeAt": timestamp(alert.active_at),
            "value": _alert_value(alert.value),
        }

    def _rule(self, rule: AlertRule) -> dict[str, object]:
        rules = self._platform.rules
        held = [alert for alert in rules.alerts() if alert.rule is rule]
        states = {alert.state for alert in held}
        state = next((s for s in (RuleState.FIRING, RuleState.PENDING) if s in states), RuleState.INACTIVE)
        return {
            "state": state,
            "name": rule.name,
            "query": rule.expression,
            "duration": rules.holds_for(rule).total_seconds(),
            "labels": {"severity": rule.severity},
            "annotations": {"summary": rule.summary, "description": rule.description},
            "alerts": [self._alert(alert) for alert in held],
            "health": "ok",
            "evaluationTime": 0.0001,
            "lastEvaluation": timestamp(rules.last_tick),
            "type": "alerting",
        }

    def _target(self, service: SimulatedService) -> dict[str, object]:
        is_up = self._platform.world.answers(service.name, self._platform.clock.now())
        url = f"http://{service.instance}/metrics"
        return {
            "discoveredLabels": {"__address__": service.instance, "job": service.name},
            "labels": self._platform.metrics.target_labels(service),
            "scrapePool": service.name,
            "scrapeUrl": url,
            "globalUrl": url,
            "lastError": "" if is_up else f'Get "{url}": dial tcp: connect: connection refused',
            "lastScrape": timestamp(self._platform.clock.now()),
            "lastScrapeDuration": 0.004,
            "health": "up" if is_up else "down",
            "scrapeInterval": f"{EVALUATION_INTERVAL.total_seconds():.0f}s",
            "scrapeTimeout": "10s",
        }


def sample_text(value: float) -> str:
    """Return a sample as Prometheus writes it: the shortest decimal, without ``.0``."""
    if math.isfinite(value) and value == int(value):
        return str(int(value))
    return {"inf": "+Inf", "-inf": "-Inf", "nan": "NaN"}.get(str(value), repr(value))


def _alert_value(value: float) -> str:
    """Return the value of an alert as ``/api/v1/alerts`` writes it (``9e+00``)."""
    mantissa, _, exponent = f"{value:.15e}".partition("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{exponent}"


def _moment(text: str) -> datetime:
    try:
        return datetime.fromtimestamp(float(text), UTC)
    except ValueError:
        moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text} has no zone")
    return moment.astimezone(UTC)


def _success(data: object) -> Response:
    return json_response({"status": "success", "data": data})


def _bad_data(message: str) -> Response:
    return json_response({"status": "error", "errorType": "bad_data", "error": message}, status=400)
