"""The mechanism every state adapter stands on: load at one moment, decide in pure Python, commit in one script.

A guard that does not hold means that somebody else was faster: the adapter loads and decides again, at most five times.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha1
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

import msgspec
from redis.asyncio import Redis
from redis.exceptions import BusyLoadingError, NoScriptError, OutOfMemoryError, ReadOnlyError, RedisError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from bot.adapters import redis_keys as keys
from bot.domain.effects import Effects
from bot.domain.errors import PermanentError, TemporaryError

MAX_TRIES = 5
MAX_QUEUE = 100
"""Tries for a short number: that others took one is a queue that moves on, not a conflict over one thing."""
BACKOFF_S = 0.005
"""Before the first new try; doubled for each further one. Without it the same contenders meet again."""
AWAY = "the state store is away"
FULL = "the state store takes no writes"
CANNOT_WRITE = ("OOM", "MISCONF")
"""What the server's refusals begin with while its memory or its disk is full: it passes when somebody makes room."""

LIVE_AS_LONG = "wk.live_as_long"
"""An operation of `commit.lua`, not of the server: a key without its owner gets what is left of another key's life."""

T = TypeVar("T")
S = TypeVar("S")


@contextmanager
def translated() -> Iterator[None]:
    """Turn the client's errors into ours."""
    try:
        yield
    except (RedisConnectionError, RedisTimeoutError, BusyLoadingError, ReadOnlyError, OSError) as exc:
        raise TemporaryError(AWAY, retry_after=timedelta(seconds=1)) from exc
    except RedisError as exc:
        if isinstance(exc, OutOfMemoryError) or str(exc).startswith(CANNOT_WRITE):
            raise TemporaryError(f"{FULL}: {exc}") from exc
        raise PermanentError(f"the state store refused a command: {exc}") from exc


def to_ms(moment: datetime) -> int:
    """Return integer milliseconds since the epoch."""
    return round(moment.timestamp() * 1000)


def from_ms(ms: int | str | bytes) -> datetime:
    """Return the aware UTC time of integer milliseconds."""
    return datetime.fromtimestamp(int(ms) / 1000, tz=UTC)


def encode(value: object) -> str:
    """Return a domain value as JSON."""
    return msgspec.json.encode(value).decode()


def decode(document: bytes | str, type_: type[T]) -> T:
    """Return the domain value a JSON document holds."""
    return msgspec.json.decode(document, type=type_)


class Script:
    """A Lua script, sent by digest and in full when the server does not know it."""

    def __init__(self, name: str) -> None:
        self._text = (Path(__file__).parent / name).read_text(encoding="utf8")
        self._digest = sha1(self._text.encode(), usedforsecurity=False).hexdigest()

    async def __call__(self, redis: Redis, keys_: Sequence[str], *args: str | bytes | int) -> Any:
        """Run it; one round trip once the server knows it."""
        run = cast("Callable[..., Awaitable[Any]]", redis.evalsha)
        try:
            return await run(self._digest, len(keys_), *keys_, *args)
        except NoScriptError:
            full = cast("Callable[..., Awaitable[Any]]", redis.eval)
            return await full(self._text, len(keys_), *keys_, *args)


@dataclass(frozen=True, slots=True)
class Loaded:
    """Hashes as they were at one moment."""

    now: datetime
    hashes: tuple[Mapping[bytes, bytes], ...]


