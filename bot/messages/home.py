"""The home tab: what is in this person's hands, what waits for their yes, how the platforms stand, how to get help."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from bot.domain.answers import Outlook
from bot.domain.approvals import Approval
from bot.domain.findings import Verdict
from bot.domain.incidents import Incident
from bot.domain.runs import Run
from bot.messages import approval_card, incident_card, limits, run_card, words
from bot.messages.answer_outcomes import people
from bot.messages.answers import command_buttons
from bot.messages.blocks import Block, actions, button, context, divider, lines, link_button, section
from bot.messages.limits import capped
from bot.messages.message import Message
from bot.messages.modals import View
from bot.messages.mrkdwn import Mrkdwn, bold, code, escape, join, say

REFRESH = "home.refresh"
OPEN_LINK = "home.open"

SHOWN = 5
"""Things with buttons of their own a heading shows."""
STATE_WORDS = {
    Verdict.OK: "✅ healthy",
    Verdict.WARNING: "⚠️ degraded",
    Verdict.CRITICAL: "🔴 degraded",
    Verdict.UNKNOWN: "❔ unknown",
}

Thing = TypeVar("Thing")


@dataclass(frozen=True, slots=True)
class Home:
    """What one person's home tab shows."""

    as_of: datetime
    mine: Sequence[Incident] = ()
    """Open ones in this person's hands."""
    unheld: Sequence[Incident] = ()
    """Open ones in nobody's hands."""
    held: int = 0
    """How many open ones others have."""
    approvals: Sequence[Approval] = ()
    """Requests this person can answer."""
    asked: Sequence[Approval] = ()
    """Requests of this person that are not settled."""
    runs: Sequence[Run] = ()
    """Runs that are not over."""
    platforms: Sequence[Outlook] = ()
    links: Mapping[str, str] = field(default_factory=dict)
    """Addresses of messages by short name."""
    can_act: bool = True
    """Whether this person may acknowledge and ask for changes somewhere."""


def home_view(home: Home) -> View:
    """Return the home tab of one person, within the 100 blocks of a view."""
    blocks = [
        _top(home),
        *_with_buttons("In your hands", home.mine, _incident, lambda it: _incident_buttons(it, home, held=True)),
        *_nothing_in_hand(home),
        *_with_buttons("Nobody has these", home.unheld, _incident, lambda it: _incident_buttons(it, home, held=False)),
        *_others(home),
        *_with_buttons("Waiting for your yes", home.approvals, _approval(home), lambda it: _vote_buttons(it, home)),
        *_list("You asked for", [_asked(it, home) for it in home.asked]),
        *_list("Runs under way", [_run(it, home) for it in home.runs]),
        divider(),
        *_list("Platforms", [_platform(it) for it in home.platforms] or [escape("None is under care yet.")]),
        divider(),
        *_help(home),
    ]
    return {"type": "home", "blocks": blocks}


def refused_home_view(message: Message) -> View:
    """Return the home tab of somebody whose home cannot be shown, with the reason and the next move."""
    next_move = escape("Ask whoever keeps Watchkeeper here to list you in its configuration, then press Refresh.")
    return {"type": "home", "blocks": [*message.blocks, section(next_move, accessory=_refresh())]}


def no_rights_view(as_of: datetime, who_can: tuple[str, ...]) -> View:
    """Return the home tab of somebody who holds no role: what that means, and whom to ask."""
    asked = say("Ask {who} for the role you need", who=people(who_can)) if who_can else escape("Ask an administrator")
    told = say("*You hold no role here*, so there is nothing to show. {asked}, then press Refresh.", asked=asked)
    what = say("{command} says what is known of you.", command=code("/ops whoami"))
    return {"type": "home", "blocks": [section(told, accessory=_refresh()), context(what, words.as_of(as_of))]}


def _top(home: Home) -> Block:
    open_now = len(home.mine) + len(home.unheld) + home.held
    found = f"{words.count('incident', open_now)} open" if open_now else "No incident is open"
    waiting = f" · {words.count('request', len(home.approvals))} waiting for your yes" if home.approvals else ""
    told = say("*{found}{waiting}*\n{at}", found=found, waiting=waiting, at=words.as_of(home.as_of))
    return section(told, accessory=_refresh())


def _refresh() -> Block:
    return button("Refresh", REFRESH, "home")


