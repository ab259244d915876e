"""The one Starlette application of the simulated platform."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import Mount

from bot.adapters.simulated.faces import alertmanager, control, prometheus, runtime, services
from bot.adapters.simulated.platform import SimulatedPlatform


def create_app(platform: SimulatedPlatform) -> Starlette:
    """Return the application; while it lives, alerts are evaluated and reported."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        stepping = asyncio.create_task(platform.run(), name="simulated-alertmanager")
        try:
            yield
        finally:
            stepping.cancel()
            with suppress(asyncio.CancelledError):
                await stepping

    return Starlette(
        routes=[
            Mount("/runtime", routes=runtime.routes(platform)),
            Mount("/services", routes=services.mounts(platform)),
            Mount("/prometheus", app=prometheus.app(platform)),
            Mount("/alertmanager", app=alertmanager.app(platform)),
            Mount("/control", routes=control.routes(platform)),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])],
        lifespan=lifespan,
    )
