"""Requests, approvals and the start of runs in Redis: the state machine of `bot.domain.approvals`, committed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from bot.adapters import redis_keys as keys
from bot.adapters.redis_deliveries import Shelf
from bot.adapters.redis_locks import read_lock
from bot.adapters.redis_runs import put_run
from bot.adapters.redis_store import (
    Change,
    Committed,
    Document,
    RedisStore,
    Refused,
    Script,
    decode,
    encode,
    read_document,
    to_ms,
    translated,
)
from bot.domain import approval_acts, approval_course
from bot.domain.approvals import (
    MIN_REASON,
    Approval,
    ApprovalDecision,
    ApprovalOutcome,
    ApprovalRules,
    ApprovalState,
    Asking,
)
from bot.domain.effects import Effects, Notice
from bot.domain.errors import NotAllowed, TemporaryError, UnknownName, UsageError, UserError
from bot.domain.ids import ApprovalId, PlatformName, RequestId, RunId, UserId, new_ulid
from bot.domain.people import Actor
from bot.domain.plans import Plan, Target, changed_facts
from bot.domain.runs import queue_run
from bot.ports.approvals import ApprovalChange, Lease, LeaseOutcome, PlanRequest
from bot.ports.transitions import Transition

LEASE_LIFE = timedelta(seconds=60)
ORPHAN_TTL_MS = 2 * keys.DAY_MS


class RedisPlanRequests:
    """Implements `bot.ports.approvals.PlanRequests`."""

    def __init__(self, store: RedisStore) -> None:
        self._store = store

    async def add(self, request: PlanRequest) -> bool:
        """Keep the request; False when the same act asked for it already."""
        now = await self._store.now()
        if any(_is_same_wish(request, it) for it in await self.waiting(0)):
            return False
        change = Change()
        change.once(request.requester.act, request.id)
        add_request(change, request, now)
        return isinstance(await self._store.commit(change), Committed)

    async def waiting(self, limit: int) -> Sequence[PlanRequest]:
        """Return the oldest requests without a plan."""
        found: list[PlanRequest] = []
        for name in await self._store.members(keys.REQUESTS, limit):
            document = await self._store.string(keys.request(RequestId(name)))
            if document is None:
                await self._store.command("ZREM", keys.REQUESTS, name)
            else:
                found.append(decode(document, PlanRequest))
        return found

    async def refuse(self, request: RequestId, notice: Notice) -> None:
        """Finish a request that cannot become a plan, and say why."""
        now = await self._store.now()
        change = Change()
        finish_request(change, request)
        change.add_effects(Effects(notices=(notice,)), now)
        await self._store.commit(change)


def _is_same_wish(one: PlanRequest, other: PlanRequest) -> bool:
    """Return whether the same person wants the same thing; a double that slips through is found by its plan's hash."""
    return (
        one.requester.id == other.requester.id
        and (one.platform, one.runbook, one.parameters) == (other.platform, other.runbook, other.parameters)
        and (one.incident, one.break_glass) == (other.incident, other.break_glass)
    )


def add_request(change: Change, request: PlanRequest, now: datetime) -> None:
    """Write a request and its index entry."""
    change.op("SET", keys.request(request.id), encode(request), "PX", ORPHAN_TTL_MS)
    change.index(keys.REQUESTS, now, request.id)


def finish_request(change: Change, request: RequestId) -> None:
    """Take a request out of its index, unless another process finished it."""
    change.require_member(keys.REQUESTS, request)
    change.op("ZREM", keys.REQUESTS, request)
    change.op("DEL", keys.request(request))


