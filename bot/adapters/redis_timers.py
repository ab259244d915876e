"""The index of everything timed, read on the store's clock."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

from bot.adapters import redis_keys as keys
from bot.adapters.redis_store import Change, RedisStore, from_ms, to_ms
from bot.domain.effects import TimerKind

log = logging.getLogger(__name__)

KINDS = frozenset(kind.value for kind in TimerKind)

READ_AT_MOST = 5000
"""So that many timers of one kind do not hide those of another."""


class RedisTimers:
    """Implements `bot.ports.timers.Timers`."""

    def __init__(self, store: RedisStore) -> None:
        self._store = store

    async def due(self, limit: int, kinds: frozenset[TimerKind]) -> Sequence[tuple[TimerKind, str, datetime]]:
        """Return what is due of these kinds: kind, subject, and for when it was set."""
        now = to_ms(await self._store.now())
        waiting = await self._store.scored(keys.DUE, 0, now, "BYSCORE", "LIMIT", 0, READ_AT_MOST)
        found: list[tuple[TimerKind, str, datetime]] = []
        for member, score in waiting:
            kind, _, subject = member.partition(":")
            if kind not in KINDS:
                # A newer version set it; one of its processes meets it.
                log.warning("timer_of_unknown_kind", extra={"kind": kind, "subject": subject})
            elif kind in kinds and len(found) < limit:
                found.append((TimerKind(kind), subject, from_ms(score)))
        return found

    async def done(self, kind: TimerKind, subject: str, at: datetime) -> None:
        """Take a timer away that was met, unless it was set anew meanwhile."""
        member = keys.timer(kind, subject)
        change = Change()
        change.require_score(keys.DUE, member, at)
        change.op("ZREM", keys.DUE, member)
        await self._store.commit(change)

    async def next_due(self) -> datetime | None:
        """Return when the next timer is due."""
        first = await self._store.scored(keys.DUE, 0, 0)
        return from_ms(first[0][1]) if first else None
