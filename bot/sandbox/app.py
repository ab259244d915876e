"""Puts one sandbox together: store, courier, Web API, control API and page, as one ASGI application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route, WebSocketRoute

from bot.sandbox.clock import SandboxClock
from bot.sandbox.config import SandboxConfig
from bot.sandbox.control import Control
from bot.sandbox.courier import Courier
from bot.sandbox.faults import Faults
from bot.sandbox.guard import LocalOnly
from bot.sandbox.page import Page
from bot.sandbox.rates import RateLimits
from bot.sandbox.web_api import WebApi
from bot.sandbox.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Sandbox:
    """One sandbox in process: its application, and its parts for tests that need no HTTP."""

    app: Starlette
    workspace: Workspace
    courier: Courier
    faults: Faults
    limits: RateLimits
    control: Control
    page: Page

    async def close(self) -> None:
        """Stop retries and close every connection; a served application does so when it stops."""
        await self.courier.close()
        await self.page.close()


def create_sandbox(
    config: SandboxConfig,
    *,
    clock: SandboxClock | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Sandbox:
    """Return a sandbox; ``transport`` replaces the network towards the bot and the platform."""
    clock = clock or SandboxClock()
    workspace = Workspace(config, clock)
    faults = Faults()
    limits = RateLimits(clock, enabled=config.rate_limits)
    courier = Courier(workspace, faults, transport=transport)
    control = Control(workspace, courier, faults, limits)
    page = Page(workspace, transport=transport)
    api = WebApi(workspace, faults, limits)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        await sandbox.close()

    app = Starlette(
        routes=[
            Route("/api/{method}", api.call, methods=["GET", "POST"]),
            Route("/response/{token}", api.respond, methods=["POST"]),
            Route("/upload/{token}", api.upload, methods=["POST"]),
            WebSocketRoute("/link/", courier.sockets.serve),
            *control.routes(),
            *page.routes(),
        ],
        middleware=[Middleware(LocalOnly)],
        lifespan=lifespan,
    )
    sandbox = Sandbox(app, workspace, courier, faults, limits, control, page)
    return sandbox


def create_app(config: SandboxConfig) -> Starlette:
    """Return the ASGI application of one sandbox."""
    return create_sandbox(config).app