class RedisApprovals:
    """Implements `bot.ports.approvals.Approvals`."""

    def __init__(self, store: RedisStore, rules: Callable[[PlatformName], ApprovalRules]) -> None:
        self._store = store
        self._rules = rules
        self._shelf = Shelf(store, approval_key, present, put_approval, "approval")

    async def ask(self, request: PlanRequest, plan: Plan, *, last_time: str) -> ApprovalChange:
        """Turn a request into a pending approval and finish it."""

        async def attempt() -> ApprovalChange | Refused:
            # Numbers before the index: an approval that is asked for after this look makes the commit fail.
            numbers = (await self._store.load(keys.NUMBERS)).hashes[0]
            open_ids = await self._store.members(keys.OPEN_APPROVALS, 0)
            loaded = await self._store.load(*(keys.approval(ApprovalId(id_)) for id_ in open_ids))
            same = _same_open(loaded.hashes, request, plan)
            change = Change()
            finish_request(change, request.id)
            if same is not None:
                answer = Transition(same, ApprovalOutcome.UNCHANGED, loaded.now)
            else:
                given = int(numbers.get(b"approval", b"0")) + 1
                asking = _asking(request, plan, given, last_time)
                decision = approval_acts.ask(asking, self._rules(plan.platform), loaded.now)
                if decision.state is None:
                    raise _not_askable(decision.outcome, plan)
                change.take_number("approval", given)
                put_approval(change, None, decision, loaded.now)
                answer = Transition(decision.state, decision.outcome, loaded.now)
            committed = await self._store.commit(change)
            if isinstance(committed, Refused) and committed.guard[:2] == ("member", keys.REQUESTS):
                return await self._asked_by_another(request)
            return answer if isinstance(committed, Committed) else committed

        return await self._store.again(attempt, f"request {request.id}")

    async def _asked_by_another(self, request: PlanRequest) -> ApprovalChange:
        """Return what another process made of the request; UnknownName when it made no approval of its own."""
        loaded = await self._store.load(keys.approval(ApprovalId(request.id)))
        return Transition(
            present(ApprovalId(request.id), loaded.hashes[0]).state, ApprovalOutcome.UNCHANGED, loaded.now
        )

    async def approve(self, approval: ApprovalId, plan_hash: str, actor: Actor) -> ApprovalChange:
        """Count one person's yes."""
        return await self._shelf.meet(
            approval, lambda it, now: approval_acts.approve(it, plan_hash, actor, now), act=actor.act
        )

    async def deny(self, approval: ApprovalId, plan_hash: str, actor: Actor, *, reason: str = "") -> ApprovalChange:
        """Close it with a no; the requester's own no withdraws."""
        return await self._shelf.meet(
            approval, lambda it, now: approval_acts.deny(it, plan_hash, actor, now, reason=reason), act=actor.act
        )

    async def withdraw(self, approval: ApprovalId, actor: Actor) -> ApprovalChange:
        """Take the request back."""
        return await self._shelf.meet(approval, lambda it, now: approval_acts.withdraw(it, actor, now), act=actor.act)

    async def revoke(self, approval: ApprovalId, actor: Actor, *, reason: str = "") -> ApprovalChange:
        """Take a yes back before it is used."""
        return await self._shelf.meet(
            approval, lambda it, now: approval_acts.revoke(it, actor, now, reason=reason), act=actor.act
        )

    async def void(self, approval: ApprovalId, reason: str) -> ApprovalChange:
        """Make a yes void because what it was given to cannot be seen any more."""
        return await self._shelf.meet(approval, lambda it, now: approval_course.void(it, reason, now))

    async def review(self, approval: ApprovalId, actor: Actor) -> ApprovalChange:
        """Say that an emergency start was looked at."""
        return await self._shelf.meet(approval, lambda it, now: approval_acts.review(it, actor, now), act=actor.act)

    async def warn(self, approval: ApprovalId) -> ApprovalChange:
        """Meet the timer at 80 % of its life."""
        return await self._shelf.meet(
            approval, lambda it, now: approval_course.warn(it, self._rules(it.plan.platform), now)
        )

    async def expire(self, approval: ApprovalId) -> ApprovalChange:
        """Meet the timer at its end."""
        return await self._shelf.meet(approval, approval_course.expire)

    async def remind_of_review(self, approval: ApprovalId) -> ApprovalChange:
        """Meet the daily timer of an emergency that nobody looked at."""
        return await self._shelf.meet(
            approval, lambda it, now: approval_course.remind_of_review(it, self._rules(it.plan.platform), now)
        )

    async def get(self, approval: ApprovalId) -> Approval:
        """Return one approval."""
        return await self._shelf.get(approval)

    async def find(self, number: int) -> ApprovalId:
        """Return the id behind ``APR-<number>``."""
        (found,) = await self._store.fields(keys.ALIASES, [f"APR-{number}"])
        if found is None:
            raise UnknownName(f"APR-{number}: not there; `/ops approvals` shows the open ones")
        return ApprovalId(found.decode())

    async def open(self) -> Sequence[Approval]:
        """Return pending and approved ones, oldest first."""
        ids = await self._store.members(keys.OPEN_APPROVALS, 0)
        loaded = await self._store.load(*(keys.approval(ApprovalId(id_)) for id_ in ids))
        found = (read_document(fields, Approval) for fields in loaded.hashes)
        return [document.state for document in found if document]

    async def approved(self) -> Sequence[ApprovalId]:
        """Return the yeses that wait for the starter, oldest first."""
        return [ApprovalId(id_) for id_ in await self._store.members(keys.APPROVED, 0)]


