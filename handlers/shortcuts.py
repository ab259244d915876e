"""Shortcuts: "Add to timeline" on any message of an incident's thread, and declaring an incident from anywhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import TypeAlias

from bot.domain.answers import IncidentActed, Problem, Said
from bot.domain.errors import NotAllowed
from bot.domain.incidents import IncidentOutcome
from bot.domain.people import Actor
from bot.domain.rights import Role
from bot.messages.limits import INPUT_TEXT, cut
from bot.messages.modals import declare_view
from bot.ports.incidents import Incidents
from bot.ports.platforms import Platforms
from bot.services.access import AccessService
from handlers.acks import Ack, AckOutcome, Body
from handlers.background import Background, Late
from handlers.buttons import UPDATING
from handlers.errors import Trouble, caught_in_time
from handlers.slack_payloads import Shortcut, read_shortcut
from handlers.telling import Ask, Pressed, Teller
from handlers.threads import IncidentThreads

ADD_TO_TIMELINE = "incident.add_to_timeline"
DECLARE = "incident.declare"

ANSWER_WITHIN = timedelta(seconds=2)
NO_INCIDENT = Problem(
    "This message is not in an incident's thread, so there is no timeline to add it to.",
    hint="Use the shortcut on a message below an incident's card.",
)
NO_TEXT = Problem("This message has no text that could go into the timeline.")

Use: TypeAlias = Callable[[Shortcut, Actor], Awaitable[Pressed]]


class Shortcuts:
    """Hands shortcuts over by ``callback_id``."""

    def __init__(
        self,
        access: AccessService,
        incidents: Incidents,
        threads: IncidentThreads,
        platforms: Platforms,
        teller: Teller,
        background: Background,
        *,
        answer_within: timedelta = ANSWER_WITHIN,
    ) -> None:
        """Take who may use them and what they work on; ``answer_within`` is for tests."""
        self._access = access
        self._incidents = incidents
        self._threads = threads
        self._platforms = platforms
        self._teller = teller
        self._background = background
        self._answer_within = answer_within
        self._uses: Mapping[str, Use] = {ADD_TO_TIMELINE: self._add_to_timeline, DECLARE: self._declare}

    @property
    def known(self) -> frozenset[str]:
        """Return every ``callback_id`` that does something."""
        return frozenset(self._uses)

    async def receive(self, body: Body) -> Ack:
        """Do what the shortcut stands for and acknowledge; the person is told privately what became of it."""
        shortcut = read_shortcut(body)

        async def later(outcome: tuple[Pressed, AckOutcome]) -> None:
            self._teller.follow(shortcut.origin, outcome[0])

        done = await self._background.promptly(self._serve(shortcut), within=self._answer_within, later=later)
        if isinstance(done, Late):
            return Ack(outcome=AckOutcome.LATE)
        pressed, outcome = done
        self._teller.follow(shortcut.origin, pressed)
        return Ack(outcome=outcome)

    async def _serve(self, shortcut: Shortcut) -> tuple[Pressed, AckOutcome]:
        used = await caught_in_time(self._use(shortcut))
        return (used.problem, used.outcome) if isinstance(used, Trouble) else (used, AckOutcome.ANSWERED)

    async def _use(self, shortcut: Shortcut) -> Pressed:
        actor = await self._access.actor(shortcut.who.user, shortcut.who.team, act=shortcut.act)
        use = self._uses.get(shortcut.callback)
        return await use(shortcut, actor) if use else UPDATING

    async def _add_to_timeline(self, shortcut: Shortcut, actor: Actor) -> Pressed:
        incident = await self._threads.incident_of(shortcut.parent) if shortcut.parent else None
        if incident is None:
            return NO_INCIDENT
        if not shortcut.text:
            return NO_TEXT
        change = await self._incidents.add_note(incident, cut(shortcut.text, INPUT_TEXT), actor)
        if change.outcome is IncidentOutcome.DONE:
            # The card does not show notes, and the line in the thread may be far below.
            return Said(f"Added to the timeline of {change.state.name}.")
        return IncidentActed(change.state, change.outcome, "note")

    async def _declare(self, _: Shortcut, actor: Actor) -> Pressed:
        choices = {name: platform.profile.title for name, platform in self._platforms.items() if actor.operates(name)}
        if not choices:
            raise NotAllowed(f"declaring an incident takes the {Role.OPERATOR} role, or owning a platform")
        only = next(iter(choices)) if len(choices) == 1 else None
        return Ask(declare_view(choices, "", platform=only))
