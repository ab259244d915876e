"""The home tab: published anew whenever somebody opens it, presses Refresh, or does something from it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Protocol

from bot.domain.answers import Outlook
from bot.domain.approvals import Approval, ApprovalState
from bot.domain.effects import CardKind, card_id
from bot.domain.ids import CardId, UserId
from bot.domain.incidents import Incident, IncidentState
from bot.domain.people import Actor
from bot.domain.rights import Need, Role
from bot.domain.runs import Run
from bot.messages.answers import render_answer
from bot.messages.home import OPEN_LINK, REFRESH, Home, home_view, no_rights_view, refused_home_view
from bot.messages.modals import View
from bot.ports.approvals import Approvals
from bot.ports.conversation import Conversation
from bot.ports.incidents import Incidents
from bot.ports.runs import Runs
from bot.services.access import AccessService
from bot.services.whereabouts import Whereabouts
from handlers.acks import Ack, Body
from handlers.background import Background
from handlers.errors import Trouble, caught_in_time
from handlers.slack_payloads import Click, HomeOpened, Who, read_home_opened
from handlers.telling import Pressed

HOME_TAB = "home"
QUIET = (REFRESH, OPEN_LINK)
"""Presses that ask for nothing but a fresh home, or for a page that the person's own client opens."""


class Health(Protocol):
    """Knows how the platforms stand."""

    async def outlook(self) -> Sequence[Outlook]:
        """Return a glance at each platform, bounded in time."""
        ...


async def say_nothing(_: Click, __: Actor) -> Pressed:
    """Take note of a press that needs no answer."""
    return None


class HomeTab:
    """Shows people what is theirs to do."""

    def __init__(
        self,
        *,
        access: AccessService,
        incidents: Incidents,
        approvals: Approvals,
        runs: Runs,
        health: Health,
        whereabouts: Whereabouts,
        conversation: Conversation,
        background: Background,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._access = access
        self._incidents = incidents
        self._approvals = approvals
        self._runs = runs
        self._health = health
        self._whereabouts = whereabouts
        self._conversation = conversation
        self._background = background
        self._now = now

    async def receive(self, body: Body) -> Ack:
        """Acknowledge at once; the tab follows."""
        opened: HomeOpened = read_home_opened(body)
        if opened.tab == HOME_TAB and opened.who.user:
            self._background.start(self.show(opened.who))
        return Ack()

    async def show(self, who: Who) -> None:
        """Publish somebody's home tab as everything is now."""
        view = await caught_in_time(self._view(who))
        if isinstance(view, Trouble):
            view = refused_home_view(render_answer(view.problem))
        await self._conversation.publish_home(who.user, view)

    async def _view(self, who: Who) -> View:
        actor = await self._access.actor(who.user, who.team)
        if not actor.roles and not actor.owns:
            return no_rights_view(self._now(), tuple(map(str, self._access.who_holds(Role.ADMIN))))
        incidents, approvals, runs, platforms = await asyncio.gather(
            self._incidents.open(), self._approvals.open(), self._open_runs(), self._health.outlook()
        )
        return home_view(await self._home(actor, incidents, approvals, runs, platforms))

    async def _open_runs(self) -> Sequence[Run]:
        return [it for it in await self._runs.recent(RECENT) if not it.state.is_final]

    async def _home(
        self,
        actor: Actor,
        incidents: Sequence[Incident],
        approvals: Sequence[Approval],
        runs: Sequence[Run],
        platforms: Sequence[Outlook],
    ) -> Home:
        mine = [it for it in incidents if it.assignee == actor.id]
        unheld = [it for it in incidents if it.state is IncidentState.OPEN]
        return Home(
            as_of=self._now(),
            mine=mine,
            unheld=unheld,
            held=len(incidents) - len({it.id for it in [*mine, *unheld]}),
            approvals=[it for it in approvals if waits_for(it, actor)],
            asked=[it for it in approvals if is_asked_by(it, actor.id)],
            runs=runs,
            platforms=platforms,
            links=await self._whereabouts.of(_cards(incidents, approvals, runs)),
            can_act=actor.has(Role.OPERATOR) or bool(actor.owns),
        )


RECENT = 100
"""How many of the newest runs are looked through for those that are not over."""


def _cards(incidents: Sequence[Incident], approvals: Sequence[Approval], runs: Sequence[Run]) -> dict[str, CardId]:
    return {
        **{it.name: card_id(CardKind.INCIDENT, it.id) for it in incidents},
        **{it.name: card_id(CardKind.APPROVAL, it.id) for it in approvals},
        **{it.name: card_id(CardKind.RUN, it.id) for it in runs},
    }


def waits_for(approval: Approval, actor: Actor) -> bool:
    """Return whether this person's press could bring a request forward."""
    if approval.state is not ApprovalState.PENDING:
        return False
    if approval.plan.need is Need.CONFIRM:
        return approval.requester == actor.id
    may_vote = actor.has(Role.APPROVER) or (approval.plan.need is Need.TWO and approval.plan.platform in actor.owns)
    has_voted = any(vote.user == actor.id for vote in approval.votes)
    return may_vote and not has_voted and approval.requester != actor.id


def is_asked_by(approval: Approval, person: UserId) -> bool:
    """Return whether a request that is not settled is this person's, and waits for others."""
    return approval.requester == person and approval.plan.need is not Need.CONFIRM
