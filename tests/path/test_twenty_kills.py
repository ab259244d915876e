"""The whole process, its embedded state store with it, killed twenty times: nothing acknowledged is lost, one store."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil
import pytest
from redis.asyncio import Redis

from bot.adapters import redis_keys as keys
from bot.adapters.embedded_valkey import attach
from bot.domain.ids import PlatformName
from tests.installation import PLATFORM, WEBHOOK_TOKEN, PlatformAddresses, installed
from tests.real.processes import free_port
from tests.waiting import wait_until

KILLS = 20
BODY = (Path(__file__).parent.parent / "payloads" / "am-single-firing.json").read_text()


def webhook(number: int) -> dict[str, Any]:
    """Return a firing group of its own."""
    body: dict[str, Any] = json.loads(BODY)
    body["groupKey"] = f'{{}}:{{alertname="A{number}"}}'
    body["alerts"][0]["fingerprint"] = f"{number:016x}"
    body["alerts"][0]["labels"]["alertname"] = f"A{number}"
    return body


async def is_accepted(url: str, number: int) -> bool:
    """Return whether the bot said that it has the webhook."""
    headers = {"authorization": f"Bearer {WEBHOOK_TOKEN}"}
    async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
        try:
            return (await client.post(url, json=webhook(number), headers=headers)).status_code == 200
        except httpx.TransportError:
            return False


def stores_at(url: str) -> set[int]:
    """Return the pids of the servers that listen on a unix socket."""
    path = urlsplit(url).path
    return {it.pid for it in psutil.net_connections("unix") if str(it.laddr) == path and it.pid}


@pytest.mark.timeout(300)
@pytest.mark.part("valkey")
async def test_twenty_kills_leave_one_store_and_lose_no_acknowledged_webhook(tmp_path: Path) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    addresses = PlatformAddresses({"simulated": {"url": nowhere}}, nowhere, nowhere, {"qdrant": nowhere})
    seed = random.randrange(10**6)
    dice = random.Random(seed)
    accepted: set[bytes | str] = set()
    async with installed(tmp_path, addresses, bot_port=free_port()) as it:
        for life in range(KILLS):
            await it.bot.start()
            for number in range(life * 10, life * 10 + dice.randint(1, 10)):
                if await is_accepted(it.bot.webhook_url, number):
                    accepted.add(f"{number:016x}".encode())
            await it.bot.kill()
        await it.bot.start()
        url = await attach(tmp_path / "data")
        redis = Redis.from_url(url)

        async def all_met() -> bool:
            return await redis.zcard(keys.INTAKE) == 0

        await wait_until(all_met, description="every webhook met its incident", timeout_s=60)
        held = set(await redis.hkeys(keys.holders(PlatformName(PLATFORM))))
        await redis.aclose()
        assert held == accepted, f"seed {seed}"
        assert len(stores_at(url)) == 1
