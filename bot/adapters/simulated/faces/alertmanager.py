"""``/alertmanager``: version 2 of Alertmanager's API, as far as the bot asks it. There are no silences to make here."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp

from bot.adapters.simulated.alertmanager import RECEIVER, AlertGroup, StoredAlert, timestamp
from bot.adapters.simulated.expressions import Matcher
from bot.adapters.simulated.faces.answering import AnsweringWhile
from bot.adapters.simulated.faces.bodies import json_response
from bot.adapters.simulated.inventory import ALERTMANAGER
from bot.adapters.simulated.platform import SimulatedPlatform

_MATCHER = re.compile(r'\s*(?P<label>[A-Za-z_][A-Za-z0-9_]*)\s*(?P<operator>=~|!~|!=|=)\s*"?(?P<value>[^"]*)"?\s*')


def app(platform: SimulatedPlatform) -> ASGIApp:
    """Return the API; it breaks connections while the service is stopped or told not to answer."""
    face = _Face(platform)
    router = Router(
        [
            Route("/-/healthy", face.healthy),
            Route("/-/ready", face.healthy),
            Route("/api/v2/alerts", face.alerts),
            Route("/api/v2/alerts/groups", face.groups),
            Route("/api/v2/silences", face.silences),
            Route("/api/v2/receivers", face.receivers),
            Route("/api/v2/status", face.status),
        ],
        redirect_slashes=False,
    )

    def is_answering() -> bool:
        return platform.is_alertmanager_answering and platform.world.answers(ALERTMANAGER, platform.clock.now())

    return AnsweringWhile(router, is_answering)


class _Face:
    def __init__(self, platform: SimulatedPlatform) -> None:
        self._platform = platform

    async def healthy(self, _: Request) -> Response:
        return PlainTextResponse("OK")

    async def alerts(self, request: Request) -> Response:
        matchers = _matchers(request)
        if matchers is None:
            return json_response("bad matcher format", status=400)
        self._platform.catch_up()
        shown = self._platform.alertmanager.alerts(self._platform.clock.now())
        return json_response([_alert(alert) for alert in shown if _is_wanted(alert, request, matchers)])

    async def groups(self, request: Request) -> Response:
        matchers = _matchers(request)
        if matchers is None:
            return json_response("bad matcher format", status=400)
        self._platform.catch_up()
        now = self._platform.clock.now()
        shown = [
            _group(group, [a for a in group.alerts.values() if a.fires(now) and _is_wanted(a, request, matchers)])
            for group in self._platform.alertmanager.groups(now)
        ]
        return json_response([group for group in shown if group["alerts"]])

    async def silences(self, _: Request) -> Response:
        return json_response([])

    async def receivers(self, _: Request) -> Response:
        return json_response([{"name": RECEIVER}])

    async def status(self, _: Request) -> Response:
        up_since = self._platform.alertmanager.up_since(self._platform.clock.now())
        group_by = ", ".join(self._platform.alertmanager.group_by)
        route = f"{{group_by: [{group_by}], group_wait: 10s, group_interval: 10s, repeat_interval: 1h}}"
        return json_response(
            {
                "cluster": {"peers": [], "status": "disabled"},
                "config": {"original": f"route: {route}\n"},
                "uptime": timestamp(up_since),
                "versionInfo": {
                    "branch": "HEAD",
                    "buildDate": "",
                    "buildUser": "",
                    "goVersion": "",
                    "revision": "simulated",
                    "version": "0.25.0",
                },
            }
        )


def _matchers(request: Request) -> list[Matcher] | None:
    """Return the matchers of all ``filter`` parameters; None when one cannot be read."""
    matches = [_MATCHER.fullmatch(text) for text in request.query_params.getlist("filter")]
    found = [Matcher(match["label"], match["operator"], match["value"]) for match in matches if match is not None]
    return found if len(found) == len(matches) else None


def _is_wanted(alert: StoredAlert, request: Request, matchers: list[Matcher]) -> bool:
    """Say whether a request asks for an alert; all alerts here are active."""
    is_active_wanted = request.query_params.get("active", "true") != "false"
    return is_active_wanted and all(matcher.fits(alert.labels) for matcher in matchers)


def _alert(alert: StoredAlert) -> dict[str, object]:
    return {
        "annotations": alert.annotations,
        "endsAt": timestamp(alert.ends_at),
        "fingerprint": alert.fingerprint,
        "receivers": [{"name": RECEIVER}],
        "startsAt": timestamp(alert.starts_at),
        "status": {"inhibitedBy": [], "silencedBy": [], "state": "active"},
        "updatedAt": timestamp(alert.updated_at),
        "generatorURL": alert.generator_url,
        "labels": alert.labels,
    }


def _group(group: AlertGroup, alerts: list[StoredAlert]) -> dict[str, object]:
    return {"alerts": [_alert(alert) for alert in alerts], "labels": group.labels, "receiver": {"name": RECEIVER}}
