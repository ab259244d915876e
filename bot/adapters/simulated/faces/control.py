"""``/control``: break things, mend them, and see from outside what happened."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.adapters.simulated.alertmanager import GROUP_WAIT, timestamp
from bot.adapters.simulated.breaks import OFFERS, BreakKind, BreakOffer
from bot.adapters.simulated.faces.bodies import json_body, json_response
from bot.adapters.simulated.inventory import SERVICES
from bot.adapters.simulated.platform import SimulatedPlatform
from bot.adapters.simulated.rules import EVALUATION_INTERVAL, RESEND_DELAY, RULES, ActiveAlert
from bot.adapters.simulated.world import EngineEvent
from bot.domain.errors import UnknownName, UserError
from bot.domain.ids import ServiceName

_POSTING = timedelta(seconds=1)
"""What a step of the simulation and the webhook take; no speed shortens them."""


class Break(msgspec.Struct, frozen=True):
    """Body of ``POST /control/break``."""

    service: ServiceName
    kind: BreakKind = BreakKind.STOP


class Mend(msgspec.Struct, frozen=True):
    """Body of ``POST /control/mend``; without a kind everything that is wrong with the service is mended."""

    service: ServiceName
    kind: BreakKind | None = None


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
        return await done(lambda: platform.world.break_service(order.service, order.kind))

    async def mend(request: Request) -> Response:
        order = await json_body(request, Mend)
        return await done(lambda: platform.world.mend(order.service, order.kind))

    async def done(order: Callable[[], datetime]) -> Response:
        """Give an order and answer with the state once it has come true."""
        try:
            done_at = order()
        except UnknownName as exc:
            raise HTTPException(404, str(exc)) from exc
        except UserError as exc:
            raise HTTPException(409, str(exc)) from exc
        await platform.clock.sleep(done_at - platform.clock.now())
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
        "breaks": [_offer(platform, offer) for offer in OFFERS],
        "addresses": {name: platform.address_of(name) for name in SERVICES},
        "restarts": platform.world.restarts(),
        "alerts": [_alert(alert) for alert in platform.rules.alerts()],
        "alertmanager": {"answering": platform.is_alertmanager_answering},
        "now": timestamp(now),
    }


def _offer(platform: SimulatedPlatform, offer: BreakOffer) -> dict[str, object]:
    return {
        "service": offer.service,
        "kind": offer.kind,
        "label": offer.label,
        "mend_label": offer.mend_label,
        "hint": offer.hint.format(seconds=_seconds_until_told(platform, offer)),
        "active": platform.world.has_break(offer.service, offer.kind),
    }


def _seconds_until_told(platform: SimulatedPlatform, offer: BreakOffer) -> int:
    """Return how long it takes from the break until the receiver hears of it, at the latest."""
    rule = next((rule for rule in RULES if rule.name == offer.alert), None)
    noticed = offer.onset + rule.holds_for if rule else RESEND_DELAY
    real = noticed + EVALUATION_INTERVAL + GROUP_WAIT
    return math.ceil((platform.scene.pace.shortened(real) + _POSTING) / timedelta(seconds=1))


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
