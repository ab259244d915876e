"""Everything that meets the workspace's payloads, put together: what a process needs to serve Slack, and tests too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.domain.ids import GroupId
from bot.ports.approvals import Approvals
from bot.ports.conversation import Conversation, Shares
from bot.ports.incidents import Incidents
from bot.ports.outbox import Outbox
from bot.ports.platforms import Platforms
from bot.ports.runs import Runs
from bot.services.access import AccessService
from bot.services.requesting import RequestService
from bot.services.whereabouts import Whereabouts
from handlers.acks import Listen
from handlers.answering import CommandButtons, Verbs
from handlers.approval_buttons import ApprovalButtons
from handlers.background import Background
from handlers.bolt_app import Listeners
from handlers.buttons import Buttons, Press
from handlers.commands import Commands
from handlers.group_events import EVENTS, GroupEvents
from handlers.home import QUIET, Health, HomeTab, say_nothing
from handlers.incident_buttons import IncidentButtons
from handlers.mentions import Mentions
from handlers.modals import Forms, Modals
from handlers.run_buttons import RunButtons
from handlers.share_button import ShareButton
from handlers.shortcuts import Shortcuts
from handlers.telling import Teller
from handlers.threads import IncidentThreads


@dataclass(frozen=True, slots=True)
class Parts:
    """What the listeners stand on."""

    our_id: Callable[[], str]
    """Our own user id in the workspace; empty until it was learnt."""
    groups: frozenset[GroupId]
    """The user groups that grant something."""
    access: AccessService
    verbs: Verbs
    requests: RequestService
    incidents: Incidents
    approvals: Approvals
    runs: Runs
    outbox: Outbox
    platforms: Platforms
    health: Health
    whereabouts: Whereabouts
    shares: Shares
    conversation: Conversation


def slack_listeners(parts: Parts, background: Background, teller: Teller) -> Listeners:
    """Return a listener for each family of payloads."""
    threads = IncidentThreads(parts.outbox, parts.approvals, parts.runs)
    forms = Forms(parts.incidents, parts.approvals, parts.runs, parts.platforms, parts.access, parts.verbs)
    modals = Modals(parts.access, forms.by_callback(), parts.conversation, background)
    home = _home(parts, background)
    shortcuts = Shortcuts(parts.access, parts.incidents, threads, parts.platforms, teller, background)
    return Listeners(
        command=Commands(parts.access, parts.verbs, parts.shares, parts.conversation, background).receive,
        button=Buttons(parts.access, presses(parts), teller, background, home=home.show).receive,
        modal=modals.receive,
        modal_closed=modals.closed,
        shortcut=shortcuts.receive,
        events=_events(parts, threads, home, background),
    )


def _home(parts: Parts, background: Background) -> HomeTab:
    return HomeTab(
        access=parts.access,
        incidents=parts.incidents,
        approvals=parts.approvals,
        runs=parts.runs,
        health=parts.health,
        whereabouts=parts.whereabouts,
        conversation=parts.conversation,
        background=background,
    )


def presses(parts: Parts) -> Mapping[str, Press]:
    """Return what every button and menu does, by ``action_id``."""
    threads = IncidentThreads(parts.outbox, parts.approvals, parts.runs)
    return {
        **IncidentButtons(parts.incidents, parts.requests).presses(),
        **ApprovalButtons(parts.approvals, parts.requests, parts.access).presses(),
        **RunButtons(parts.runs).presses(),
        **ShareButton(parts.shares).presses(),
        **dict.fromkeys(QUIET, say_nothing),
        **CommandButtons(parts.verbs, parts.shares, threads).presses(),
    }


def _events(parts: Parts, threads: IncidentThreads, home: HomeTab, background: Background) -> Mapping[str, Listen]:
    mentions = Mentions(parts.our_id, parts.access, parts.verbs, threads, parts.outbox, parts.conversation, background)
    groups = GroupEvents(parts.groups, parts.access.refresh, background)
    return {
        "app_mention": mentions.receive,
        "app_home_opened": home.receive,
        **dict.fromkeys(EVENTS, groups.receive),
    }
