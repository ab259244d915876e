"""Where webhooks go before anybody thinks about them: kept first, answered at once, worked on later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from bot.domain.alerts import AlertGroup
from bot.domain.ids import IntakeId, PlatformName


class Refusal(StrEnum):
    """Why a webhook was turned away at the door. Alertmanager drops what is turned away, so people must hear of it."""

    UNKNOWN_PLATFORM = "unknown_platform"
    """No platform of this name takes webhooks."""
    BAD_CREDENTIALS = "bad_credentials"
    """Neither the current nor the previous secret of the platform."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of a webhook that was read."""

    changed: int
    """How many of its alerts differ from the last accepted (startsAt, status) of the same platform and fingerprint."""

    @property
    def known(self) -> bool:
        """True where it repeated only what had been accepted before, so nothing was stored."""
        return self.changed == 0


class Intake(Protocol):
    """The store of webhooks. Every call raises TemporaryError when the store is away: then nothing was kept."""

    async def accept(self, group: AlertGroup, body: bytes) -> Accepted:
        """Keep the group and its body as received, in one round trip and as a whole; drop it when nothing is new.

        In one script: compare each alert with the last accepted (startsAt, status) of its platform and fingerprint,
        remember the new ones with the next seq, and put one entry into the index of intake. Only an alert that equals
        the last accepted one is dropped: firing after resolved with the same startsAt really happens and is kept.
        """
        ...

    async def note_oversized(self, platform: PlatformName, size_bytes: int) -> None:
        """Ask the reconciler to look at the platform at once, for a body of at least ``size_bytes`` was not read."""
        ...

    async def note_refused(self, path_platform: str, reason: Refusal) -> None:
        """Count a refused webhook and tell the admin channel.

        Anybody who can reach the port causes this call as often as they like, and ``path_platform`` is what they wrote
        (at most 64 characters): an implementation keeps a bounded number of names and coalesces what it tells.
        """
        ...


@dataclass(frozen=True, slots=True)
class IntakeEntry:
    """One accepted webhook that no incident has met yet."""

    id: IntakeId
    group: AlertGroup
    """Only the alerts that were news when it was accepted."""
    at: datetime


class IntakeQueue(Protocol):
    """The index ``intake``, as its consumer sees it."""

    async def waiting(self, limit: int) -> Sequence[IntakeEntry]:
        """Return the oldest entries that no incident has met."""
        ...

    async def finish(self, entry: IntakeId) -> None:
        """Forget an entry that concerns no incident."""
        ...

    async def take_refused(self) -> dict[str, int]:
        """Return and forget the refused webhooks counted since the last call: ``platform reason`` → how many."""
        ...

    async def take_oversized(self) -> frozenset[PlatformName]:
        """Return and forget the platforms whose webhook was too large to read."""
        ...

    async def oldest(self) -> datetime | None:
        """Return since when the oldest entry waits."""
        ...
