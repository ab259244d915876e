"""The audit: appended by every commit, chained by the sealer, verified by anybody who can read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.effects import AuditEntry
from bot.domain.witness import WitnessMark


@dataclass(frozen=True, slots=True)
class KeptEntry:
    """One entry as the store has it."""

    seq: int
    at: datetime
    entry: AuditEntry
    canonical: bytes
    """The bytes its seal is made over."""
    seal: str | None
    """SHA-256 over the seal before it and ``canonical``, in hex; None until the sealer has been there."""


class Audit(Protocol):
    """The audit trail."""

    async def append(self, entry: AuditEntry) -> int:
        """Append an entry that belongs to no change of state; return its number."""
        ...

    async def read(self, after: int, limit: int) -> Sequence[KeptEntry]:
        """Return entries by number, from the one after ``after``."""
        ...

    async def newest(self, limit: int) -> Sequence[KeptEntry]:
        """Return the newest entries, newest first."""
        ...

    async def seal(self, seals: Sequence[tuple[int, str]]) -> bool:
        """Keep seals; False when another process has sealed the first of them already."""
        ...

    async def head(self) -> tuple[int, str]:
        """Return number and seal of the newest sealed entry; (0, "") before the first."""
        ...

    async def mark(self) -> WitnessMark | None:
        """Return installation, epoch and newest number of the store; None when it holds no installation."""
        ...

    async def found(self) -> WitnessMark:
        """Give an unused store its identity; return the mark it has then."""
        ...

    async def accept_as_is(self, installation: str, epoch: int, entry: AuditEntry) -> WitnessMark:
        """Begin a new epoch on a store that fell behind, and let risky work go on: a person has looked."""
        ...

    async def freeze(self, reason: str) -> bool:
        """Refuse risky work until a person clears it; False when it is refused already."""
        ...

    async def frozen(self) -> str:
        """Return why risky work is refused; empty when it is not."""
        ...