@dataclass(slots=True)
class Change:
    """What one commit checks and writes."""

    guards: list[list[str]] = field(default_factory=list)
    ops: list[list[str]] = field(default_factory=list)
    audit: list[str] = field(default_factory=list)
    rings: set[str] = field(default_factory=set)
    """Indexes whose loops should look now."""

    def require_field(self, key: str, name: str, value: str) -> None:
        """Hold only while a hash's field has this value (absent counts as empty)."""
        self.guards.append(["equals", key, name, value])

    def require_absent(self, key: str) -> None:
        """Hold only while there is no such string."""
        self.guards.append(["absent", key])

    def require_member(self, key: str, member: str) -> None:
        """Hold only while a sorted set has this member."""
        self.guards.append(["member", key, member])

    def require_score(self, key: str, member: str, moment: datetime) -> None:
        """Hold only while a sorted set has this member at this moment."""
        self.guards.append(["score", key, member, str(to_ms(moment))])

    def require_length(self, key: str, length: int) -> None:
        """Hold only while a stream has so many entries."""
        self.guards.append(["length", key, str(length)])

    def require_before(self, moment: datetime) -> None:
        """Hold only while the store's clock is before ``moment``."""
        self.guards.append(["before", str(to_ms(moment))])

    def require_not_frozen(self) -> None:
        """Hold only while risky work is allowed."""
        self.require_field(keys.META, "frozen", "")

    def op(self, *command: object) -> None:
        """Add one command."""
        self.ops.append([str(part) for part in command])

    def index(self, key: str, moment: datetime, member: str) -> None:
        """Put ``member`` into an index and ring for it."""
        self.op("ZADD", key, to_ms(moment), member)
        self.rings.add(key)

    def put_document(self, key: str, version: str, document: str, **fields: object) -> None:
        """Write a document under the version it was read at; ``fields`` lie beside it."""
        self.require_field(key, "v", version)
        extra = [part for name, value in fields.items() for part in (name, value)]
        self.op("HSET", key, "v", int(version or 0) + 1, "doc", document, *extra)

    def once(self, act: str, outcome: str) -> None:
        """Let the delivery ``act`` have an effect once."""
        if act:
            self.require_absent(keys.seen(act))
            self.op("SET", keys.seen(act), outcome, "PX", keys.SEEN_TTL_MS)

    def take_number(self, kind: str, given: int) -> None:
        """Give the next short number, unless somebody else has just taken it."""
        self.require_field(keys.NUMBERS, kind, str(given - 1) if given > 1 else "")
        self.op("HSET", keys.NUMBERS, kind, given)

    def add_effects(self, effects: Effects, now: datetime) -> None:
        """Write what a decision leaves behind."""
        for incident, entry in effects.timeline:
            self.op("XADD", keys.timeline(incident), "*", "e", encode(entry))
            # What comes after an incident was archived lives as long as the archive.
            self.op(LIVE_AS_LONG, keys.timeline(incident), keys.incident(incident), keys.archive(incident))
        self.audit += [encode(entry) for entry in effects.audit]
        for order, said in enumerate(effects.notices):
            self.op("HSET", keys.notice(said.id), "doc", encode(said), "at", to_ms(now))
            self.op("PEXPIRE", keys.notice(said.id), keys.NOTICE_TTL_MS)
            self.op("ZADD", keys.NOTICES, to_ms(now) * 1000 + order, said.id)
            self.rings.add(keys.NOTICES)
        for card in effects.cards:
            self.touch_card(card.card, encode(card.place), card.rank, now)
        for timer in effects.timers:
            member = keys.timer(timer.kind, timer.subject)
            if timer.at is None:
                self.op("ZREM", keys.DUE, member)
            else:
                self.index(keys.DUE, timer.at, member)

    def touch_card(self, card: str, place: str, rank: int, now: datetime) -> None:
        """Mark a card as not showing the truth; the place it was given first stays."""
        key = keys.card(cast("Any", card))
        self.op("HSETNX", key, "place", place)
        self.op("HSET", key, "rank", rank)
        self.op("HINCRBY", key, "want", 1)
        self.op("PEXPIRE", key, keys.CARD_TTL_MS)
        self.op("ZADD", keys.DIRTY, "NX", to_ms(now), card)
        self.rings.add(keys.DIRTY)


@dataclass(frozen=True, slots=True)
class Committed:
    """A commit that was applied."""

    at: datetime
    audit_seq: int
    """Number of its last audit entry; 0 when it had none."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A commit that changed nothing."""

    guard: tuple[str, ...]
    found: str
    at: datetime

    @property
    def is_about_freeze(self) -> bool:
        """Return whether risky work is frozen."""
        return self.guard[:3] == ("equals", keys.META, "frozen")

    @property
    def is_about_number(self) -> bool:
        """Return whether somebody else took the short number that was next."""
        return self.guard[:2] == ("equals", keys.NUMBERS)


