"""Everything that meets the workspace's payloads, put together: what a process needs to serve Slack, and tests too."""

from __future__ import annotations

from collections.abc import Mapping
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
from handlers.acks import Listen
from handlers.approval_buttons import ApprovalButtons
from handlers.background import Background
from handlers.bolt_app import Listeners
from handlers.buttons import Buttons, Press
from handlers.commands import Commands, Verbs
from handlers.group_events import EVENTS, GroupEvents
from handlers.home import HomeTab
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

    our_id: str
    """Our own user id in the workspace."""
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
    shares: Shares
    conversation: Conversation


def slack_listeners(parts: Parts, background: Background, teller: Teller) -> Listeners:
    """Return a listener for each family of payloads."""
    threads = IncidentThreads(parts.outbox, parts.approvals, parts.runs)
    forms = Forms(parts.incidents, parts.approvals, parts.runs, parts.platforms, parts.access)
    modals = Modals(parts.access, forms.by_callback(), parts.conversation, background)
    shortcuts = Shortcuts(parts.access, parts.incidents, threads, parts.platforms, teller, background)
    return Listeners(
        command=Commands(parts.access, parts.verbs, parts.shares, parts.conversation, background).receive,
        button=Buttons(parts.access, presses(parts), teller, background).receive,
        modal=modals.receive,
        modal_closed=modals.closed,
        shortcut=shortcuts.receive,
        events=_events(parts, threads, background),
    )


def presses(parts: Parts) -> Mapping[str, Press]:
    """Return what every button and menu does, by ``action_id``."""
    return {
        **IncidentButtons(parts.incidents, parts.requests).presses(),
        **ApprovalButtons(parts.approvals, parts.requests, parts.access).presses(),
        **RunButtons(parts.runs).presses(),
        **ShareButton(parts.shares).presses(),
    }


def _events(parts: Parts, threads: IncidentThreads, background: Background) -> Mapping[str, Listen]:
    mentions = Mentions(parts.our_id, parts.access, parts.verbs, threads, parts.outbox, parts.conversation, background)
    home = HomeTab(parts.access, parts.incidents, parts.approvals, parts.conversation, background)
    groups = GroupEvents(parts.groups, parts.access.refresh, background)
    return {
        "app_mention": mentions.receive,
        "app_home_opened": home.receive,
        **dict.fromkeys(EVENTS, groups.receive),
    }
