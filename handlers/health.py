"""Routes for those who look after the process itself: is it there, can it work, what does it count.

Readiness asks the state store alone: the workspace being away must not cut intake.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.domain.errors import BotError

READY_WITHIN = timedelta(seconds=1)


class Exposition(Protocol):
    """What is counted, in the format of Prometheus."""

    content_type: str

    def exposition(self) -> bytes:
        """Return every metric as it stands."""
        ...


def health_routes(
    ping: Callable[[], Awaitable[object]], metrics: Exposition, *, ready_within: timedelta = READY_WITHIN
) -> list[Route]:
    """Return `/healthz`, `/readyz` and `/metrics`; ``ping`` returns when the state store answers, or raises."""

    async def alive(_: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def ready(_: Request) -> Response:
        try:
            async with asyncio.timeout(ready_within.total_seconds()):
                await ping()
        except TimeoutError:
            return _not_ready(f"the state store did not answer within {ready_within.total_seconds():g} s")
        except BotError as exc:
            return _not_ready(str(exc))
        return JSONResponse({"status": "ready"})

    async def counted(_: Request) -> Response:
        return Response(metrics.exposition(), headers={"content-type": metrics.content_type})

    return [Route("/healthz", alive), Route("/readyz", ready), Route("/metrics", counted)]


def _not_ready(why: str) -> Response:
    return JSONResponse({"status": "not ready", "state_store": why}, status_code=503)
