"""Sealing and verifying the audit: each entry's seal covers the one before it, so nothing can be edited quietly."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from bot.domain.fault_points import FaultPoint, reached
from bot.ports.audit import Audit, KeptEntry
from bot.ports.witness import Witness

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
        """Recompute the chain from its first entry and compare its end with the witness outside the store."""
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
        problem = await self._against_witness(count)
        return AuditVerdict(count, head, head_seal, tuple(unsealed), problem)

    async def _against_witness(self, count: int) -> str:
        mark = await self._witness.read()
        if mark is not None and mark.audit_seq > count:
            return f"the witness has seen {mark.audit_seq} entries, the store holds {count}: its end was cut off"
        return ""
