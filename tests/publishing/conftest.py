"""A desk with the lease taken."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from tests.publishing.desk import Desk


@pytest.fixture
async def desk(redis_client: Redis) -> Desk:
    made = Desk(redis_client)
    await made.begin()
    return made