def _not_askable(outcome: ApprovalOutcome, plan: Plan) -> UserError:
    """Return why this person may not ask for the plan."""
    if outcome is ApprovalOutcome.NEEDS_REASON:
        return UsageError(f"{plan.title}: needs a reason of at least {MIN_REASON} characters")
    return NotAllowed(f"{plan.title}: asking for it takes the operator role or ownership of {plan.platform}")


def _asking(request: PlanRequest, plan: Plan, number: int, last_time: str) -> Asking:
    return Asking(
        id=ApprovalId(request.id),
        number=number,
        plan=plan,
        requester=request.requester,
        incident=request.incident,
        place=request.place,
        reason=request.reason,
        last_time=last_time,
        supersedes=request.supersedes,
        differences=request.differences,
        break_glass=request.break_glass,
    )


def _same_open(hashes: Sequence[Mapping[bytes, bytes]], request: PlanRequest, plan: Plan) -> Approval | None:
    """Return the approval that this requester has open for the very same plan."""
    if request.break_glass:
        return None
    documents = (read_document(fields, Approval) for fields in hashes)
    return next(
        (
            document.state
            for document in documents
            if document
            and document.state.requester == request.requester.id
            and document.state.plan.hash == plan.hash
            and not document.state.state.is_final
        ),
        None,
    )


def approval_key(approval: str) -> str:
    """Return where an approval is kept."""
    return keys.approval(ApprovalId(approval))


def present(approval: str, fields: Mapping[bytes, bytes]) -> Document[Approval]:
    """Return the stored approval; UnknownName when there is none."""
    document = read_document(fields, Approval)
    if document is None:
        raise UnknownName(f"approval {approval}: not there any more; `/ops approvals` shows the open ones")
    return document


def put_approval(change: Change, before: Document[Approval] | None, decision: ApprovalDecision, now: datetime) -> None:
    """Write a decision about an approval with its indexes."""
    after = decision.state
    if after is None:
        return
    key = keys.approval(after.id)
    change.put_document(key, before.version if before else "", encode(after))
    if before is None:
        change.op("HSET", keys.ALIASES, after.name, after.id)
    if after.state.is_final:
        change.op("ZREM", keys.OPEN_APPROVALS, after.id)
        change.op("PEXPIRE", key, keys.APPROVAL_TTL_MS)
    else:
        change.op("ZADD", keys.OPEN_APPROVALS, to_ms(after.asked_at), after.id)
    if after.state is ApprovalState.APPROVED:
        change.index(keys.APPROVED, now, after.id)
    else:
        change.op("ZREM", keys.APPROVED, after.id)
    change.add_effects(decision.effects, now)