def _with_buttons(
    heading: str, things: Sequence[Thing], line: Callable[[Thing], Mrkdwn], buttons: Callable[[Thing], list[Block]]
) -> list[Block]:
    """Return things under a heading, each with its own row of buttons; nothing for none."""
    shown, more = capped(things, SHOWN)
    blocks = [section(bold(heading))] if things else []
    for thing in shown:
        blocks += [section(line(thing)), *buttons(thing)]
    return [*blocks, *([context(escape(f"{more}; a list shows them all, see below"))] if more else [])]


def _list(heading: str, entries: Sequence[Mrkdwn]) -> list[Block]:
    shown, more = capped(entries, limits.LIST)
    return lines(bold(heading), [*shown, *([escape(more)] if more else [])])


def _nothing_in_hand(home: Home) -> list[Block]:
    calm = "Nothing is in your hands, and nothing waits for you."
    return [section(escape(calm))] if not (home.mine or home.unheld or home.approvals) else []


def _others(home: Home) -> list[Block]:
    has = "is" if home.held == 1 else "are"
    told = f"{words.count('other incident', home.held)} {has} in other people's hands."
    return [context(escape(told))] if home.held else []


def _incident(incident: Incident) -> Mrkdwn:
    return say(
        "{mark} {name} · {severity} · {title}\n{where} · open {ago}",
        mark=incident_card.MARK[incident.state],
        name=bold(incident.name),
        severity=incident.severity,
        title=words.title(incident.title),
        where=words.where(incident.platform, incident.service),
        ago=words.ago(incident.opened_at),
    )


def _incident_buttons(incident: Incident, home: Home, *, held: bool) -> list[Block]:
    acknowledge = None if held or not home.can_act else incident_card.ack_button(incident.id, "Acknowledge")
    return actions(_open(incident.name, "Open thread", home), acknowledge)


def _open(name: str, words_: str, home: Home) -> Block | None:
    return link_button(words_, OPEN_LINK, home.links[name]) if name in home.links else None


def _approval(home: Home) -> Callable[[Approval], Mrkdwn]:
    def line(approval: Approval) -> Mrkdwn:
        return say(
            "✋ {name} · {title} on {platform} ({environment})\nuntil {until}",
            name=bold(approval.name),
            title=words.title(approval.plan.title),
            platform=approval.plan.platform,
            environment=approval.plan.environment,
            until=words.until(approval.expires_at, home.as_of),
        )

    return line


def _vote_buttons(approval: Approval, home: Home) -> list[Block]:
    """Return the plan to read, and the same yes and no that stand on its card."""
    read = _open(approval.name, "Read plan", home)
    return actions(read, approval_card.approve_button(approval), approval_card.deny_button(approval))


def _asked(approval: Approval, home: Home) -> Mrkdwn:
    return say(
        "{mark} {name} {title} on {platform} {state}",
        mark=approval_card.MARK[approval.state],
        name=bold(words.linked(approval.name, home.links)),
        title=words.title(approval.plan.title),
        platform=approval.plan.platform,
        state=approval_card.state_words(approval),
    )


def _run(run: Run, home: Home) -> Mrkdwn:
    step = run.next_step
    return say(
        "{mark} {name} {title} on {platform} {state}{step}",
        mark=run_card.MARK[run.state],
        name=bold(words.linked(run.name, home.links)),
        title=words.title(run.plan.title),
        platform=run.plan.platform,
        state=run_card.STATE_WORDS[run.state],
        step=f", step {step + 1} of {len(run.steps)}" if step is not None else "",
    )


def _platform(outlook: Outlook) -> Mrkdwn:
    """Return how a platform stands and what is wrong with it; unknown is said as such."""
    shown, more = capped(outlook.wrong, limits.MEMBERS)
    wrong = [say("\n   • {what}", what=words.detail(it)) for it in [*shown, *([more] if more else [])]]
    return say(
        "*{name}* {state}, {at}{wrong}",
        name=outlook.platform,
        state=STATE_WORDS[outlook.verdict],
        at=words.as_of(outlook.as_of),
        wrong=join("", wrong),
    )


def _help(home: Home) -> list[Block]:
    """Return the questions asked most as buttons, and where help is."""
    asked = {"Show status": "/ops status", "List incidents": "/incident list", "Show requests": "/ops approvals"}
    acting = {"Declare incident…": "/incident declare", "Ask for restart…": "/ops restart"} if home.can_act else {}
    return [
        *actions(*command_buttons({**asked, **acting})),
        context(
            say("{ops} and {incident} show a menu", ops=code("/ops"), incident=code("/incident")),
            say("in a thread, where they do not work, mention me: {example}", example=code("@watchkeeper status")),
            say("{help} lists everything", help=code("/ops help")),
        ),
    ]
