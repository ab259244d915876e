"""Starting: turn a yes into exactly one run, after locking what it touches and looking again."""

from __future__ import annotations

import logging

from bot.domain.approvals import Approval
from bot.domain.errors import NotAllowed, PermanentError, UserError
from bot.domain.fault_points import FaultPoint, reached
from bot.domain.ids import ApprovalId, RunId, UserId
from bot.domain.people import Actor
from bot.ports.approvals import ApprovalChange, Approvals, LeaseOutcome, Starter
from bot.services.access import AccessService
from bot.services.guarding import StoreGuard
from bot.services.planning import PlanMaker

log = logging.getLogger(__name__)


def run_of(approval: ApprovalId) -> RunId:
    """Return the id of the one run that an approval can start.

    It is the same for every starter that tries, so that one that died holding the locks keeps nobody waiting.
    """
    return RunId(approval)


class StarterService:
    """Serves the index of approved plans."""

    def __init__(
        self, approvals: Approvals, starter: Starter, plans: PlanMaker, access: AccessService, guard: StoreGuard
    ) -> None:
        self._approvals = approvals
        self._starter = starter
        self._plans = plans
        self._access = access
        self._guard = guard

    async def start(self, id_: ApprovalId) -> ApprovalChange | None:
        """Start the run of an approved plan; None while a lock is held or risky work is frozen.

        Whatever else comes of it is in the outcome: consumed, superseded by what is so now, expired, a voter gone.
        """
        approval = await self._approvals.get(id_)
        try:
            await self._guard.vouch()
            return await self._start(approval)
        except NotAllowed as exc:
            log.warning("start_frozen", extra={"approval": id_, "why": str(exc)})
            return None

    async def _start(self, approval: Approval) -> ApprovalChange | None:
        """Lock, look again, consume; leases are let go of, the locks that a run keeps stay."""
        id_ = approval.id
        run = run_of(id_)
        lease = await self._starter.lease(run, approval.plan.targets)
        if lease.outcome is LeaseOutcome.HELD:
            log.info("start_waits_for_lock", extra={"approval": id_, "holder": lease.holder})
            return None
        await reached(FaultPoint.STARTER_AFTER_LEASE)
        try:
            change = await self._consume(approval, run)
            await reached(FaultPoint.STARTER_AFTER_CONSUME)
            return change
        finally:
            await self._starter.release(run)

    async def _consume(self, approval: Approval, run: RunId) -> ApprovalChange:
        try:
            fresh = await self._plans.make(approval.plan.platform, approval.plan.runbook, approval.plan.parameters)
        except (PermanentError, UserError) as exc:
            return await self._approvals.void(approval.id, f"looked again before starting: {exc}")
        await reached(FaultPoint.STARTER_BEFORE_CONSUME)
        return await self._starter.consume(approval.id, fresh, run, await self._voters(approval))

    async def _voters(self, approval: Approval) -> dict[UserId, Actor]:
        """Return the people who voted with the rights they hold now."""
        return {vote.user: await self._access.again(Actor(vote.user, vote.team)) for vote in approval.votes}
