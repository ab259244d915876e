"""The shared copy of who belongs to which group, and of what was learnt of people."""

from __future__ import annotations

from collections.abc import Mapping

from bot.adapters import redis_keys as keys
from bot.adapters.redis_store import RedisStore, decode, encode
from bot.domain.ids import GroupId, UserId
from bot.ports.groups import KnownPerson, Membership


class RedisMemberships:
    """Implements `bot.ports.groups.Memberships`."""

    def __init__(self, store: RedisStore) -> None:
        self._store = store

    async def all(self) -> Mapping[GroupId, Membership]:
        """Return every group that was ever asked about."""
        loaded = await self._store.load(keys.GROUPS)
        return {GroupId(name.decode()): decode(known, Membership) for name, known in loaded.hashes[0].items()}

    async def put(self, group: GroupId, membership: Membership) -> None:
        """Keep what was learnt of a group."""
        await self._store.command("HSET", keys.GROUPS, group, encode(membership))

    async def person(self, user: UserId) -> KnownPerson | None:
        """Return what was last learnt of somebody."""
        known = await self._store.string(keys.person(user))
        return decode(known, KnownPerson) if known else None

    async def put_person(self, known: KnownPerson) -> None:
        """Keep what was learnt of somebody."""
        await self._store.command("SET", keys.person(known.person.id), encode(known), "PX", keys.PERSON_TTL_MS)
