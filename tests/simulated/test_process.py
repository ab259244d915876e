"""A whole incident, played by the process itself at 300 times the speed and seen from outside."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.adapters.simulated.inventory import QDRANT
from bot.adapters.simulated.runtime import SimulatedRuntime
from bot.adapters.simulated.serving import bind
from tests.simulated.scenes import served
from tests.waiting import wait_until

PROGRAM = (sys.executable, "-m", "bot.adapters.simulated")


class Hook:
    """The bot's webhook."""

    def __init__(self) -> None:
        self.authorizations: set[str] = set()
        self.bodies: list[dict[str, Any]] = []
        self.app = Starlette(routes=[Route("/alertmanager/search-demo", self._take, methods=["POST"])])

    async def _take(self, request: Request) -> Response:
        self.authorizations.add(request.headers["authorization"])
        self.bodies.append(await request.json())
        return Response()

    def about(self, alertname: str, status: str) -> list[dict[str, Any]]:
        return [b for b in self.bodies if b["groupLabels"]["alertname"] == alertname and b["status"] == status]


@asynccontextmanager
async def process(webhook_url: str) -> AsyncIterator[str]:
    """Start the process, yield its base URL, and end it as a supervisor would."""
    options = ("--port", "0", "--webhook-url", webhook_url, "--webhook-token", "T0ken", "--speed", "300")
    child = await asyncio.create_subprocess_exec(*PROGRAM, *options, stdout=asyncio.subprocess.PIPE)
    assert child.stdout is not None
    try:
        yield json.loads(await asyncio.wait_for(child.stdout.readline(), 20))["ready"]
    finally:
        child.terminate()
        await asyncio.wait_for(child.communicate(), 10)


async def test_incident_from_stop_to_resolved() -> None:
    hook = Hook()
    async with (
        served(hook.app) as hook_url,
        process(f"{hook_url}/alertmanager/search-demo") as url,
        httpx.AsyncClient(base_url=url, trust_env=False) as client,
    ):
        await client.post("/control/break", json={"service": "qdrant", "kind": "stop"})
        await wait_until(lambda: hook.about("ServiceDown", "firing"), description="the webhook says it fires")
        runtime = SimulatedRuntime(url)
        (container,) = await runtime.containers(QDRANT)
        assert not container.is_up
        await runtime.restart(container.id, grace=timedelta(seconds=5))
        await runtime.aclose()
        await wait_until(lambda: hook.about("ServiceDown", "resolved"), description="the webhook says it is resolved")
        state = (await client.get("/control/state")).json()
    assert (state["restarts"]["qdrant"], hook.authorizations) == (1, {"Bearer T0ken"})
    fired, resolved = hook.about("ServiceDown", "firing")[0], hook.about("ServiceDown", "resolved")[0]
    for key in ("fingerprint", "startsAt"):
        assert fired["alerts"][0][key] == resolved["alerts"][0][key]


async def test_taken_port_is_named() -> None:
    listener, address = bind(0)
    listener.listen()
    port = address.rpartition(":")[2]
    options = ("--port", port, "--webhook-url", "http://127.0.0.1:1/x", "--webhook-token", "T0ken")
    child = await asyncio.create_subprocess_exec(*PROGRAM, *options, stderr=asyncio.subprocess.PIPE)
    _, said = await asyncio.wait_for(child.communicate(), 20)
    listener.close()
    assert (child.returncode, f"port {port} cannot be used" in said.decode()) == (1, True)
