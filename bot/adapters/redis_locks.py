"""Locks of targets: leased by a starter, kept by a run, and read by whoever asks what is going on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from bot.adapters import redis_keys as keys
from bot.adapters.redis_store import RedisStore, to_ms
from bot.domain.ids import PlatformName, RunId, ServiceName
from bot.domain.plans import Target


def read_lock(value: bytes) -> tuple[RunId, int]:
    """Return holder and end (ms; 0: kept for a run) of a lock."""
    holder, _, until = value.decode().rpartition("|")
    return RunId(holder), int(until)


def holder_of(
    locks: Mapping[bytes, bytes], platform: PlatformName, service: ServiceName | None, now: datetime
) -> RunId | None:
    """Return the run that holds the target, the platform it belongs to, or (of a platform) one of its services.

    A lapsed lease holds nothing.
    """
    for target, value in sorted(locks.items()):
        holder, until = read_lock(value)
        if _overlap(target.decode(), Target(platform, service)) and (until == 0 or until > to_ms(now)):
            return holder
    return None


def _overlap(held: str, wanted: Target) -> bool:
    platform = Target(wanted.platform).key
    if wanted.service is None:
        return held.partition("/")[0] == platform
    return held in (wanted.key, platform)


class RedisLocks:
    """Implements `bot.ports.incidents.TargetLocks`."""

    def __init__(self, store: RedisStore) -> None:
        self._store = store

    async def holder(self, platform: PlatformName, service: ServiceName | None) -> RunId | None:
        """Return the run that holds the target, or what includes it or is part of it, if any."""
        loaded = await self._store.load(keys.LOCKS)
        return holder_of(loaded.hashes[0], platform, service, loaded.now)
