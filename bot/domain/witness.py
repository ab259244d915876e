"""What the state store was last seen to hold, and what it means when the store says otherwise.

Approvals that were consumed and steps that were begun live in the state store. A store that was emptied, rolled back or
failed over to a stale replica forgets them without an error, and would let the same thing happen twice. A mark kept
outside the store tells: the store may be ahead of its witness, never behind it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class WitnessMark:
    """How far one installation's state has come."""

    installation: str
    """The id that the store was given when it was first used."""
    epoch: int
    """Starts at 0; one more each time a person accepts a store that fell behind."""
    audit_seq: int
    """Number of the newest audit entry; 0 before the first."""

    def __post_init__(self) -> None:
        if not self.installation:
            raise ValueError("a witness mark names its installation")
        if self.epoch < 0 or self.audit_seq < 0:
            raise ValueError("epoch and audit_seq of a witness mark count from 0")

    def is_of_same_line(self, other: WitnessMark) -> bool:
        """Return whether both marks belong to one installation and epoch, so that ``audit_seq`` alone orders them."""
        return (self.installation, self.epoch) == (other.installation, other.epoch)


class WitnessFinding(StrEnum):
    """What comparing the witness with the store says. Risky work stops on each of the three that mean lost state."""

    FRESH = "fresh"
    """Neither knows anything: a first start."""
    AGREES = "agrees"
    """The store is where the witness saw it, or ahead; a higher epoch means that a person accepted the store."""
    NEW_WITNESS = "new_witness"
    """The store is in use, this data folder has not seen it before: nothing can be said, and nothing is wrong."""
    STORE_BEHIND = "store_behind"
    """Rolled back, or failed over to a replica that missed writes."""
    STORE_EMPTIED = "store_emptied"
    """The store holds no installation at all."""
    OTHER_INSTALLATION = "other_installation"
    """Another installation's store, or this one's emptied and begun anew."""

    @property
    def means_lost_state(self) -> bool:
        """Return whether risky work must stop until a person clears it."""
        return self in {self.STORE_BEHIND, self.STORE_EMPTIED, self.OTHER_INSTALLATION}


def compare(witness: WitnessMark | None, store: WitnessMark | None) -> WitnessFinding:
    """Return what the store's own mark says about the store, given the newest mark its witness holds.

    ``None`` is "holds no mark". Epoch decides before audit number: a person who accepts a rolled back store starts a
    new epoch on it, and its audit goes on from the lower number.
    """
    if store is None:
        return WitnessFinding.FRESH if witness is None else WitnessFinding.STORE_EMPTIED
    if witness is None:
        return WitnessFinding.NEW_WITNESS
    if store.installation != witness.installation:
        return WitnessFinding.OTHER_INSTALLATION
    if (store.epoch, store.audit_seq) < (witness.epoch, witness.audit_seq):
        return WitnessFinding.STORE_BEHIND
    return WitnessFinding.AGREES
