"""The table over real services and a real store, with platforms in memory."""

from __future__ import annotations

from typing import TypeVar

from redis.asyncio import Redis

from bot.actions.catalogue import ACTIONS
from bot.adapters.redis_approvals import RedisApprovals, RedisPlanRequests, RedisStarter
from bot.adapters.redis_audit import RedisAudit
from bot.adapters.redis_incidents import PlatformRules, RedisIncidents
from bot.adapters.redis_memberships import RedisMemberships
from bot.adapters.redis_runs import RedisRuns
from bot.adapters.redis_store import RedisStore
from bot.domain.answers import Answer, Problem
from bot.domain.approvals import Approval, ApprovalRules
from bot.domain.effects import Channel, Place
from bot.domain.ids import IncidentId, PlatformName, RunId, UserId, new_ulid
from bot.domain.incidents import EscalationRule, IncidentRules
from bot.domain.people import Actor
from bot.domain.runs import Run
from bot.domain.witness import WitnessMark
from bot.ports.platforms import PlatformPorts
from bot.services.access import AccessService, Rules
from bot.services.catalogue import Catalogue
from bot.services.health import HealthService
from bot.services.planning import PlanMaker, PlannerService
from bot.services.requesting import RequestService
from bot.services.sealing import AuditService, SealerService
from bot.verbs import Entrance, Family, Reply, Request
from commands import CommandServices, build_table
from tests.stand_ins.people import APPROVER, OPERATOR, TEAM, FakeDirectory, actor, role_members
from tests.stand_ins.platforms import by_name, make_platform

T = TypeVar("T", bound=Answer)


class NoWitness:
    """Remembers nothing."""

    async def read(self) -> WitnessMark | None:
        return None

    async def write(self, mark: WitnessMark, *, head_hash: str | None = None) -> None:
        pass

    async def reset(self, mark: WitnessMark) -> None:
        pass


class Desk:
    """Somebody who may type, and everything behind the table."""

    def __init__(self, redis: Redis, *platforms: PlatformPorts) -> None:
        self.platforms = by_name(*(platforms or (make_platform(),)))
        store = RedisStore(redis)
        self.incidents = RedisIncidents(store, {name: _rules(it) for name, it in self.platforms.items()})
        self.requests = RedisPlanRequests(store)
        self.approvals = RedisApprovals(store, _approval_rules)
        self.starter = RedisStarter(store)
        self.runs = RedisRuns(store)
        self.audit = RedisAudit(store)
        self.unfrozen: list[tuple[UserId, str]] = []
        owners = {name: it.owners for name, it in self.platforms.items()}
        self.access = AccessService(Rules(TEAM, role_members(), owners), RedisMemberships(store), FakeDirectory())
        self.plans = PlanMaker(self.platforms, ACTIONS)
        self.services = CommandServices(
            access=self.access,
            catalogue=Catalogue(self.platforms, self.incidents, self.approvals, self.runs, self.access),
            health=HealthService(self.platforms, self.incidents, self.approvals, self.runs),
            requesting=RequestService(self.platforms, self.requests, self.incidents, self.approvals, self.access),
            incidents=self.incidents,
            approvals=self.approvals,
            runs=self.runs,
            audit=AuditService(self.audit, NoWitness()),
            platforms=self.platforms,
            unfreeze=self._unfreeze,
        )
        self.table = build_table(self.services)

    async def _unfreeze(self, who: Actor, reason: str) -> str:
        self.unfrozen.append((who.id, reason))
        return "the store was emptied"

    # -- asking ------------------------------------------------------------------------------------------------------

    async def reply(
        self,
        text: str,
        *,
        by: Actor | None = None,
        incident: IncidentId | None = None,
        entrance: Entrance = Entrance.SLASH,
    ) -> Reply:
        """Return the reply to a whole command: ``/incident ack``, or without its first word an `/ops` one."""
        who = by or actor(OPERATOR)
        request = Request(who, Family.OPS, text, entrance, Place(channel=Channel.INCIDENTS), incident)
        return await self.table.answer(request)

    async def ask(
        self, text: str, answer: type[T], *, by: Actor | None = None, incident: IncidentId | None = None
    ) -> T:
        """Return the answer to a command, which must be of the kind named."""
        said = (await self.reply(text, by=by, incident=incident)).answer
        assert isinstance(said, answer), said
        return said

    async def problem(self, text: str, *, by: Actor | None = None, incident: IncidentId | None = None) -> Problem:
        """Return the problem a command meets."""
        return await self.ask(text, Problem, by=by, incident=incident)

    # -- what is there -----------------------------------------------------------------------------------------------

    async def declared(self, platform: str = "search-prod", title: str = "search is slow") -> IncidentId:
        """Return an open incident."""
        declared = await self.reply(f'/incident declare {platform} "{title}"', by=actor(APPROVER))
        assert not isinstance(declared.answer, Problem), declared.answer
        return (await self.incidents.recent(1))[0].id

    async def pending(self, command: str = "restart qdrant", *, by: UserId = OPERATOR) -> Approval:
        """Return the request for a yes that a command leads to."""
        reply = await self.reply(command, by=actor(by))
        assert not isinstance(reply.answer, Problem), reply.answer
        (request,) = await self.requests.waiting(10)
        change = await PlannerService(self.plans, self.requests, self.approvals, self.runs, self.access).serve(request)
        assert change is not None
        return change.state

    async def running(self) -> Run:
        """Return a run that waits for its driver."""
        asked = await self.pending()
        await self.approvals.approve(asked.id, asked.plan.hash, actor(APPROVER))
        run = RunId(new_ulid())
        voters = {APPROVER: actor(APPROVER)}
        await self.starter.lease(run, asked.plan.targets)
        await self.starter.consume(asked.id, asked.plan, run, voters)
        return await self.runs.get(run)

    async def seal(self) -> None:
        """Let the sealer reach the end of the audit."""
        await SealerService(self.audit, NoWitness()).seal()


def _rules(platform: PlatformPorts) -> PlatformRules:
    profile = platform.profile
    escalation = {
        severity: EscalationRule(it.respond_within, it.page_after, it.quiet_after)
        for severity, it in profile.escalation.items()
    }
    return PlatformRules(profile, IncidentRules(profile.reopen_window, escalation))


def _approval_rules(_: PlatformName) -> ApprovalRules:
    return ApprovalRules((APPROVER,), ())
