"""The leak check itself: it fails on what it is there for."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from bot.adapters import redis_keys as keys
from bot.domain.ids import IncidentId, NoticeId
from tests.key_leaks import DECLARED, Life, declared_keys, leaks, life_of


async def test_an_undeclared_key_is_found_by_name(redis_client: Redis) -> None:
    await redis_client.set("{wk}:planted", "1")
    assert await leaks(redis_client) == ["{wk}:planted: redis_keys declares no such key"]
    await redis_client.delete("{wk}:planted")


async def test_a_key_without_its_declared_ttl_is_found(redis_client: Redis) -> None:
    notice = keys.notice(NoticeId("N"))
    await redis_client.hset(notice, "doc", "{}")
    assert await leaks(redis_client) == [f"{notice}: has no TTL, redis_keys.notice declares it ttl"]
    await redis_client.pexpire(notice, 1000)
    assert await leaks(redis_client) == []


async def test_a_ttl_on_a_permanent_key_is_found(redis_client: Redis) -> None:
    incident = keys.incident(IncidentId("I"))
    await redis_client.hset(incident, "v", "1")
    await redis_client.pexpire(incident, 1000)
    assert "has a TTL" in (await leaks(redis_client))[0]
    await redis_client.delete(incident)


async def test_keys_of_docket_are_its_own(redis_client: Redis) -> None:
    await redis_client.set(f"{keys.DOCKET}:stream", "1")
    assert await leaks(redis_client) == []


def test_every_key_declares_how_long_it_lives() -> None:
    names = {declared.name for declared in DECLARED}
    assert {"META", "AUDIT", "incident", "run", "notice"} <= names
    assert "DOORBELL" not in names


def test_a_key_without_a_lifetime_is_refused() -> None:
    with pytest.raises(AssertionError, match="incident"):
        declared_keys('def incident(i):\n    """Hash: v, doc."""\n    return i\n')


@pytest.mark.parametrize(
    ("docstring", "life"),
    [
        ("Hash: v. TTL 400 days once final.", Life.EITHER),
        ("String: JSON. Goes with its index entry; TTL 2 days for one that was orphaned.", Life.TTL),
        ("Hash: v. Permanent while open; TTL once archived.", Life.EITHER),
        ("Hash: v. Permanent index.", Life.PERMANENT),
        ("Hash: v.", None),
    ],
)
def test_a_docstring_says_how_long_a_key_lives(docstring: str, life: Life | None) -> None:
    assert life_of(docstring) is life