class RedisStarter:
    """Implements `bot.ports.approvals.Starter`."""

    def __init__(self, store: RedisStore) -> None:
        self._store = store
        self._lease = Script("lease.lua")

    async def lease(self, run: RunId, targets: Sequence[Target]) -> Lease:
        """Take all locks for 60 s, in sorted order, all or none."""
        names = sorted(target.key for target in targets)
        life_ms = round(LEASE_LIFE.total_seconds() * 1000)
        with translated():
            holder = await self._lease(self._store.redis, (keys.LOCKS,), self._store.skew_ms(), run, life_ms, *names)
        return Lease(LeaseOutcome.HELD, RunId(holder.decode())) if holder else Lease(LeaseOutcome.TAKEN)

    async def release(self, run: RunId) -> None:
        """Let go of the locks that ``run`` leases; a lock kept for a run stays."""
        loaded = await self._store.load(keys.LOCKS)
        for target, value in loaded.hashes[0].items():
            holder, until = read_lock(value)
            if holder == run and until:
                change = Change()
                change.require_field(keys.LOCKS, target.decode(), value.decode())
                change.op("HDEL", keys.LOCKS, target.decode())
                await self._store.commit(change)

    async def consume(
        self, approval: ApprovalId, fresh: Plan, run: RunId, voters: Mapping[UserId, Actor]
    ) -> ApprovalChange:
        """Use the yes up, or make it void and ask again with the difference."""

        async def attempt() -> ApprovalChange | Refused:
            loaded = await self._store.load(keys.approval(approval), keys.NUMBERS, keys.LOCKS)
            before = present(approval, loaded.hashes[0])
            decision = approval_course.consume(before.state, fresh, run, voters, loaded.now)
            if decision.outcome is ApprovalOutcome.SUPERSEDED:
                return await self._supersede(before, fresh, loaded.now)
            if decision.state is None:
                return Transition(before.state, decision.outcome, loaded.now)
            change = Change()
            put_approval(change, before, decision, loaded.now)
            if decision.outcome is ApprovalOutcome.CONSUMED:
                given = int(loaded.hashes[1].get(b"run", b"0")) + 1
                self._start(change, decision.state, run, given, loaded.hashes[2], loaded.now)
            committed = await self._store.commit(change)
            answer: ApprovalChange = Transition(decision.state, decision.outcome, loaded.now)
            if isinstance(committed, Committed):
                return answer
            if committed.is_about_freeze:
                raise NotAllowed(f"risky work is frozen: {committed.found}; an admin clears it with `/ops unfreeze`")
            return committed

        return await self._store.again(attempt, f"starting approval {approval}")

    def _start(
        self,
        change: Change,
        approval: Approval,
        run: RunId,
        number: int,
        locks: Mapping[bytes, bytes],
        now: datetime,
    ) -> None:
        """Write locks and run into the commit that consumes the yes."""
        change.require_not_frozen()
        if approval.use_before is not None:
            change.require_before(approval.use_before)
        for target in approval.plan.targets:
            leased = locks.get(target.key.encode(), b"").decode()
            if not leased.startswith(f"{run}|"):
                raise TemporaryError(f"{target.key}: the lease of its lock lapsed; the starter tries again")
            change.require_field(keys.LOCKS, target.key, leased)
            change.op("HSET", keys.LOCKS, target.key, f"{run}|0")
        change.take_number("run", number)
        put_run(change, None, queue_run(run, number, approval, now), now)

    async def _supersede(self, before: Document[Approval], fresh: Plan, now: datetime) -> ApprovalChange | Refused:
        """Make the yes void and keep a new request that shows the difference."""
        old = before.state
        differences = changed_facts(old.plan, fresh)
        request = PlanRequest(
            id=RequestId(new_ulid()),
            platform=old.plan.platform,
            runbook=old.plan.runbook,
            parameters=old.plan.parameters,
            requester=Actor(old.requester, old.requester_team),
            place=old.place,
            incident=old.incident,
            reason=old.reason,
            supersedes=old.id,
            differences=differences,
        )
        decision = approval_course.supersede(old, ApprovalId(request.id), now, differences=differences)
        change = Change()
        put_approval(change, before, decision, now)
        add_request(change, request, now)
        committed = await self._store.commit(change)
        if isinstance(committed, Refused):
            return committed
        return Transition(decision.state or old, ApprovalOutcome.SUPERSEDED, now)
