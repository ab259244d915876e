"""The home tab: what Watchkeeper is, what waits for this person, how to ask for help."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.approvals import Approval
from bot.domain.incidents import Incident
from bot.messages import words
from bot.messages.blocks import Block, context, lines, section
from bot.messages.limits import LIST, capped
from bot.messages.message import Message
from bot.messages.modals import View
from bot.messages.mrkdwn import Mrkdwn, bold, code, escape, join, say


@dataclass(frozen=True, slots=True)
class Home:
    """What one person's home tab shows."""

    as_of: datetime
    incidents: Sequence[Incident]
    """Open ones in this person's hands."""
    approvals: Sequence[Approval]
    """Requests this person can answer."""


WHAT_IT_IS = (
    "Alerts become incident threads; people look, decide and act from the thread; what can hurt waits for a second "
    "person; everything leaves a trail."
)


def home_view(home: Home) -> View:
    """Return the home tab of one person."""
    blocks = [
        section(escape(WHAT_IT_IS)),
        *_listed("In your hands", "No open incident is in your hands.", [_incident(it) for it in home.incidents]),
        *_listed("Waiting for your yes", "No request waits for you.", [_approval(it, home) for it in home.approvals]),
        section(join("\n", _HELP)),
        context(words.as_of(home.as_of)),
    ]
    return {"type": "home", "blocks": blocks}


def refused_home_view(message: Message) -> View:
    """Return the home tab of somebody whose home cannot be shown, with the reason."""
    return {"type": "home", "blocks": list(message.blocks)}


def _listed(heading: str, nothing: str, entries: list[Mrkdwn]) -> list[Block]:
    shown, more = capped(entries, LIST)
    return lines(bold(heading), [*shown, *([escape(more)] if more else [])] or [escape(nothing)])


def _incident(incident: Incident) -> Mrkdwn:
    return say(
        "• {severity} {name} on {where}: {title}",
        severity=words.severity(incident.severity),
        name=bold(incident.name),
        where=words.where(incident.platform, incident.service),
        title=words.title(incident.title),
    )


def _approval(approval: Approval, home: Home) -> Mrkdwn:
    return say(
        "• {name}: {title} on {platform}, until {until}",
        name=bold(approval.name),
        title=words.title(approval.plan.title),
        platform=approval.plan.platform,
        until=words.until(approval.expires_at, home.as_of),
    )


_HELP = (
    say("{command} lists what you can ask about the platforms.", command=code("/ops help")),
    say("{command} lists what you can do with incidents.", command=code("/incident help")),
    escape("In a thread, where commands do not work, mention me with the same words."),
)
