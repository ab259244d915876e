"""The index of everything timed, read on the store's clock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.adapters import redis_keys as keys
from bot.adapters.redis_store import RedisStore, from_ms, to_ms
from bot.domain.effects import TimerKind


class RedisTimers:
    """Implements `bot.ports.timers.Timers`."""

    def __init__(self, store: RedisStore) -> None:
        self._store = store

    async def due(self, limit: int) -> Sequence[tuple[TimerKind, str, datetime]]:
        """Return what is due: kind, subject, and for when it was set."""
        now = to_ms(await self._store.now())
        flat = await self._store.command("ZRANGE", keys.DUE, 0, now, "BYSCORE", "LIMIT", 0, limit, "WITHSCORES")
        found: list[tuple[TimerKind, str, datetime]] = []
        for member, score in zip(flat[::2], flat[1::2], strict=True):
            kind, _, subject = member.decode().partition(":")
            found.append((TimerKind(kind), subject, from_ms(int(float(score)))))
        return found

    async def done(self, kind: TimerKind, subject: str, at: datetime) -> None:
        """Take a timer away that was met, unless it was set anew meanwhile."""
        member = keys.timer(kind, subject)
        score = await self._store.command("ZSCORE", keys.DUE, member)
        if score is not None and int(float(score)) <= to_ms(at):
            await self._store.command("ZREM", keys.DUE, member)

    async def next_due(self) -> datetime | None:
        """Return when the next timer is due."""
        first = await self._store.command("ZRANGE", keys.DUE, 0, 0, "WITHSCORES")
        return from_ms(int(float(first[1]))) if first else None
