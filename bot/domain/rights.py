"""Roles, risks and what a risk needs."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """The ladder of roles; each includes the ones before it."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    APPROVER = "approver"
    ADMIN = "admin"
    BREAK_GLASS = "break_glass"
    """Beside the ladder: may start a run without a second person, in an emergency, with a reason."""


class Risk(StrEnum):
    """The worst that a runbook can do."""

    READ = "read"
    CHANGE = "change"
    """Reversible; nobody notices."""
    DISRUPTIVE = "disruptive"
    """Users may notice."""
    DESTRUCTIVE = "destructive"
    """Data or access can be lost."""


class Need(StrEnum):
    """Who must say yes before a plan runs."""

    NONE = "none"
    CONFIRM = "confirm"
    """The requester's own second press."""
    ONE = "one"
    """One approver who is not the requester."""
    TWO = "two"
    """Two approvers who are not the requester, one of them an owner of the platform."""


NEED_OF_RISK = {
    Risk.READ: Need.NONE,
    Risk.CHANGE: Need.CONFIRM,
    Risk.DISRUPTIVE: Need.ONE,
    Risk.DESTRUCTIVE: Need.TWO,
}


class Environment(StrEnum):
    """Where a platform stands; it lowers nothing unless a profile says so."""

    PRODUCTION = "production"
    STAGING = "staging"
    DEVELOPMENT = "development"


class Severity(StrEnum):
    """How bad an incident is; ``sev1`` is worst."""

    SEV1 = "sev1"
    SEV2 = "sev2"
    SEV3 = "sev3"
    SEV4 = "sev4"

    @property
    def rank(self) -> int:
        """1 for the worst, 4 for the mildest."""
        return int(self.value[-1])

    def is_worse_than(self, other: Severity) -> bool:
        """Return whether this severity is worse than ``other``."""
        return self.rank < other.rank
