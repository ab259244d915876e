"""Approvals: people's yes to one plan, as pure decisions. Default deny; a yes binds to the plan's hash alone.

Source of states and checks: the approval systems compared in the design's reference on approvals.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.effects import Channel, Decision, Place
from bot.domain.ids import ApprovalId, GroupId, IncidentId, RunId, TeamId, UserId
from bot.domain.people import Actor
from bot.domain.plans import Plan
from bot.domain.rights import Need

WARN_AT = 0.8
"""The share of its life after which a pending request is warned about."""
REVIEW_WITHIN = timedelta(hours=24)
"""How soon another person looks at what an emergency started."""
MIN_REASON = 20
"""Characters that a reason for a destructive or emergency run has at least."""
USE_WITHIN = timedelta(minutes=10)
"""How long a yes may wait for its start."""

LIFE: Mapping[Need, timedelta] = {
    Need.NONE: timedelta(minutes=5),
    Need.CONFIRM: timedelta(minutes=5),
    Need.ONE: timedelta(minutes=15),
    Need.TWO: timedelta(minutes=30),
}
QUORUM: Mapping[Need, int] = {Need.NONE: 0, Need.CONFIRM: 0, Need.ONE: 1, Need.TWO: 2}


class ApprovalState(StrEnum):
    """Where a request for a yes stands; all but pending and approved are final."""

    PENDING = "pending"
    APPROVED = "approved"
    """Quorum reached; the starter takes it from here."""
    CONSUMED = "consumed"
    """It started exactly one run."""
    DENIED = "denied"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    REVOKED = "revoked"
    SUPERSEDED = "superseded"
    """What it was a yes to is no longer so; a new request shows the difference."""

    @property
    def is_final(self) -> bool:
        """Return whether no click changes it any more."""
        return self not in (ApprovalState.PENDING, ApprovalState.APPROVED)


@dataclass(frozen=True, slots=True)
class Vote:
    """One person's yes."""

    user: UserId
    team: TeamId
    as_owner: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class BreakGlass:
    """An emergency start without a second person, and the look another person takes at it afterwards."""

    reason: str
    review_by: datetime
    reviewed_by: UserId | None = None
    reviewed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Approval:
    """One request for a yes to one plan."""

    id: ApprovalId
    number: int
    state: ApprovalState
    plan: Plan
    requester: UserId
    requester_team: TeamId
    place: Place
    """Where its card is: the incident's thread, else the approvals channel."""
    asked_at: datetime
    expires_at: datetime
    incident: IncidentId | None = None
    votes: tuple[Vote, ...] = ()
    use_before: datetime | None = None
    closed_by: UserId | None = None
    reason: str = ""
    """Why it was denied or revoked; why it is wanted, while it is pending."""
    run: RunId | None = None
    superseded_by: ApprovalId | None = None
    supersedes: ApprovalId | None = None
    differences: tuple[str, ...] = ()
    """What changed against the plan it supersedes."""
    last_time: str = ""
    """How the runbook went on this target before."""
    break_glass: BreakGlass | None = None

    @property
    def name(self) -> str:
        """Return what people type and read: ``APR-7``."""
        return f"APR-{self.number}"

    @property
    def quorum(self) -> int:
        """Return how many other people's yes it needs."""
        return QUORUM[self.plan.need]

    @property
    def lacks_owner(self) -> bool:
        """Return whether an owner of the platform must still be among the voters."""
        return self.plan.need is Need.TWO and not any(vote.as_owner for vote in self.votes)


@dataclass(frozen=True, slots=True)
class ApprovalRules:
    """Who is asked and told."""

    approvers: tuple[UserId | GroupId, ...]
    owners: tuple[UserId | GroupId, ...]


class ApprovalOutcome(StrEnum):
    """What became of a click; each has its own words for the person who clicked."""

    CREATED = "created"
    COUNTED = "counted"
    """The vote counts; more are needed."""
    APPROVED = "approved"
    CONFIRMED = "confirmed"
    DENIED = "denied"
    WITHDRAWN = "withdrawn"
    REVOKED = "revoked"
    EXPIRED = "expired"
    CONSUMED = "consumed"
    SUPERSEDED = "superseded"
    REVIEWED = "reviewed"
    WARNED = "warned"
    OWN_REQUEST = "own_request"
    """An approval is never the requester's own."""
    NOT_THE_REQUESTER = "not_the_requester"
    """A confirmation is the requester's own."""
    ALREADY_VOTED = "already_voted"
    ALREADY_CLOSED = "already_closed"
    NOT_ALLOWED = "not_allowed"
    NOT_A_PERSON = "not_a_person"
    """Votes are cast in the workspace, not at the terminal."""
    OTHER_PLAN = "other_plan"
    """The button belongs to another plan than the one stored."""
    NEEDS_OWNER = "needs_owner"
    """The last open place belongs to an owner of the platform."""
    NEEDS_REASON = "needs_reason"
    VOTER_LOST_ROLE = "voter_lost_role"
    """Somebody whose yes counted may not approve any more."""
    UNCHANGED = "unchanged"


ApprovalDecision = Decision[Approval, ApprovalOutcome]


@dataclass(frozen=True, slots=True)
class Asking:
    """A plan that somebody wants to run."""

    id: ApprovalId
    number: int
    plan: Plan
    requester: Actor
    incident: IncidentId | None = None
    place: Place = Place(channel=Channel.APPROVALS)  # noqa: RUF009  # frozen, shared safely
    reason: str = ""
    last_time: str = ""
    supersedes: ApprovalId | None = None
    differences: tuple[str, ...] = ()
    break_glass: bool = False
