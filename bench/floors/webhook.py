"""The floor of the webhook path: Starlette, msgspec, one Lua call. No credentials, no cap, no metrics, no body."""

from __future__ import annotations

import time
from collections.abc import Awaitable
from typing import cast

import msgspec
from redis.asyncio import BlockingConnectionPool, Redis
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.floors.serving import options, serve

KEEP = """
local pairs_ = {}
for i = 4, #ARGV do pairs_[#pairs_ + 1] = ARGV[i] end
redis.call('HSET', KEYS[1], unpack(pairs_))
redis.call('HSET', KEYS[3], 'body', ARGV[2])
redis.call('PEXPIRE', KEYS[3], 604800000)
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
return 1
"""


class Alert(msgspec.Struct, rename="camel"):
    """What the floor reads of an alert."""

    fingerprint: str
    status: str
    starts_at: str
    ends_at: str
    labels: dict[str, str]
    annotations: dict[str, str]


class Body(msgspec.Struct, rename="camel"):
    """What the floor reads of a webhook."""

    group_key: str
    alerts: list[Alert]


def application(redis_url: str) -> Starlette:
    """Return the application; it connects with the first request."""
    pool = BlockingConnectionPool.from_url(redis_url, max_connections=64, timeout=5)
    redis = Redis.from_pool(pool)
    keep = redis.register_script(KEEP)
    decoder = msgspec.json.Decoder(Body)
    numbers = iter(range(1, 1 << 62))

    async def receive(request: Request) -> Response:
        body = await request.body()
        group = decoder.decode(body)
        entry = f"{time.time_ns():x}-{next(numbers)}"
        pairs = [part for alert in group.alerts for part in (alert.fingerprint, f"{alert.starts_at}|{alert.status}")]
        keys = ["floor:alerts", "floor:index", f"floor:entry:{entry}"]
        await cast("Awaitable[int]", keep(keys, [entry, body, time.time_ns() // 1_000_000, *pairs]))
        return Response(status_code=200)

    async def ready(_request: Request) -> Response:
        return Response(status_code=200)

    app = Starlette(
        routes=[
            Route("/alertmanager/{platform}", receive, methods=["POST"]),
            Route("/readyz", ready, methods=["GET"]),
        ]
    )
    app.state.redis = redis
    return app


if __name__ == "__main__":
    given = options("redis")
    serve(application(given.redis), given.port)
