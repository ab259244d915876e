"""A memory outside the state store of how far the state has come."""

from __future__ import annotations

from typing import Protocol

from bot.domain.witness import WitnessMark

__all__ = ["Witness", "WitnessMark"]


class Witness(Protocol):
    """One process's witness. ``bot.domain.witness.compare`` says what its mark means.

    Every call raises PermanentError when the mark that is kept cannot be read, and TemporaryError when the place it is
    kept in is away or full; both name the place.
    """

    async def read(self) -> WitnessMark | None:
        """Return the newest mark kept, or None when there never was one."""
        ...

    async def write(self, mark: WitnessMark, *, head_hash: str | None = None) -> None:
        """Keep ``mark``, on disk when this returns. A mark older than the one kept changes nothing.

        ``head_hash`` is the sealed hash of that audit entry, where there is one; it goes to the log stream only.
        Raises PermanentError for a mark of another installation or epoch: only ``reset`` crosses that line.
        """
        ...

    async def reset(self, mark: WitnessMark) -> None:
        """Keep ``mark`` whatever was kept before: a person, or a store of a newer epoch, has said that it is right."""
        ...
