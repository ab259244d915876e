"""The audit stream, its seals, and the store's identity."""

from __future__ import annotations

import json
from collections.abc import Sequence

from bot.adapters import redis_keys as keys
from bot.adapters.redis_store import Change, Committed, RedisStore, decode, encode, from_ms
from bot.domain.effects import AuditEntry
from bot.domain.ids import new_ulid
from bot.domain.witness import WitnessMark
from bot.ports.audit import KeptEntry


class RedisAudit:
    """Implements `bot.ports.audit.Audit`."""

    def __init__(self, store: RedisStore) -> None:
        self._store = store

    async def append(self, entry: AuditEntry) -> int:
        """Append an entry that belongs to no change of state; return its number."""
        change = Change(audit=[encode(entry)])
        committed = await self._store.commit(change)
        return committed.audit_seq if isinstance(committed, Committed) else 0

    async def read(self, after: int, limit: int) -> Sequence[KeptEntry]:
        """Return entries by number, from the one after ``after``."""
        first = f"{after + 1}-0"
        entries = await self._store.entries(keys.AUDIT, first, limit=limit)
        seals = await self._store.entries(keys.SEALS, first, limit=limit)
        return _joined(entries, seals)

    async def newest(self, limit: int) -> Sequence[KeptEntry]:
        """Return the newest entries, newest first."""
        entries = await self._store.newest_entries(keys.AUDIT, limit)
        seals = await self._store.newest_entries(keys.SEALS, limit)
        return _joined(entries, seals)

    async def seal(self, seals: Sequence[tuple[int, str]]) -> bool:
        """Keep seals; False when another process has sealed the first of them already."""
        if not seals:
            return True
        change = Change()
        before = seals[0][0] - 1
        change.require_field(keys.META, "sealed_seq", str(before) if before else "")
        for seq, seal in seals:
            change.op("XADD", keys.SEALS, f"{seq}-1", "h", seal)
        change.op("HSET", keys.META, "sealed_seq", seals[-1][0], "sealed_hash", seals[-1][1])
        return isinstance(await self._store.commit(change), Committed)

    async def head(self) -> tuple[int, str]:
        """Return number and seal of the newest sealed entry."""
        seq, seal = await self._store.fields(keys.META, ["sealed_seq", "sealed_hash"])
        return (int(seq), seal.decode()) if seq and seal else (0, "")

    async def mark(self) -> WitnessMark | None:
        """Return installation, epoch and newest number of the store; None when it holds no installation."""
        installation, epoch, seq = await self._store.fields(keys.META, ["installation", "epoch", "audit_seq"])
        if installation is None:
            return None
        return WitnessMark(installation.decode(), int(epoch or 0), int(seq or 0))

    async def found(self) -> WitnessMark:
        """Give an unused store its identity; return the mark it has then."""
        change = Change()
        change.require_field(keys.META, "installation", "")
        change.op("HSET", keys.META, "installation", new_ulid(), "epoch", 0)
        await self._store.commit(change)
        mark = await self.mark()
        if mark is None:
            raise RuntimeError("the store keeps no installation")
        return mark

    async def accept_as_is(self, installation: str, epoch: int, entry: AuditEntry) -> WitnessMark:
        """Begin a new epoch on a store that fell behind, and let risky work go on: a person has looked."""
        change = Change(audit=[encode(entry)])
        change.op("HSET", keys.META, "installation", installation, "epoch", epoch, "frozen", "")
        committed = await self._store.commit(change)
        seq = committed.audit_seq if isinstance(committed, Committed) else 0
        return WitnessMark(installation, epoch, seq)

    async def freeze(self, reason: str) -> bool:
        """Refuse risky work until a person clears it; False when it is refused already."""
        change = Change()
        change.require_not_frozen()
        change.op("HSET", keys.META, "frozen", reason)
        return isinstance(await self._store.commit(change), Committed)

    async def frozen(self) -> str:
        """Return why risky work is refused; empty when it is not."""
        (reason,) = await self._store.fields(keys.META, ["frozen"])
        return reason.decode() if reason else ""


def _joined(
    entries: Sequence[tuple[str, dict[bytes, bytes]]], seals: Sequence[tuple[str, dict[bytes, bytes]]]
) -> list[KeptEntry]:
    sealed = {id_: fields[b"h"].decode() for id_, fields in seals}
    return [
        KeptEntry(
            seq=int(id_.partition("-")[0]),
            at=from_ms(fields[b"at"]),
            entry=decode(fields[b"e"], AuditEntry),
            canonical=_canonical(id_, fields),
            seal=sealed.get(id_),
        )
        for id_, fields in entries
    ]


def _canonical(id_: str, fields: dict[bytes, bytes]) -> bytes:
    """Return the bytes a seal is made over: number, time and the entry as stored."""
    return json.dumps([id_, fields[b"at"].decode(), fields[b"e"].decode()], separators=(",", ":")).encode()
