"""The floors do the job they are the floor of; a floor that does less would make every ratio a lie."""

from __future__ import annotations

import httpx
import pytest
from redis.asyncio import Redis
from starlette.applications import Starlette

from bench.deliveries import Clicks, Commands
from bench.floors import slack, webhook
from bench.webhooks import Webhooks

SECRET = "shared"


async def deliver(app: Starlette, request: bytes) -> int:
    """Return the status of the answer to a whole HTTP request."""
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        return (await client.post(first.split(" ")[1], content=body, headers=headers)).status_code


async def test_webhook_floor_keeps_every_alert_and_the_body(redis_client: Redis, valkey_url: str) -> None:
    [request] = Webhooks("search", "token", "a", "2026-01-01T00:00:00Z", 1, 1, 20).build()
    app = webhook.application(valkey_url)
    assert await deliver(app, request) == 200
    await app.state.redis.aclose()
    assert await redis_client.hlen("floor:alerts") == 20
    [entry] = await redis_client.keys("floor:entry:*")
    assert await redis_client.hget(entry, "body") == request.partition(b"\r\n\r\n")[2]
    assert await redis_client.zcard("floor:index") == 1


@pytest.mark.parametrize("direct", [True, False])
async def test_slack_floor_acknowledges_what_is_signed(direct: bool) -> None:
    template = "command=%2Fops&text=help&user_id=U0BEN&team_id=T0SANDBOX&channel_id=C0INC"
    [command] = Commands(SECRET, template, "/ops", ("help",), ("U0BEN",), 1, "http://127.0.0.1/r").build()
    pressed = '{"type":"block_actions","user":{"id":"?"},"team":{"id":"T0SANDBOX"},"actions":[{"action_id":"a"}]}'
    [click] = Clicks(SECRET, (pressed,), ("U0BEN",), 1, "http://127.0.0.1/r").build()
    assert await deliver(slack.application(SECRET, listener="command", direct=direct), command) == 200
    assert await deliver(slack.application(SECRET, listener="click", direct=direct), click) == 200
    assert await deliver(slack.application("another", listener="command", direct=direct), command) == 401
