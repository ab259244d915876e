"""Cards: load the newest state of what a card is about, as the value that is rendered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from bot.domain.cards import ApprovalCard, CardView, EvidenceCard, IncidentCard, Offer, RunCard
from bot.domain.effects import CardKind, card_id, card_parts
from bot.domain.errors import UnknownName
from bot.domain.evidence import Evidence, Source
from bot.domain.ids import ApprovalId, CardId, IncidentId, RunbookName, RunId
from bot.domain.incidents import Incident
from bot.domain.profiles import Runbook
from bot.domain.runs import Run
from bot.ports.approvals import Approvals
from bot.ports.evidence import EvidenceStore
from bot.ports.incidents import Incidents
from bot.ports.platforms import PlatformPorts, Platforms
from bot.ports.runs import Runs
from bot.services.planning import filled
from bot.services.whereabouts import Whereabouts


class CardService:
    """Projects state onto cards."""

    def __init__(
        self,
        incidents: Incidents,
        approvals: Approvals,
        runs: Runs,
        evidence: EvidenceStore,
        platforms: Platforms,
        *,
        whereabouts: Whereabouts | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._incidents = incidents
        self._approvals = approvals
        self._runs = runs
        self._evidence = evidence
        self._platforms = platforms
        self._whereabouts = whereabouts
        self._now = now

    async def _links(self, **cards: tuple[CardKind, str, str | None]) -> dict[str, str]:
        """Return addresses by short name; of things as kind, name and id, those without an id left out."""
        named = {name: card_id(kind, subject) for kind, name, subject in cards.values() if name and subject}
        return await self._whereabouts.of(named) if self._whereabouts else {}

    async def view(self, card: CardId) -> CardView | None:
        """Return what the card should show now; None when what it was about is not kept any more."""
        kind, subject = card_parts(card)
        try:
            if kind is CardKind.INCIDENT:
                return await self._incident(IncidentId(subject))
            if kind is CardKind.EVIDENCE:
                return await self._evidence_card(IncidentId(subject))
            if kind is CardKind.APPROVAL:
                return await self._approval(ApprovalId(subject))
            return await self._run(RunId(subject))
        except UnknownName:
            return None

    async def _incident(self, id_: IncidentId) -> IncidentCard:
        incident = await self._incidents.get(id_)
        platform = self._platforms.get(incident.platform)
        approvals = [it for it in await self._approvals.open() if it.incident == id_]
        runs = [it for it in await self._runs.on_platform(incident.platform) if it.incident == id_]
        into = await self._name_of(incident.merged_into)
        return IncidentCard(
            incident=incident,
            as_of=self._now(),
            platform_title=platform.profile.title if platform else incident.platform,
            environment=platform.environment if platform else "",
            offers=offers_of(incident, platform) if platform else (),
            merged_into=into,
            approvals_open=len(approvals),
            runs_open=tuple(in_progress(run) for run in runs),
            guide=(platform.profile.guide or "") if platform else "",
            links=await self._links(
                own=(CardKind.INCIDENT, incident.name, id_), into=(CardKind.INCIDENT, into, incident.merged_into)
            ),
        )

    async def _name_of(self, incident: IncidentId | None) -> str:
        return (await self._incidents.get(incident)).name if incident else ""

    async def _evidence_card(self, id_: IncidentId) -> EvidenceCard:
        incident = await self._incidents.get(id_)
        platform = self._platforms.get(incident.platform)
        evidence = await self._evidence.get(id_)
        asking = Evidence(id_, incident.platform, (), self._now(), waiting=tuple(Source))
        shown = bool(platform and platform.profile.logs_in_channel)
        links = await self._links(own=(CardKind.INCIDENT, incident.name, id_))
        return EvidenceCard(evidence or asking, incident.name, shown, links)

    async def _approval(self, id_: ApprovalId) -> ApprovalCard:
        approval = await self._approvals.get(id_)
        run = (await self._runs.get(approval.run)).name if approval.run else ""
        incident, later = await self._name_of(approval.incident), await self._approval_name(approval.superseded_by)
        return ApprovalCard(
            approval=approval,
            as_of=self._now(),
            incident_name=incident,
            run_name=run,
            superseded_by=later,
            supersedes=await self._approval_name(approval.supersedes),
            links=await self._links(
                own=(CardKind.APPROVAL, approval.name, id_),
                incident=(CardKind.INCIDENT, incident, approval.incident),
                run=(CardKind.RUN, run, approval.run),
                later=(CardKind.APPROVAL, later, approval.superseded_by),
            ),
        )

    async def _approval_name(self, id_: ApprovalId | None) -> str:
        """Return the name of an approval; empty while its plan is still being made."""
        if id_ is None:
            return ""
        try:
            return (await self._approvals.get(id_)).name
        except UnknownName:
            return ""

    async def _run(self, id_: RunId) -> RunCard:
        run = await self._runs.get(id_)
        approval = await self._approval_name(run.approval)
        incident = await self._name_of(run.incident)
        links = await self._links(
            own=(CardKind.RUN, run.name, id_),
            incident=(CardKind.INCIDENT, incident, run.incident),
            approval=(CardKind.APPROVAL, approval, run.approval),
        )
        return RunCard(run, self._now(), incident, approval, links)


def in_progress(run: Run) -> str:
    """Return how far a run is, in a line: ``RUN-3: step 1 of 4, Restart qdrant``."""
    step = run.next_step
    if step is None:
        return f"{run.name}: {run.state}"
    return f"{run.name}: {run.state}, step {step + 1} of {len(run.steps)}, {run.planned(step).title}"


def offers_of(incident: Incident, platform: PlatformPorts) -> tuple[Offer, ...]:
    """Return the runbooks that the profile offers for an incident and that its service gives all parameters for."""
    books = (platform.profile.runbooks.get(name) for name in incident.offers)
    return tuple(offer for book in books if book and (offer := offer_of(book, incident)))


def offer_of(book: Runbook, incident: Incident) -> Offer | None:
    """Return the runbook bound to the incident's service; None when that is not enough to run it."""
    parameters: dict[str, str] = {}
    for parameter in book.parameters:
        if parameter.kind == "service" and incident.service:
            parameters[parameter.name] = incident.service
        elif parameter.required and parameter.default is None:
            return None
    return Offer(RunbookName(book.name), f"{filled(book.title, parameters)}…", parameters)