class RedisStore:
    """Load and commit on one Redis or Valkey.

    ``skew_ms`` moves the store's clock in tests; 0 in production.
    """

    def __init__(self, redis: Redis, *, skew_ms: Callable[[], int] = lambda: 0) -> None:
        self.redis = redis
        self.skew_ms = skew_ms
        self._load = Script("load.lua")
        self._commit = Script("commit.lua")

    async def load(self, *hash_keys: str) -> Loaded:
        """Return the hashes and the store's time, all of one moment."""
        with translated():
            answer = await self._load(self.redis, hash_keys, self.skew_ms())
        hashes = tuple(dict(zip(flat[::2], flat[1::2], strict=True)) for flat in answer[1:])
        return Loaded(from_ms(answer[0]), hashes)

    async def now(self) -> datetime:
        """Return the store's time."""
        return (await self.load()).now

    async def commit(self, change: Change) -> Committed | Refused:
        """Apply a change whole or not at all, and ring for the loops that have work now."""
        rings = [["PUBLISH", keys.DOORBELL, " ".join(sorted(change.rings))]] if change.rings else []
        document = encode({"guards": change.guards, "ops": [*change.ops, *rings], "audit": change.audit})
        with translated():
            failed, now, found = await self._commit(self.redis, (keys.META, keys.AUDIT), self.skew_ms(), document)
        if failed:
            guard = tuple(change.guards[int(failed) - 1])
            return Refused(guard, found.decode() if isinstance(found, bytes) else str(found), from_ms(now))
        return Committed(from_ms(now), int(found))

    async def command(self, *parts: str | bytes | int) -> Any:
        """Send one command and return the client's plain answer."""
        with translated():
            send = cast("Callable[..., Awaitable[Any]]", self.redis.execute_command)
            return await send(*parts)

    async def fields(self, key: str, names: Sequence[str]) -> list[bytes | None]:
        """Return the named fields of a hash; nothing is asked for no names."""
        return cast("list[bytes | None]", await self.command("HMGET", key, *names)) if names else []

    async def members(self, key: str, limit: int, *, newest_first: bool = False) -> list[str]:
        """Return members of an index by their score; ``limit`` 0 returns all."""
        verb = "ZREVRANGE" if newest_first else "ZRANGE"
        return [member.decode() for member in await self.command(verb, key, 0, limit - 1)]

    async def scored(self, key: str, first: int, last: int, *options: str | int) -> list[tuple[str, int]]:
        """Return members of a sorted set with their scores, lowest first; ``options`` as `ZRANGE` takes them."""
        answer = await self.command("ZRANGE", key, first, last, *options, "WITHSCORES")
        # The two versions of the protocol answer pairs, or one flat list.
        pairs = (
            answer if answer and isinstance(answer[0], (list, tuple)) else zip(answer[::2], answer[1::2], strict=True)
        )
        return [(member.decode(), int(float(score))) for member, score in pairs]

    async def string(self, key: str) -> bytes | None:
        """Return a string key."""
        return cast("bytes | None", await self.command("GET", key))

    async def entries(
        self, key: str, first: str = "-", last: str = "+", *, limit: int | None = None
    ) -> list[tuple[str, dict[bytes, bytes]]]:
        """Return a stream's entries with their ids, oldest first."""
        count: tuple[str | int, ...] = ("COUNT", limit) if limit is not None else ()
        return [_entry(id_, flat) for id_, flat in await self.command("XRANGE", key, first, last, *count)]

    async def newest_entries(self, key: str, limit: int) -> list[tuple[str, dict[bytes, bytes]]]:
        """Return a stream's newest entries, newest first."""
        return [_entry(id_, flat) for id_, flat in await self.command("XREVRANGE", key, "+", "-", "COUNT", limit)]

    async def memory_ratio(self) -> float:
        """Return used memory over the store's limit; 0 without a limit."""
        info = await self.command("INFO", "memory")
        limit = int(info["maxmemory"])
        return int(info["used_memory"]) / limit if limit else 0.0

    async def again(self, attempt: Callable[[], Awaitable[T | Refused]], what: str) -> T:
        """Return the attempt's answer, trying again while others are faster; TemporaryError after five tries."""
        tries = queued = 0
        while tries < MAX_TRIES and queued < MAX_QUEUE:
            answer = await attempt()
            if not isinstance(answer, Refused):
                return answer
            if answer.is_about_number:
                queued += 1
            else:
                tries += 1
            await asyncio.sleep(random.uniform(0, BACKOFF_S * 2**tries))  # noqa: S311  # spreads tries, hides nothing
        raise TemporaryError(f"{what}: others changed it {MAX_TRIES} times meanwhile; try again")


@dataclass(frozen=True, slots=True)
class Document(Generic[S]):
    """A stored state and the version it was read at (empty: there is none yet)."""

    state: S
    version: str


def read_document(fields: Mapping[bytes, bytes], type_: type[S]) -> Document[S] | None:
    """Return the document a hash holds; None when there is none."""
    if b"doc" not in fields:
        return None
    return Document(decode(fields[b"doc"], type_), fields[b"v"].decode())


def _entry(id_: bytes, flat: Sequence[bytes] | Mapping[bytes, bytes]) -> tuple[str, dict[bytes, bytes]]:
    fields = flat if isinstance(flat, Mapping) else dict(zip(flat[::2], flat[1::2], strict=True))
    return id_.decode(), dict(fields)
