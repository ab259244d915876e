"""Hints that an index has work. Loops look by themselves as well; a lost hint costs their interval, never work."""

from __future__ import annotations

from collections.abc import AsyncIterator
from enum import StrEnum
from typing import Protocol


class Index(StrEnum):
    """The indexes that hand work over from one part to the next."""

    INTAKE = "intake"
    REQUESTS = "requests"
    APPROVED = "approved"
    QUEUED = "queued"
    ACTIVE = "active"
    DUE = "due"
    DIRTY = "dirty"
    NOTICES = "notices"
    RECONCILE = "reconcile"


class Doorbell(Protocol):
    """Who rings for which index."""

    def rings(self) -> AsyncIterator[frozenset[Index]]:
        """Yield the names of indexes that got work, until the store is away (TemporaryError)."""
        ...
