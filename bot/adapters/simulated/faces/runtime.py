"""``/runtime``: the container runtime, in the words of `bot.domain.containers`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.adapters.simulated.faces.bodies import json_body, json_response
from bot.adapters.simulated.inventory import BY_CONTAINER, SERVICES
from bot.adapters.simulated.logs import log_lines
from bot.adapters.simulated.platform import SimulatedPlatform
from bot.domain.errors import UnknownName
from bot.domain.ids import ContainerId, ServiceName


class RestartOrder(msgspec.Struct, frozen=True):
    """Body of ``POST /runtime/restart``."""

    container: ContainerId
    grace_s: float


def routes(platform: SimulatedPlatform) -> list[Route]:
    """Return ``GET containers?service=``, ``POST restart`` and ``GET logs?container=&tail=&since=``."""
    world, clock = platform.world, platform.clock

    async def containers(request: Request) -> Response:
        asked = request.query_params.get("service")
        names = [name for name in SERVICES if asked is None or name == asked]
        return json_response([world.container(name, clock.now()) for name in names])

    async def restart(request: Request) -> Response:
        order = await json_body(request, RestartOrder)
        try:
            runs_at = world.order_restart(order.container, grace=timedelta(seconds=max(0.0, order.grace_s)))
        except UnknownName as exc:
            raise HTTPException(404, str(exc)) from exc
        await clock.sleep(runs_at - clock.now())
        return Response(status_code=204)

    async def logs(request: Request) -> Response:
        service = _service_of(request.query_params.get("container", ""))
        tail = _number(request.query_params.get("tail", "100"), "tail")
        since = request.query_params.get("since")
        moment = datetime.fromtimestamp(_number(since, "since"), UTC) if since is not None else None
        return json_response(log_lines(world, service, now=clock.now(), tail=int(tail), since=moment))

    return [
        Route("/containers", containers),
        Route("/restart", restart, methods=["POST"]),
        Route("/logs", logs),
    ]


def _service_of(container: str) -> ServiceName:
    facts = BY_CONTAINER.get(ContainerId(container))
    if facts is None:
        raise HTTPException(404, f"there is no container {container[:12]}; list the service's containers")
    return facts.name


def _number(text: str, name: str) -> float:
    try:
        return float(text)
    except ValueError as exc:
        raise HTTPException(400, f"{name} is no number") from exc
