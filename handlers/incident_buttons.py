"""Buttons of an incident's card and of the notices in its thread."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import TypeAlias

from bot.domain.answers import IncidentActed, IncidentDetail
from bot.domain.errors import NotAllowed
from bot.domain.ids import IncidentId, RunbookName
from bot.domain.incidents import Incident, IncidentOutcome, IncidentState
from bot.domain.people import Actor
from bot.domain.rights import Role
from bot.messages import incident_card as card
from bot.messages.modals import View, note_view, severity_view
from bot.ports.incidents import IncidentChange, Incidents
from bot.services.requesting import RequestService
from handlers.buttons import STALE, ULID, Press
from handlers.slack_payloads import Click
from handlers.telling import Ask, Pressed

Transition: TypeAlias = Callable[[IncidentId, Actor], Awaitable[IncidentChange]]
Form: TypeAlias = Callable[[Incident], View]


class IncidentButtons:
    """What each button of an incident does."""

    def __init__(
        self, incidents: Incidents, requests: RequestService, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._incidents = incidents
        self._requests = requests
        self._now = now
        self._choices: Mapping[str, Press] = {
            card.NOTE: self._form("note", lambda it: note_view(it.name, it.id)),
            card.SEVERITY: self._form("severity", lambda it: severity_view(it.name, it.severity, it.id)),
            card.MITIGATED: self._act("mitigate", incidents.mitigate),
            card.TIMELINE: self._timeline,
        }

    def presses(self) -> Mapping[str, Press]:
        """Return what each ``action_id`` does."""
        offers = {f"{card.ASK}.{position}": self._ask_runbook for position in range(1, card.OFFERS_SHOWN + 1)}
        return {
            card.ACK: self._act("ack", self._incidents.acknowledge),
            card.RESOLVE: self._act("resolve", self._resolve),
            card.REOPEN: self._act("reopen", self._incidents.reopen),
            card.MITIGATE: self._act("mitigate", self._incidents.mitigate),
            card.MORE: self._more,
            **offers,
        }

    def _act(self, act: str, transition: Transition) -> Press:
        async def press(click: Click, actor: Actor) -> Pressed:
            incident = _incident_of(click)
            if incident is None:
                return STALE
            change = await transition(incident, actor)
            if change.outcome is IncidentOutcome.DONE or _is_second_press(act, change, actor):
                return None
            return IncidentActed(change.state, change.outcome, act)

        return press

    async def _resolve(self, incident: IncidentId, actor: Actor) -> IncidentChange:
        return await self._incidents.resolve(incident, actor)

    async def _more(self, click: Click, actor: Actor) -> Pressed:
        _, choice = card.menu_choice(click.value)
        press = self._choices.get(choice)
        return await press(click, actor) if press else STALE

    def _form(self, act: str, form: Form) -> Press:
        async def press(click: Click, actor: Actor) -> Pressed:
            incident_id = _incident_of(click)
            if incident_id is None:
                return STALE
            incident = await self._incidents.get(incident_id)
            if not actor.operates(incident.platform):
                return IncidentActed(incident, IncidentOutcome.NOT_ALLOWED, act)
            return Ask(form(incident))

        return press

    async def _timeline(self, click: Click, actor: Actor) -> Pressed:
        incident = _incident_of(click)
        if incident is None:
            return STALE
        if not actor.has(Role.VIEWER):
            raise NotAllowed(f"reading a timeline takes the {Role.VIEWER} role; nobody has given it to {actor.id}")
        found = await self._incidents.get(incident)
        return IncidentDetail(found, tuple(await self._incidents.timeline(incident)), self._now())

    async def _ask_runbook(self, click: Click, actor: Actor) -> Pressed:
        incident = _incident_of(click)
        _, _, runbook = click.value.partition(" ")
        if incident is None or not runbook:
            return STALE
        return await self._requests.offered(incident, RunbookName(runbook), actor)


def _incident_of(click: Click) -> IncidentId | None:
    """Return the incident a value names; all values begin with it."""
    incident, _, _ = click.value.partition(" ")
    return IncidentId(incident) if ULID.fullmatch(incident) else None


def _is_second_press(act: str, change: IncidentChange, actor: Actor) -> bool:
    """Return whether this person did the same a moment ago: the card shows it, and a double click says nothing."""
    incident = change.state
    is_theirs = incident.state is IncidentState.RESOLVED and incident.resolved_by == actor.id
    return act == "resolve" and change.outcome is IncidentOutcome.UNCHANGED and is_theirs
