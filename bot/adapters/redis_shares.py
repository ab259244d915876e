"""Private answers that may be repeated for everybody, in Redis: any process can have given the answer."""

from __future__ import annotations

from bot.adapters import redis_keys as keys
from bot.adapters.redis_store import RedisStore
from bot.domain.ids import new_ulid


class RedisShares:
    """Implements `bot.ports.conversation.Shares`."""

    def __init__(self, store: RedisStore) -> None:
        self._store = store

    async def keep(self, message: str) -> str:
        """Keep a message as JSON; return the opaque id its button carries."""
        share = new_ulid()
        await self._store.command("SET", keys.share(share), message, "PX", keys.SHARE_TTL_MS)
        return share

    async def take(self, share: str) -> str | None:
        """Return the message and forget it; None when it is not there (any more)."""
        kept = await self._store.command("GETDEL", keys.share(share))
        return kept.decode() if kept else None
