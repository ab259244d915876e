"""Requesting: keep what somebody wants to run, for the planner to look at. Read-only until a plan is approved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.answers import PlanComing
from bot.domain.approvals import Approval
from bot.domain.effects import Channel, Place
from bot.domain.errors import NotAllowed, UnknownName, UsageError
from bot.domain.ids import ApprovalId, IncidentId, PlatformName, RequestId, RunbookName, new_ulid
from bot.domain.incidents import Incident, incident_place
from bot.domain.people import Actor
from bot.domain.rights import Role
from bot.ports.approvals import Approvals, PlanRequest, PlanRequests
from bot.ports.incidents import Incidents
from bot.ports.platforms import Platforms
from bot.services.access import AccessService
from bot.services.planning import bind_parameters, filled

EVERYWHERE = Place(channel=Channel.APPROVALS)


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to run."""

    platform: PlatformName
    runbook: RunbookName
    parameters: Mapping[str, str]
    incident: IncidentId | None = None
    reason: str = ""
    break_glass: bool = False


class RequestService:
    """Keeps wishes as requests; checks at once what needs no look at the platform."""

    def __init__(
        self,
        platforms: Platforms,
        requests: PlanRequests,
        incidents: Incidents,
        approvals: Approvals,
        access: AccessService,
    ) -> None:
        self._platforms = platforms
        self._requests = requests
        self._incidents = incidents
        self._approvals = approvals
        self._access = access

    async def ask(self, wish: Wish, actor: Actor) -> PlanComing:
        """Keep the wish; its plan and card follow. UserError says what is wrong with it, NotAllowed who may."""
        platform = self._platforms.get(wish.platform)
        if platform is None:
            raise UnknownName(f"{wish.platform}: no such platform; `/ops platforms` lists them")
        book = platform.profile.runbooks.get(wish.runbook)
        if book is None:
            raise UnknownName(f"{wish.runbook}: {wish.platform} has no such runbook")
        self._may_ask(wish, actor)
        bound = bind_parameters(book, wish.parameters, platform)
        incident = await self._incident(wish)
        request = PlanRequest(
            id=RequestId(new_ulid()),
            platform=wish.platform,
            runbook=wish.runbook,
            parameters=bound,
            requester=actor,
            place=incident_place(incident.id) if incident else EVERYWHERE,
            incident=incident.id if incident else None,
            reason=wish.reason,
            break_glass=wish.break_glass,
        )
        fresh = await self._requests.add(request)
        where = f"in the thread of {incident.name}" if incident else "in the approvals channel"
        return PlanComing(filled(book.title, bound), wish.platform, where, already=not fresh)

    def _may_ask(self, wish: Wish, actor: Actor) -> None:
        role = Role.BREAK_GLASS if wish.break_glass else Role.OPERATOR
        if actor.has(role) or (not wish.break_glass and actor.operates(wish.platform)):
            return
        who = ", ".join(map(str, self._access.who_holds(role, None if wish.break_glass else wish.platform)))
        raise NotAllowed(f"asking for {wish.runbook} takes {role}; {who or 'nobody'} may")

    async def _incident(self, wish: Wish) -> Incident | None:
        """Return the incident the wish belongs to: the one it names, else the only open one of its service."""
        if wish.incident is not None:
            return await self._incidents.get(wish.incident)
        service = wish.parameters.get("service")
        fits = [it for it in await self._incidents.open(wish.platform) if it.service == service]
        return fits[0] if service and len(fits) == 1 else None

    async def offered(self, incident: IncidentId, runbook: RunbookName, actor: Actor) -> PlanComing:
        """Ask for a runbook that an incident's card offers, bound to the incident's service."""
        found = await self._incidents.get(incident)
        platform = self._platforms.get(found.platform)
        book = platform.profile.runbooks.get(runbook) if platform else None
        if book is None:
            raise UnknownName(f"{runbook}: {found.platform} does not offer it any more")
        parameters = {it.name: str(found.service) for it in book.parameters if it.kind == "service" and found.service}
        return await self.ask(Wish(found.platform, runbook, parameters, incident=incident), actor)

    async def again(self, approval: ApprovalId, actor: Actor) -> PlanComing:
        """Ask again for what a closed approval was about, under the rights of the person who asks now."""
        old: Approval = await self._approvals.get(approval)
        if not old.state.is_final:
            raise UsageError(f"{old.name} is still {old.state}; nothing to ask again")
        wish = Wish(old.plan.platform, old.plan.runbook, old.plan.parameters, old.incident, old.reason)
        return await self.ask(wish, actor)
