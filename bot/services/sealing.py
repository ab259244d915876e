"""Sealing and verifying the audit: each entry's seal covers the one before it, so nothing can be edited quietly."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass

from bot.domain.fault_points import FaultPoint, reached
from bot.ports.audit import Audit, KeptEntry
from bot.ports.witness import Witness, WitnessMark

log = logging.getLogger(__name__)

BATCH = 500


def seal_of(before: str, canonical: bytes) -> str:
    """Return the SHA-256 over the seal before and the entry, in hex."""
    return hashlib.sha256(before.encode() + b"\n" + canonical).hexdigest()


class SealerService:
    """Chains new entries within a second and keeps the head outside the store."""

    def __init__(self, audit: Audit, witness: Witness) -> None:
        self._audit = audit
        self._witness = witness

    async def seal(self) -> int:
        """Seal what is new; return how many entries that were. Another process may be faster: then none."""
        seq, head = await self._audit.head()
        entries = await self._audit.read(seq, BATCH)
        if entries and entries[0].seq != seq + 1:
            log.error("audit_has_a_gap", extra={"after": seq, "next": entries[0].seq})
            return 0
        seals: list[tuple[int, str]] = []
        for entry in entries:
            head = seal_of(head, entry.canonical)
            seals.append((entry.seq, head))
        await reached(FaultPoint.SEALER_BEFORE_SEAL)
        if not await self._audit.seal(seals):
            return 0
        mark = await self._audit.mark()
        if mark is not None:
            await self._witness.write(mark, head_hash=head or None)
        return len(seals)


@dataclass(frozen=True, slots=True)
class AuditVerdict:
    """What checking the whole chain found."""

    entries: int
    head: int
    head_seal: str
    unsealed: tuple[int, ...]
    """Numbers at the end that the sealer has not reached."""
    problem: str = ""
    """The first entry that does not fit, and how; empty when the chain holds."""

    @property
    def holds(self) -> bool:
        """Return whether nothing was changed, taken out or put in."""
        return not self.problem


class AuditService:
    """Reads and verifies the audit."""

    def __init__(self, audit: Audit, witness: Witness) -> None:
        self._audit = audit
        self._witness = witness

    async def entries(self) -> AsyncIterator[KeptEntry]:
        """Yield every entry, oldest first."""
        after = 0
        while batch := await self._audit.read(after, BATCH):
            for entry in batch:
                yield entry
            after = batch[-1].seq

    async def newest(self, limit: int) -> list[KeptEntry]:
        """Return the newest entries, newest first."""
        return list(await self._audit.newest(limit))

    async def verify(self) -> AuditVerdict:
        """Recompute the chain from its first entry; compare its end with the store's count and the witness outside it.

        Entries that are appended meanwhile are no trouble: what they are compared with is read first.
        """
        seen = await self._witness.read()
        store = await self._audit.mark()
        sealed = await self._audit.head()
        expected, seal, count = 1, "", 0
        head, head_seal = 0, ""
        unsealed: list[int] = []
        async for entry in self.entries():
            if entry.seq != expected:
                return AuditVerdict(count, head, head_seal, (), f"entry {expected} is missing; {entry.seq} follows")
            seal = seal_of(seal, entry.canonical)
            if entry.seal is None:
                unsealed.append(entry.seq)
            elif unsealed:
                return AuditVerdict(count, head, head_seal, (), f"entry {unsealed[0]} has no seal, later ones have")
            elif entry.seal != seal:
                return AuditVerdict(count, head, head_seal, (), f"entry {entry.seq} was changed after it was sealed")
            else:
                head, head_seal = entry.seq, seal
            expected, count = entry.seq + 1, count + 1
        problem = _cut(count, head, seen, store, sealed[0]) or await self._not_counted(count)
        return AuditVerdict(count, head, head_seal, tuple(unsealed), problem)

    async def _not_counted(self, count: int) -> str:
        """Return whether the store holds more entries than its scripts have written."""
        store = await self._audit.mark()
        if store is not None and count > store.audit_seq:
            return f"entry {store.audit_seq + 1} was put in by hand: the store has written {store.audit_seq} entries"
        return ""


def _cut(count: int, head: int, seen: WitnessMark | None, store: WitnessMark | None, sealed: int) -> str:
    """Return what says that the end of the chain is gone; empty when nothing does."""
    if seen is not None and seen.audit_seq > count and (store is None or seen.epoch == store.epoch):
        return f"the witness has seen {seen.audit_seq} entries, the store holds {count}: its end was cut off"
    if store is not None and store.audit_seq > count:
        return f"the store has written {store.audit_seq} entries and holds {count}: its end was cut off"
    if sealed > head:
        return f"entry {head + 1} has lost its seal: {sealed} entries were sealed"
    return ""
