"""Buttons of an approval's card: a yes, a no with its reason, and taking either back."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

from bot.domain import approval_acts
from bot.domain.answers import ApprovalActed
from bot.domain.approvals import Approval, ApprovalOutcome, ApprovalState
from bot.domain.ids import ApprovalId
from bot.domain.people import Actor
from bot.domain.rights import Need, Role
from bot.messages import approval_card as card
from bot.messages.modals import deny_view
from bot.ports.approvals import ApprovalChange, Approvals
from bot.services.access import AccessService
from bot.services.requesting import RequestService
from handlers.buttons import STALE, Press
from handlers.slack_payloads import Click
from handlers.telling import Ask, Pressed

VALUE = re.compile(rf"([0-9A-Z]{{26}}) ([0-9a-f]{{{card.HASH_SHOWN}}})")

SHOWN_BY_CARD = frozenset(
    {
        ApprovalOutcome.APPROVED,
        ApprovalOutcome.CONFIRMED,
        ApprovalOutcome.DENIED,
        ApprovalOutcome.WITHDRAWN,
        ApprovalOutcome.REVOKED,
        ApprovalOutcome.REVIEWED,
    }
)
"""What everybody sees on the card a moment later."""
REFUSED = frozenset(
    {
        ApprovalOutcome.NOT_ALLOWED,
        ApprovalOutcome.OWN_REQUEST,
        ApprovalOutcome.NEEDS_OWNER,
        ApprovalOutcome.NOT_THE_REQUESTER,
    }
)
"""What names those who can."""


@dataclass(frozen=True, slots=True)
class Named:
    """What the value of an approval's button names: the approval, and the plan that its card showed."""

    approval: ApprovalId
    plan: str
    """The first digits of the plan's hash."""


def named_by(value: str) -> Named | None:
    """Return what a value, or the metadata of a form, names; None where it is not one of ours."""
    found = VALUE.fullmatch(value)
    return Named(ApprovalId(found[1]), found[2]) if found else None


Transition: TypeAlias = Callable[[Named, Actor], Awaitable[ApprovalChange]]
SaidBefore: TypeAlias = Callable[[Approval, Actor], bool]


class ApprovalButtons:
    """What each button of an approval does."""

    def __init__(
        self,
        approvals: Approvals,
        requests: RequestService,
        access: AccessService,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._approvals = approvals
        self._requests = requests
        self._access = access
        self._now = now

    def presses(self) -> Mapping[str, Press]:
        """Return what each ``action_id`` does."""
        port = self._approvals
        return {
            card.APPROVE: self._act(lambda it, actor: port.approve(it.approval, it.plan, actor), _has_said_yes),
            card.WITHDRAW: self._act(
                lambda it, actor: port.withdraw(it.approval, actor), _has_ended_it(ApprovalState.WITHDRAWN)
            ),
            card.REVOKE: self._act(
                lambda it, actor: port.revoke(it.approval, actor), _has_ended_it(ApprovalState.REVOKED)
            ),
            card.REVIEW: self._act(lambda it, actor: port.review(it.approval, actor), _has_reviewed),
            card.DENY: self._deny,
            card.ASK_AGAIN: self._ask_again,
        }

    def _act(self, transition: Transition, said_before: SaidBefore) -> Press:
        async def press(click: Click, actor: Actor) -> Pressed:
            named = named_by(click.value)
            if named is None:
                return STALE
            change = await transition(named, actor)
            is_second = change.outcome is ApprovalOutcome.ALREADY_CLOSED and said_before(change.state, actor)
            if change.outcome in SHOWN_BY_CARD or is_second:
                return None
            return approval_acted(change.state, change.outcome, self._access)

        return press

    async def _deny(self, click: Click, actor: Actor) -> Pressed:
        """Ask why not; what would be refused anyway is refused before anybody types a reason.

        The requester's own no is a withdrawal, which needs no reason.
        """
        named = named_by(click.value)
        if named is None:
            return STALE
        approval = await self._approvals.get(named.approval)
        foreseen = approval_acts.deny(approval, named.plan, actor, self._now()).outcome
        if foreseen is ApprovalOutcome.DENIED:
            return Ask(deny_view(approval.name, click.value))
        if foreseen is not ApprovalOutcome.WITHDRAWN:
            return approval_acted(approval, foreseen, self._access)
        change = await self._approvals.withdraw(named.approval, actor)
        return None if change.outcome in SHOWN_BY_CARD else approval_acted(change.state, change.outcome, self._access)

    async def _ask_again(self, click: Click, actor: Actor) -> Pressed:
        named = named_by(click.value)
        return await self._requests.again(named.approval, actor) if named else STALE


def approval_acted(approval: Approval, outcome: ApprovalOutcome, access: AccessService) -> ApprovalActed:
    """Return what a person is told of their click; a refusal names who can."""
    return ApprovalActed(approval, outcome, _who_can(approval, outcome, access) if outcome in REFUSED else ())


def _who_can(approval: Approval, outcome: ApprovalOutcome, access: AccessService) -> tuple[str, ...]:
    plan = approval.plan
    if outcome is ApprovalOutcome.NOT_THE_REQUESTER:
        return (str(approval.requester),)
    if outcome is ApprovalOutcome.NEEDS_OWNER:
        return tuple(map(str, access.owners(plan.platform)))
    return tuple(map(str, access.who_holds(Role.APPROVER, plan.platform if plan.need is Need.TWO else None)))


def _has_said_yes(approval: Approval, actor: Actor) -> bool:
    """Return whether the yes this press repeats is theirs and stands: a double click says nothing."""
    if approval.state not in (ApprovalState.APPROVED, ApprovalState.CONSUMED):
        return False
    confirmed = approval.plan.need is Need.CONFIRM and approval.requester == actor.id
    return confirmed or any(vote.user == actor.id for vote in approval.votes)


def _has_ended_it(state: ApprovalState) -> SaidBefore:
    return lambda approval, actor: approval.state is state and approval.closed_by == actor.id


def _has_reviewed(approval: Approval, actor: Actor) -> bool:
    return approval.break_glass is not None and approval.break_glass.reviewed_by == actor.id
