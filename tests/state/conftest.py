"""The state ports on a real Valkey, as one process and as two, with a clock that tests move."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from bot.adapters import redis_keys as keys
from bot.adapters.redis_approvals import RedisApprovals, RedisPlanRequests, RedisStarter
from bot.adapters.redis_audit import RedisAudit
from bot.adapters.redis_incidents import PlatformRules, RedisIncidents
from bot.adapters.redis_intake import RedisIntake
from bot.adapters.redis_locks import RedisLocks
from bot.adapters.redis_outbox import RedisOutbox
from bot.adapters.redis_runs import RedisLedger, RedisRuns
from bot.adapters.redis_store import RedisStore
from bot.adapters.redis_timers import RedisTimers
from bot.domain.alerts import AlertGroup
from bot.domain.approvals import Approval, ApprovalOutcome, ApprovalRules
from bot.domain.effects import Notice, NoticeKind, TimerKind
from bot.domain.ids import ApprovalId, IncidentId, PlatformName, RunId, UserId
from bot.domain.incidents import Incident
from bot.domain.people import Actor
from bot.domain.plans import Plan
from bot.domain.runs import Run
from bot.ports.approvals import PlanRequest
from bot.services.starting import run_of
from tests.key_leaks import no_key_leaks
from tests.state.builders import ALL_KINDS, KIM, OWNERS, RULES, SEARCH, Clock, a_group, a_plan, a_profile, a_request

__all__ = ["no_key_leaks"]

ARCHON = PlatformName("archon")
APPROVAL_RULES = ApprovalRules(approvers=(KIM.id,), owners=(OWNERS,))


@pytest.fixture(autouse=True)
def _no_key_leaks(no_key_leaks: None) -> None:
    """Every test here leaves only keys that are declared."""


class DeadDrivers:
    """Drivers whose lock file is free."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def is_proven_dead(self, driver: str) -> bool:
        return driver in self.names


@dataclass(frozen=True, slots=True)
class State:
    """Every port of state over one store, as one process has them."""

    store: RedisStore
    intake: RedisIntake
    incidents: RedisIncidents
    requests: RedisPlanRequests
    approvals: RedisApprovals
    starter: RedisStarter
    ledger: RedisLedger
    runs: RedisRuns
    outbox: RedisOutbox
    timers: RedisTimers
    audit: RedisAudit
    locks: RedisLocks
    dead: DeadDrivers

    # -- shortcuts: what tests say often ------------------------------------------------------------------------------

    async def receive(self, group: AlertGroup | None = None) -> Incident | None:
        """Accept a webhook and let every waiting entry meet its incidents; return the last one changed."""
        await self.intake.accept(group or a_group(), b"{}")
        last: Incident | None = None
        for entry in await self.intake.waiting(100):
            for change in await self.incidents.absorb(entry.id, entry.group):
                last = change.state
        return last

    async def an_incident(self, group: AlertGroup | None = None) -> Incident:
        """Return an open incident that alerts have opened."""
        incident = await self.receive(group)
        assert incident is not None
        return incident

    async def asked(self, plan: Plan | None = None, request: PlanRequest | None = None) -> Approval:
        """Return a request for a yes."""
        wanted = request or a_request()
        assert await self.requests.add(wanted)
        return (await self.approvals.ask(wanted, plan or a_plan(), last_time="")).state

    async def approved(self, plan: Plan | None = None, *voters: Actor, request: PlanRequest | None = None) -> Approval:
        """Return an approval with its quorum reached."""
        approval = await self.asked(plan, request)
        for voter in voters or (KIM,):
            approval = (await self.approvals.approve(approval.id, approval.plan.hash, voter)).state
        return approval

    async def start(
        self, approval: ApprovalId, fresh: Plan | None = None, voters: Mapping[UserId, Actor] | None = None
    ) -> ApprovalOutcome:
        """Lease the locks and consume, as the starter does."""
        plan = fresh or (await self.approvals.get(approval)).plan
        await self.starter.lease(run_of(approval), plan.targets)
        entitled = {KIM.id: KIM} if voters is None else voters
        return (await self.starter.consume(approval, plan, run_of(approval), entitled)).outcome

    async def a_run(self, plan: Plan | None = None, *, incident: IncidentId | None = None) -> Run:
        """Return a queued run."""
        approval = await self.approved(plan, request=a_request(incident=incident))
        assert await self.start(approval.id) is ApprovalOutcome.CONSUMED
        return await self.runs.get(RunId(approval.id))

    async def said(self, kind: NoticeKind) -> list[Notice]:
        """Return the notices of a kind that wait to be said, oldest first."""
        return [it.notice for it in await self.outbox.pending_notices(1000) if it.notice.kind is kind]

    async def timer(self, kind: TimerKind, subject: str) -> float | None:
        """Return when a timer is due, in ms; None when it is not set."""
        score = await self.store.redis.zscore(keys.DUE, keys.timer(kind, subject))
        return None if score is None else float(score)

    async def due(self) -> set[TimerKind]:
        """Return the kinds of timers that are due now."""
        return {kind for kind, _, _ in await self.timers.due(100, ALL_KINDS)}


def a_state(redis: Redis, clock: Clock, dead: DeadDrivers) -> State:
    """Return the ports as one process builds them."""
    store = RedisStore(redis, skew_ms=clock.skew_ms)
    rules = PlatformRules(a_profile(), RULES)

    def approval_rules(platform: PlatformName) -> ApprovalRules:
        return APPROVAL_RULES

    return State(
        store=store,
        intake=RedisIntake(store),
        incidents=RedisIncidents(store, {SEARCH: rules, ARCHON: replace(rules)}),
        requests=RedisPlanRequests(store),
        approvals=RedisApprovals(store, approval_rules),
        starter=RedisStarter(store),
        ledger=RedisLedger(store, dead),
        runs=RedisRuns(store),
        outbox=RedisOutbox(store),
        timers=RedisTimers(store),
        audit=RedisAudit(store),
        locks=RedisLocks(store),
        dead=dead,
    )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def dead() -> DeadDrivers:
    return DeadDrivers()


@pytest.fixture
def state(redis_client: Redis, clock: Clock, dead: DeadDrivers) -> State:
    """Return the state of one process."""
    return a_state(redis_client, clock, dead)


@pytest_asyncio.fixture
async def another(valkey_url: str, redis_client: Redis, clock: Clock, dead: DeadDrivers) -> AsyncIterator[State]:
    """Return the same state as a second process has it, over connections of its own."""
    client = Redis.from_url(valkey_url, decode_responses=False)
    try:
        yield a_state(client, clock, dead)
    finally:
        await client.aclose()
