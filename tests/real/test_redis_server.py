"""The real redis-server as the tests drive it: what a restart, a crash and an emptied disk leave behind."""

from __future__ import annotations

import pytest
import redis.asyncio as redis

from tests.real.factories import MakesRedisServer

pytest_plugins = ("tests.real.parts",)
pytestmark = pytest.mark.part("redis-server")


async def value(url: str, key: str) -> object:
    async with redis.Redis.from_url(url, decode_responses=True) as client:
        return await client.get(key)


@pytest.mark.parametrize("tcp", [False, True])
async def test_acknowledged_write_survives_a_crash(redis_server: MakesRedisServer, tcp: bool) -> None:
    server = await redis_server(tcp=tcp)
    async with redis.Redis.from_url(server.url) as client:
        await client.set("key", "kept")
    await server.kill()
    await server.start()
    assert await value(server.url, "key") == "kept"


async def test_restart_keeps_or_loses_data_as_told(redis_server: MakesRedisServer) -> None:
    server = await redis_server()
    async with redis.Redis.from_url(server.url) as client:
        await client.set("key", "kept")
    await server.restart(keep_data=True)
    assert await value(server.url, "key") == "kept"
    await server.restart(keep_data=False)
    assert await value(server.url, "key") is None
