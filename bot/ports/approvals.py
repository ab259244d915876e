"""Approvals as transitions. A call naming an approval raises UnknownName when there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeAlias

from bot.domain.approvals import Approval, ApprovalOutcome
from bot.domain.effects import Notice, Place
from bot.domain.ids import ApprovalId, IncidentId, PlatformName, RequestId, RunbookName, RunId, UserId
from bot.domain.people import Actor
from bot.domain.plans import Plan, Target
from bot.ports.transitions import Transition

ApprovalChange: TypeAlias = Transition[Approval, ApprovalOutcome]


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """Somebody wants a runbook to run; the planner looks and makes the plan."""

    id: RequestId
    platform: PlatformName
    runbook: RunbookName
    parameters: dict[str, str]
    requester: Actor
    place: Place
    """Where the approval's card goes."""
    incident: IncidentId | None = None
    reason: str = ""
    break_glass: bool = False
    supersedes: ApprovalId | None = None
    differences: tuple[str, ...] = ()


class PlanRequests(Protocol):
    """The index ``requests``: what was asked for and has no plan yet."""

    async def add(self, request: PlanRequest) -> bool:
        """Keep the request; False when the same act (`Actor.act`) or the same open request is kept already."""
        ...

    async def waiting(self, limit: int) -> Sequence[PlanRequest]:
        """Return the oldest requests without a plan."""
        ...

    async def refuse(self, request: RequestId, notice: Notice) -> None:
        """Finish a request that cannot become a plan, and say why."""
        ...


class Approvals(Protocol):
    """Requests for a yes."""

    async def ask(self, request: PlanRequest, plan: Plan, *, last_time: str) -> ApprovalChange:
        """Turn a request into a pending approval and finish it.

        The same plan that this requester has open already is returned instead of a second one.
        """
        ...

    async def approve(self, approval: ApprovalId, plan_hash: str, actor: Actor) -> ApprovalChange:
        """Count one person's yes."""
        ...

    async def deny(self, approval: ApprovalId, plan_hash: str, actor: Actor, *, reason: str = "") -> ApprovalChange:
        """Close it with a no; the requester's own no withdraws."""
        ...

    async def withdraw(self, approval: ApprovalId, actor: Actor) -> ApprovalChange:
        """Take the request back."""
        ...

    async def revoke(self, approval: ApprovalId, actor: Actor, *, reason: str = "") -> ApprovalChange:
        """Take a yes back before it is used."""
        ...

    async def void(self, approval: ApprovalId, reason: str) -> ApprovalChange:
        """Make a yes void because what it was given to cannot be seen any more."""
        ...

    async def review(self, approval: ApprovalId, actor: Actor) -> ApprovalChange:
        """Say that an emergency start was looked at."""
        ...

    async def warn(self, approval: ApprovalId) -> ApprovalChange:
        """Meet the timer at 80 % of its life."""
        ...

    async def expire(self, approval: ApprovalId) -> ApprovalChange:
        """Meet the timer at its end."""
        ...

    async def remind_of_review(self, approval: ApprovalId) -> ApprovalChange:
        """Meet the daily timer of an emergency that nobody looked at."""
        ...

    async def get(self, approval: ApprovalId) -> Approval:
        """Return one approval."""
        ...

    async def find(self, number: int) -> ApprovalId:
        """Return the id behind ``APR-<number>``; UnknownName when there is none."""
        ...

    async def open(self) -> Sequence[Approval]:
        """Return pending and approved ones, oldest first."""
        ...

    async def approved(self) -> Sequence[ApprovalId]:
        """Return the index ``approved``: yeses that wait for the starter, oldest first."""
        ...


class LeaseOutcome(StrEnum):
    """What came of asking for the locks of a plan."""

    TAKEN = "taken"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Lease:
    """The answer to asking for locks."""

    outcome: LeaseOutcome
    holder: RunId | None = None
    """Who holds one of them."""


class Starter(Protocol):
    """What turns a yes into exactly one run."""

    async def lease(self, run: RunId, targets: Sequence[Target]) -> Lease:
        """Take all locks for 60 s, in sorted order, all or none."""
        ...

    async def release(self, run: RunId) -> None:
        """Let go of the locks that ``run`` leases."""
        ...

    async def consume(
        self, approval: ApprovalId, fresh: Plan, run: RunId, voters: Mapping[UserId, Actor]
    ) -> ApprovalChange:
        """Use the yes up: approval consumed, locks kept for the run, run queued, in one commit.

        A yes that does not bind any more is superseded by a new request with the differences, in one commit as well.
        """
        ...
