"""The home tab: published anew whenever somebody opens it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from bot.domain.approvals import Approval, ApprovalState
from bot.domain.people import Actor
from bot.domain.rights import Need, Role
from bot.messages.answers import render_answer
from bot.messages.home import Home, home_view, refused_home_view
from bot.messages.modals import View
from bot.ports.approvals import Approvals
from bot.ports.conversation import Conversation
from bot.ports.incidents import Incidents
from bot.services.access import AccessService
from handlers.acks import Ack, Body
from handlers.background import Background
from handlers.errors import Trouble, caught_in_time
from handlers.slack_payloads import HomeOpened, read_home_opened

HOME_TAB = "home"


class HomeTab:
    """Shows people what is theirs to do."""

    def __init__(
        self,
        access: AccessService,
        incidents: Incidents,
        approvals: Approvals,
        conversation: Conversation,
        background: Background,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._access = access
        self._incidents = incidents
        self._approvals = approvals
        self._conversation = conversation
        self._background = background
        self._now = now

    async def receive(self, body: Body) -> Ack:
        """Acknowledge at once; the tab follows."""
        opened = read_home_opened(body)
        if opened.tab == HOME_TAB and opened.who.user:
            self._background.start(self._publish(opened))
        return Ack()

    async def _publish(self, opened: HomeOpened) -> None:
        view = await caught_in_time(self._view(opened))
        if isinstance(view, Trouble):
            view = refused_home_view(render_answer(view.problem))
        await self._conversation.publish_home(opened.who.user, view)

    async def _view(self, opened: HomeOpened) -> View:
        actor = await self._access.actor(opened.who.user, opened.who.team)
        incidents = [it for it in await self._incidents.open() if it.assignee == actor.id]
        approvals = [it for it in await self._approvals.open() if waits_for(it, actor)]
        return home_view(Home(self._now(), incidents, approvals))


def waits_for(approval: Approval, actor: Actor) -> bool:
    """Return whether this person's press could bring a request forward."""
    if approval.state is not ApprovalState.PENDING:
        return False
    if approval.plan.need is Need.CONFIRM:
        return approval.requester == actor.id
    may_vote = actor.has(Role.APPROVER) or (approval.plan.need is Need.TWO and approval.plan.platform in actor.owns)
    has_voted = any(vote.user == actor.id for vote in approval.votes)
    return may_vote and not has_voted and approval.requester != actor.id
