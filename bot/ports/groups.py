"""Who belongs to a user group, as last asked; usable for an hour, then nothing is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.ids import GroupId, UserId
from bot.ports.workspace import Person


@dataclass(frozen=True, slots=True)
class Membership:
    """The members of one group that are people of this workspace: no bots, guests or deactivated accounts."""

    members: frozenset[UserId]
    as_of: datetime


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """What was last learnt of somebody."""

    person: Person
    as_of: datetime


class Memberships(Protocol):
    """The store's copy of what the workspace says of groups and people, shared by all processes."""

    async def all(self) -> Mapping[GroupId, Membership]:
        """Return every group that was ever asked about."""
        ...

    async def put(self, group: GroupId, membership: Membership) -> None:
        """Keep what was learnt of a group."""
        ...

    async def person(self, user: UserId) -> KnownPerson | None:
        """Return what was last learnt of somebody."""
        ...

    async def put_person(self, known: KnownPerson) -> None:
        """Keep what was learnt of somebody."""
        ...
