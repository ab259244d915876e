"""The floor of start and memory: an ASGI application, Redis, and a docket queue with a worker; ready when both answer.

It takes webhooks as well: the body is kept, and a task that does nothing is queued.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from docket import Docket, Worker
from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.floors.serving import options, serve


async def nothing(entry: str) -> None:
    """Do nothing: the task of the floor."""


def application(redis_url: str) -> Starlette:
    """Return the application; its worker runs for as long as it is served."""
    redis = Redis.from_url(redis_url)
    docket = Docket(name="floor", url=redis_url)
    docket.register(nothing)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with docket, Worker(docket, concurrency=20, minimum_check_interval=timedelta(milliseconds=10)) as worker:
            working = asyncio.create_task(worker.run_forever())
            yield
            working.cancel()
            await asyncio.wait({working})
        await redis.aclose()

    async def receive(request: Request) -> Response:
        entry = await redis.rpush("floor:bodies", await request.body())
        await docket.add(nothing, key=str(entry))(str(entry))
        return Response(status_code=200)

    async def ready(_request: Request) -> Response:
        await redis.ping()
        return Response(status_code=200)

    return Starlette(
        lifespan=lifespan,
        routes=[
            Route("/alertmanager/{platform}", receive, methods=["POST"]),
            Route("/readyz", ready, methods=["GET"]),
        ],
    )


if __name__ == "__main__":
    given = options("redis")
    serve(application(given.redis), given.port)
