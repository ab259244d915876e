"""``/control``: break things, mend them, and see from outside what happened."""

from __future__ import annotations

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.adapters.simulated.alertmanager import timestamp
from bot.adapters.simulated.faces.bodies import json_body, json_response
from bot.adapters.simulated.inventory import SERVICES
from bot.adapters.simulated.platform import SimulatedPlatform
from bot.adapters.simulated.rules import ActiveAlert
from bot.adapters.simulated.world import BreakKind, EngineEvent
from bot.domain.errors import UnknownName
from bot.domain.ids import ServiceName


class Break(msgspec.Struct, frozen=True):
    """Body of ``POST /control/break``."""

    service: ServiceName
    kind: BreakKind = BreakKind.STOP


class Mend(msgspec.Struct, frozen=True):
    """Body of ``POST /control/mend``."""

    service: ServiceName


class Answering(msgspec.Struct, frozen=True):
    """Body of ``POST /control/alertmanager``."""

    answering: bool


def routes(platform: SimulatedPlatform) -> list[Route]:
    """Return what can be seen and ordered; an order answers, once it is done, with the state."""

    async def state(_: Request) -> Response:
        return json_response(_state(platform))

    async def events(_: Request) -> Response:
        return json_response([_event(event) for event in platform.world.events(platform.clock.now())])

    async def break_service(request: Request) -> Response:
        order = await json_body(request, Break)
        try:
            broken_at = platform.world.break_service(order.service, order.kind)
        except UnknownName as exc:
            raise HTTPException(404, str(exc)) from exc
        await platform.clock.sleep(broken_at - platform.clock.now())
        return json_response(_state(platform))

    async def mend(request: Request) -> Response:
        order = await json_body(request, Mend)
        try:
            runs_at = platform.world.mend(order.service)
        except UnknownName as exc:
            raise HTTPException(404, str(exc)) from exc
        await platform.clock.sleep(runs_at - platform.clock.now())
        return json_response(_state(platform))

    async def alertmanager(request: Request) -> Response:
        platform.is_alertmanager_answering = (await json_body(request, Answering)).answering
        return json_response(_state(platform))

    return [
        Route("/state", state),
        Route("/events", events),
        Route("/break", break_service, methods=["POST"]),
        Route("/mend", mend, methods=["POST"]),
        Route("/alertmanager", alertmanager, methods=["POST"]),
    ]


def _state(platform: SimulatedPlatform) -> dict[str, object]:
    platform.catch_up()
    now = platform.clock.now()
    return {
        "platform": platform.scene.platform,
        "services": {
            name: {"status": platform.world.status(name, now), "broken": platform.world.is_broken(name)}
            for name in SERVICES
        },
        "speed": platform.scene.pace.speed,
        "note": platform.scene.pace.note,
        "restarts": platform.world.restarts(),
        "alerts": [_alert(alert) for alert in platform.rules.alerts()],
        "alertmanager": {"answering": platform.is_alertmanager_answering},
        "now": timestamp(now),
    }


def _alert(alert: ActiveAlert) -> dict[str, object]:
    return {
        "alertname": alert.rule.name,
        "state": alert.state,
        "labels": alert.labels,
        "activeAt": timestamp(alert.active_at),
        "firedAt": timestamp(alert.fired_at) if alert.fired_at else None,
    }


def _event(event: EngineEvent) -> dict[str, object]:
    """Return an event in the shape of Docker's ``GET /events``."""
    seconds = event.at.timestamp()
    return {
        "Type": "container",
        "Action": event.action,
        "Actor": {"ID": event.service.container_id, "Attributes": event.attributes},
        "scope": "local",
        "time": int(seconds),
        "timeNano": int(seconds * 1_000_000) * 1000,
    }
