"""The doorbell over pub/sub: index names, as the scripts that create work publish them."""

from __future__ import annotations

from collections.abc import AsyncIterator

from bot.adapters import redis_keys as keys
from bot.adapters.redis_store import RedisStore, translated
from bot.ports.doorbell import Index

LISTEN_S = 1.0


class RedisDoorbell:
    """Implements `bot.ports.doorbell.Doorbell`."""

    def __init__(self, store: RedisStore) -> None:
        self._store = store

    async def rings(self) -> AsyncIterator[frozenset[Index]]:
        """Yield the names of indexes that got work, until the store is away (TemporaryError)."""
        with translated():
            async with self._store.redis.pubsub(ignore_subscribe_messages=True) as listener:
                await listener.subscribe(keys.DOORBELL)
                while True:
                    message = await listener.get_message(timeout=LISTEN_S)
                    if message:
                        names = message["data"].decode().split()
                        yield frozenset(Index(name.removeprefix(f"{keys.PREFIX}:")) for name in names)
