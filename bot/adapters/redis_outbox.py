"""What waits to be shown, in Redis: dirty cards and unsaid notices, written with the state change that caused them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from bot.adapters import redis_keys as keys
from bot.adapters.redis_store import Change, RedisStore, Refused, Script, decode, encode, from_ms, to_ms, translated
from bot.domain.effects import Effects, Notice, Place
from bot.domain.ids import CardId, ChannelId, NoticeId
from bot.ports.outbox import Backlog, CardRecord, LeaseLost, MessageRef, PendingNotice

ORDER = 1000
"""Notices of one millisecond keep their order in the score's last three digits."""
_CARD_FIELDS = ("place", "rank", "want", "channel", "ts", "digest", "sending", "reposted")
_NOTICE_FIELDS = ("doc", "at", "sending")


class RedisOutbox:
    """Implements `bot.ports.outbox.Outbox`."""

    def __init__(self, store: RedisStore) -> None:
        self._store = store
        self._lease = Script("publish_lease.lua")
        self._waiting = Script("waiting.lua")

    async def lease(self, holder: str, *, life: timedelta) -> int | None:
        """Take or renew the publisher's lease; return its fence, or None while another process holds it.

        A holder ``slot#life`` follows another life of its own slot at once, with a new fence: whoever names a slot
        keeps it from being used twice at a time (a lock on the data folder), so the other one is dead.
        """
        life_ms = round(life.total_seconds() * 1000)
        with translated():
            fence = await self._lease(self._store.redis, (keys.PUBLISHER,), self._store.skew_ms(), holder, life_ms)
        return int(fence) or None

    async def release(self, holder: str) -> None:
        """Let go of the lease."""
        change = Change()
        change.require_field(keys.PUBLISHER, "holder", holder)
        change.op("HSET", keys.PUBLISHER, "holder", "", "until", 0)
        await self._store.commit(change)

    async def dirty_cards(self, limit: int) -> Sequence[CardRecord]:
        """Return cards that do not show the truth, oldest first."""
        rows = await self._waiting_in(keys.DIRTY, limit, keys.card(CardId("")), _CARD_FIELDS)
        return [_record(CardId(name), fields, from_ms(score)) for name, score, fields in rows]

    async def card(self, card: CardId) -> CardRecord | None:
        """Return one card's record."""
        loaded = await self._store.load(keys.card(card))
        return _record(card, _text(loaded.hashes[0]), loaded.now) if loaded.hashes[0] else None

    async def cards(self, cards: Collection[CardId]) -> Mapping[CardId, CardRecord]:
        """Return the records of several cards, of one moment; those there are none of are left out."""
        loaded = await self._store.load(*map(keys.card, cards))
        return {
            name: _record(name, _text(fields), loaded.now)
            for name, fields in zip(cards, loaded.hashes, strict=True)
            if fields
        }

    async def card_of(self, message: MessageRef) -> CardId | None:
        """Return the card a message shows."""
        found = await self._store.string(keys.message(message.channel, message.ts))
        return CardId(found.decode()) if found else None

    async def pending_notices(self, limit: int) -> Sequence[PendingNotice]:
        """Return notices that were not said, oldest first."""
        rows = await self._waiting_in(keys.NOTICES, limit, keys.notice(NoticeId("")), _NOTICE_FIELDS)
        return [
            PendingNotice(decode(fields["doc"], Notice), from_ms(fields["at"]), sending="sending" in fields)
            for _, _, fields in rows
        ]

    async def _waiting_in(
        self, index: str, limit: int, prefix: str, names: tuple[str, ...]
    ) -> list[tuple[str, int, dict[str, str]]]:
        """Return members of an index with their score and what their hash has of the named fields, oldest first."""
        with translated():
            answer = await self._waiting(self._store.redis, (index,), limit, prefix, *names)
        rows = decode(answer, list[list[str | bool]])
        return [
            (str(row[0]), int(float(row[1])), {name: str(it) for name, it in zip(names, row[2:], strict=True) if it})
            for row in rows
        ]

    async def card_sending(self, card: CardId, fence: int) -> None:
        """Remember that a post is about to go out, so that its lost answer is looked for."""
        change = Change()
        change.op("HSET", keys.card(card), "sending", 1)
        await self._commit(change, fence)

    async def card_shown(
        self, card: CardRecord, message: MessageRef | None, digest: str, fence: int, *, reposted: bool = False
    ) -> None:
        """Remember what is shown; the card stays dirty if it changed meanwhile."""
        key = keys.card(card.id)
        change = Change()
        change.op("HSET", key, "digest", digest)
        change.op("HDEL", key, "sending")
        if message is None:
            change.op("HDEL", key, "channel", "ts")
        else:
            change.op("HSET", key, "channel", message.channel, "ts", message.ts)
            change.op("SET", keys.message(message.channel, message.ts), card.id, "PX", keys.CARD_TTL_MS)
        if reposted:
            change.op("HSET", key, "reposted", 1)
        change.op("PEXPIRE", key, keys.CARD_TTL_MS)
        await self._commit(change, fence)
        clean = Change()
        clean.require_field(key, "want", str(card.want))
        clean.op("ZREM", keys.DIRTY, card.id)
        if isinstance(refused := await self._store.commit(clean), Refused):
            # It waits anew from here on, so that a card that never stands still does not pass for the oldest.
            await self._store.command("ZADD", keys.DIRTY, "XX", to_ms(refused.at), card.id)

    async def notice_sending(self, notice: NoticeId, fence: int) -> None:
        """Remember that a notice is about to go out."""
        change = Change()
        change.op("HSET", keys.notice(notice), "sending", 1)
        await self._commit(change, fence)

    async def notice_said(self, notice: NoticeId, fence: int) -> None:
        """Forget a notice that was said, or that can never be said."""
        change = Change()
        change.op("ZREM", keys.NOTICES, notice)
        change.op("DEL", keys.notice(notice))
        await self._commit(change, fence)

    async def _commit(self, change: Change, fence: int) -> None:
        change.require_field(keys.PUBLISHER, "fence", str(fence))
        if isinstance(await self._store.commit(change), Refused):
            raise LeaseLost

    async def say(self, notice: Notice, *, act: str = "") -> None:
        """Keep a notice that comes from no decision, once for each delivery."""
        now = await self._store.now()
        change = Change()
        change.once(act, "said")
        change.add_effects(Effects(notices=(notice,)), now)
        await self._store.commit(change)

    async def touch(self, card: CardId, place: Place, rank: int) -> None:
        """Mark a card as not showing the truth without a change of state."""
        now = await self._store.now()
        change = Change()
        change.touch_card(card, encode(place), rank, now)
        await self._store.commit(change)

    async def backlog(self) -> Backlog:
        """Return what waits."""
        cards = await self._store.command("ZCARD", keys.DIRTY)
        notices = await self._store.command("ZCARD", keys.NOTICES)
        oldest = [
            *await self._oldest(keys.DIRTY, 1),
            *await self._oldest(keys.NOTICES, ORDER),
        ]
        return Backlog(int(cards), int(notices), min(oldest, default=None))

    async def _oldest(self, index: str, scale: int) -> list[datetime]:
        first = await self._store.members(index, 1)
        score = await self._store.command("ZSCORE", index, first[0]) if first else None
        return [] if score is None else [from_ms(int(float(score)) // scale)]


def _record(card: CardId, fields: Mapping[str, str], since: datetime) -> CardRecord:
    message = MessageRef(ChannelId(fields["channel"]), fields["ts"]) if fields.get("ts") else None
    return CardRecord(
        id=card,
        place=decode(fields.get("place", "{}"), Place),
        rank=int(fields.get("rank", "5")),
        want=int(fields.get("want", "0")),
        dirty_since=since,
        message=message,
        digest=fields.get("digest", ""),
        sending="sending" in fields,
        reposted="reposted" in fields,
    )


def _text(fields: Mapping[bytes, bytes]) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in fields.items()}
