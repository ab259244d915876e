"""Desks over one platform, and over two that share a service."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from tests.commands.desk import Desk
from tests.stand_ins.people import OWNER
from tests.stand_ins.platforms import make_platform


@pytest.fixture
def desk(redis_client: Redis) -> Desk:
    return Desk(redis_client, make_platform(owners=(OWNER,)))


@pytest.fixture
def two(redis_client: Redis) -> Desk:
    """Both have qdrant; only production has web, only staging has loader."""
    production = make_platform("search-prod", services=("qdrant", "web"))
    staging = make_platform("search-staging", services=("qdrant", "loader"), owners=(OWNER,))
    return Desk(redis_client, production, staging)
