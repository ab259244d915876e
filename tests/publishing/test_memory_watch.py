"""The administrators hear that the state store fills up, once a day."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from redis.asyncio import Redis

from bot.adapters.redis_outbox import RedisOutbox
from bot.adapters.redis_store import RedisStore
from bot.services.gauging import MemoryWatch


@pytest.mark.parametrize(("ratio", "days", "said"), [(0.69, 1, 0), (0.71, 1, 1), (0.71, 2, 2)])
async def test_a_store_that_fills_up_is_told_once_a_day(
    redis_client: Redis, ratio: float, days: int, said: int
) -> None:
    outbox = RedisOutbox(RedisStore(redis_client))
    today = 1

    async def now() -> datetime:
        return datetime(2026, 11, today, tzinfo=UTC)

    async def used() -> float:
        return ratio

    watch = MemoryWatch(outbox, now=now, store_memory=used)
    for today in range(1, days + 1):  # noqa: B007  # `now` reads it
        await watch.look()
        await watch.look()
    assert len(await outbox.pending_notices(10)) == said
