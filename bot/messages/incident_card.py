"""The incident's card: what broke, how bad it is, who has it, and the next move, readable at 3 a.m. on a phone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bot.domain.alerts import Alert, AlertStatus
from bot.domain.cards import IncidentCard, Offer
from bot.domain.ids import IncidentId
from bot.domain.incidents import Incident, IncidentState
from bot.messages import limits, words
from bot.messages.blocks import (
    PRIMARY,
    Block,
    actions,
    button,
    confirm,
    context,
    fields,
    lines,
    listed,
    overflow,
    section,
)
from bot.messages.message import Colour, Message, compose
from bot.messages.mrkdwn import Mrkdwn, bold, date, escape, is_web_address, join, link, mention, say

ACK = "incident.ack"
RESOLVE = "incident.resolve"
REOPEN = "incident.reopen"
MITIGATE = "incident.mitigate"
MORE = "incident.more"
ASK = "runbook.ask"

NOTE = "note"
SEVERITY = "sev"
MITIGATED = "mitigate"
TIMELINE = "timeline"
MENU = {
    NOTE: "Add a note…",
    SEVERITY: "Change severity…",
    MITIGATED: "Mark mitigated",
    TIMELINE: "Show timeline",
}
"""Choices of the overflow menu and their words. The value of an option is ``<incident id> <choice>``."""

COLOUR = {
    IncidentState.OPEN: Colour.RED,
    IncidentState.ACKNOWLEDGED: Colour.AMBER,
    IncidentState.MITIGATED: Colour.BLUE,
    IncidentState.RESOLVED: Colour.GREEN,
    IncidentState.MERGED: Colour.GREY,
}
MARK = {
    IncidentState.OPEN: "🔥",
    IncidentState.ACKNOWLEDGED: "👀",
    IncidentState.MITIGATED: "🩹",
    IncidentState.RESOLVED: "✅",
    IncidentState.MERGED: "🔀",
}
OFFERS_SHOWN = 2
"""Acknowledge, two offers, resolve and the menu are five: what a phone shows without scrolling."""
INSTANCE_LABELS = ("instance", "pod", "container", "collection", "queue", "job")
"""Labels that tell one alert of a rule from the next; the first that is there is shown."""
VALUE_ANNOTATIONS = ("value", "current_value")
DESCRIPTIONS = ("description", "message")
"""Annotations in which rules say their values with units."""
EXPRESSION = "Alert's expression"


def render_incident(view: IncidentCard) -> Message:
    """Return the incident's card."""
    incident = view.incident
    head = [section(headline(incident, view.links)), facts(view)]
    body = [*members(incident), *_work(view), *_links(view), *_also_fits(view)]
    tail = [_history(view), *_buttons(view)]
    return compose(summary(incident), head, body, tail, colour=COLOUR[incident.state])


def summary(incident: Incident) -> Mrkdwn:
    """Return what a phone shows of it: how bad, what, where, who has it, in whole sentences."""
    return say(
        "{severity} {name}: {title} on {where}.{firing} {stands}",
        severity=incident.severity,
        name=incident.name,
        title=words.title(incident.title.strip().rstrip(".")),
        where=_where_unless_said(incident),
        firing=f" {_firing_words(incident)} firing." if len(incident.firing) > 1 else "",
        stands=_stands(incident),
    )


def _where_unless_said(incident: Incident) -> str:
    """Return the platform, and the service where the title does not name it anyway."""
    is_said = incident.service is None or incident.service.casefold() in incident.title.casefold()
    return str(incident.platform) if is_said else words.where(incident.platform, incident.service)


def _stands(incident: Incident) -> Mrkdwn:
    """Return who has it, or how it ended, as a sentence."""
    holder = mention(incident.assignee) if incident.assignee else None
    match incident.state:
        case IncidentState.OPEN:
            return escape("Nobody has it yet.")
        case IncidentState.ACKNOWLEDGED:
            return say("{who} has it.", who=holder or "Somebody")
        case IncidentState.MITIGATED:
            return escape("The impact has stopped.")
        case IncidentState.MERGED:
            return escape("It goes on in another incident.")
        case IncidentState.RESOLVED:
            return say("{words}.", words=_resolved_words(incident))


def headline(incident: Incident, links: Mapping[str, str] | None = None) -> Mrkdwn:
    """Return state, id, severity and what is wrong in one line."""
    title = escape(limits.cut(incident.title, limits.TITLE))
    parts = [words.linked(incident.name, links or {}), escape(incident.severity.value), title]
    return say("{mark} {name}", mark=MARK[incident.state], name=bold(join(" · ", parts)))


def facts(view: IncidentCard) -> Block:
    """Return status, severity, place and assignee, two by two."""
    incident = view.incident
    return fields(
        {
            "Status": status(view),
            "Severity": escape(words.severity_meaning(incident.severity)),
            "Where": _place(view),
            "Assignee": mention(incident.assignee) if incident.assignee else escape(_nobody(incident)),
        }
    )


def _nobody(incident: Incident) -> str:
    return "nobody had it" if incident.state.is_closed else "nobody yet"


def _place(view: IncidentCard) -> Mrkdwn:
    """Return service, platform and environment by the names people type."""
    return say(
        "{service}{platform}{environment}",
        service=say("{service} on ", service=view.incident.service) if view.incident.service else "",
        platform=view.incident.platform,
        environment=f" ({view.environment})" if view.environment else "",
    )


def status(view: IncidentCard) -> Mrkdwn:
    """Return where the incident stands, since when, and by whom."""
    incident = view.incident
    match incident.state:
        case IncidentState.OPEN:
            return say("Open since {at}", at=date(incident.opened_at))
        case IncidentState.ACKNOWLEDGED:
            return say("Acknowledged, open since {at}", at=date(incident.opened_at))
        case IncidentState.MITIGATED:
            return say("Mitigated, open since {at}", at=date(incident.opened_at))
        case IncidentState.MERGED:
            return say("Merged into {other}", other=_merged_into(view))
        case IncidentState.RESOLVED:
            return _resolved_words(incident)


def _merged_into(view: IncidentCard) -> Mrkdwn:
    return words.linked(view.merged_into or "another incident", view.links)


def _resolved_words(incident: Incident) -> Mrkdwn:
    end = incident.resolved_at or incident.changed_at
    return say(
        "Resolved by {who} after {took}",
        who=mention(incident.resolved_by) if incident.resolved_by else "alert source",
        took=words.duration(end - incident.opened_at),
    )


def members(incident: Incident) -> list[Block]:
    """Return the alerts that fire, first few with values; once none does, what they were and how long each fired."""
    if not incident.members:
        return []
    firing = bool(incident.firing)
    alerts = incident.firing or tuple(sorted(incident.members.values(), key=lambda alert: alert.starts_at))
    heading = bold(f"{_firing_words(incident)} firing") if firing else bold("What fired")
    entries = listed(alerts, lambda alert: _member(alert, incident), limits.MEMBERS)
    return lines(heading, [*entries, *_truncated(incident)])


def _firing_words(incident: Incident) -> str:
    return words.count("alert", len(incident.firing))


def _truncated(incident: Incident) -> list[Mrkdwn]:
    cut_off = words.count("more alert", incident.truncated)
    return [say("_Alertmanager cut {cut_off} from its message._", cut_off=cut_off)] if incident.truncated else []


def _member(alert: Alert, incident: Incident) -> Mrkdwn:
    """Return one alert: rule, what tells it apart, its value, how long; below it what it says in its own words."""
    instance = next((alert.labels[name] for name in INSTANCE_LABELS if alert.labels.get(name)), "")
    value = next((alert.annotations[name] for name in VALUE_ANNOTATIONS if alert.annotations.get(name)), "")
    parts = [
        bold(escape(alert.name, limits.TITLE)),
        escape(instance, limits.TITLE),
        say("value {value}", value=escape(value, limits.TITLE)) if value else escape(""),
        _alert_time(alert),
    ]
    own = say("\n   {own}", own=words.detail(said)) if (said := _own_words(alert, incident)) else escape("")
    return say("• {parts}{own}", parts=join(" · ", parts), own=own)


def _own_words(alert: Alert, incident: Incident) -> str:
    """Return summary and description of an alert without what the card says already: there its values are."""
    description = next((alert.annotations[name] for name in DESCRIPTIONS if alert.annotations.get(name)), "")
    known = {incident.title, alert.name, ""}
    return " ".join(words.sentence(it) for it in dict.fromkeys((alert.summary, description)) if it not in known)


def _alert_time(alert: Alert) -> Mrkdwn:
    if alert.status is AlertStatus.FIRING:
        return say("began {ago}", ago=words.ago(alert.starts_at))
    if alert.ends_at is None:
        return escape("over")
    return say("fired for {took}", took=words.duration(alert.ends_at - alert.starts_at))


def _work(view: IncidentCard) -> list[Block]:
    """Return what is under way below the card."""
    requests = words.count("request", view.approvals_open)
    waits = "waits" if view.approvals_open == 1 else "wait"
    waiting = [say("• {requests} {waits} for a yes", requests=requests, waits=waits)] if view.approvals_open else []
    return lines(bold("Under way"), [*waiting, *listed(view.runs_open, words.bullet, limits.MEMBERS)])


def _links(view: IncidentCard) -> list[Block]:
    links = list(dict.fromkeys(link(url, name) for name, url in _addresses(view)))
    return [section(say("Links: {links}", links=join(" · ", links[: limits.MEMBERS])))] if links else []


def _addresses(view: IncidentCard) -> Iterator[tuple[str, str]]:
    """Yield name and address of the pages to read: the alerts' ``*_url`` annotations, the guide, the expression."""
    incident = view.incident
    for alert in sorted(incident.members.values(), key=lambda member: member.starts_at):
        for name, address in alert.annotations.items():
            if name.endswith("_url") and is_web_address(address):
                yield name.removesuffix("_url").replace("_", " ").capitalize(), address
    if is_web_address(view.guide):
        yield "Guide", view.guide
    for alert in sorted(incident.members.values(), key=lambda member: member.starts_at)[:1]:
        if is_web_address(alert.generator_url):
            yield EXPRESSION, alert.generator_url


def _also_fits(view: IncidentCard) -> list[Block]:
    """Return the offers without a button of their own, so that none is hidden."""
    rest = [] if view.incident.state.is_closed else view.offers[OFFERS_SHOWN:]
    names = join(", ", [words.title(offer.label) for offer in rest[: limits.MEMBERS]])
    return [context(say("Also fits: {names}", names=names))] if names else []


def _history(view: IncidentCard) -> Block:
    """Return the last change and by whom, what a glance at the card does not tell, and when it was true."""
    incident = view.incident
    hidden = len(incident.members) > max(len(incident.firing), 1)
    return context(
        last_change(view),
        escape(f"{words.count('alert', len(incident.members))} in all" if hidden else ""),
        escape(f"re-opened {times(incident.reopened)}" if incident.reopened else ""),
        words.as_of(view.as_of),
    )


def last_change(view: IncidentCard) -> Mrkdwn:
    """Return what happened last to the incident, by whom and how long ago: ``Acknowledged by @x 3 minutes ago``."""
    incident = view.incident
    match incident.state:
        case IncidentState.OPEN:
            declared = incident.declared_by
            by = say("Declared by {who}", who=mention(declared)) if declared else escape("Opened by alert source")
            return say("{by} {ago}", by=by, ago=words.ago(incident.opened_at))
        case IncidentState.ACKNOWLEDGED:
            who, at = mention(incident.assignee or "somebody"), incident.acknowledged_at or incident.changed_at
            return say("Acknowledged by {who} {ago}", who=who, ago=words.ago(at))
        case IncidentState.MITIGATED:
            return say("Mitigated {ago}", ago=words.ago(incident.mitigated_at or incident.changed_at))
        case IncidentState.RESOLVED:
            return say("Resolved {ago}", ago=words.ago(incident.resolved_at or incident.changed_at))
        case IncidentState.MERGED:
            return say("Merged {ago}", ago=words.ago(incident.changed_at))


def times(amount: int) -> str:
    """Return how often, in words."""
    return "once" if amount == 1 else f"{amount} times"


def ack_button(incident: IncidentId, words_: str, *, style: str | None = None) -> Block:
    """Return the button that puts the incident into the hands of who presses it."""
    return button(words_, ACK, incident, style=style)


def reopen_button(incident: IncidentId) -> Block:
    """Return the button that opens a resolved incident again."""
    return button("Re-open", REOPEN, incident)


def _buttons(view: IncidentCard) -> list[Block]:
    """Return the moves that fit the state, five at most; primary is the single next step."""
    incident = view.incident
    match incident.state:
        case IncidentState.OPEN:
            acknowledge = ack_button(incident.id, "Acknowledge", style=PRIMARY)
            return actions(acknowledge, *_offers(view), _resolve(incident), _menu(incident, *MENU))
        case IncidentState.ACKNOWLEDGED:
            held = ack_button(incident.id, "Take over")
            step = None if view.offers else button("Mark mitigated", MITIGATE, incident.id, style=PRIMARY)
            choices = [choice for choice in MENU if step is None or choice != MITIGATED]
            return actions(step, *_offers(view, style=PRIMARY), held, _resolve(incident), _menu(incident, *choices))
        case IncidentState.MITIGATED:
            resolve = _resolve(incident, style=PRIMARY)
            return actions(resolve, *_offers(view), _menu(incident, NOTE, SEVERITY, TIMELINE))
        case IncidentState.RESOLVED:
            return actions(reopen_button(incident.id), _menu(incident, NOTE, TIMELINE))
        case IncidentState.MERGED:
            return actions(_menu(incident, TIMELINE))


def _offers(view: IncidentCard, *, style: str | None = None) -> list[Block]:
    """Return a button for each of the first offers; ``style`` is the first one's, where it is the next step."""
    shown = enumerate(view.offers[:OFFERS_SHOWN])
    return [_offer(view.incident.id, offer, index + 1, None if index else style) for index, offer in shown]


def _offer(incident: IncidentId, offer: Offer, position: int, style: str | None) -> Block:
    return button(offer.label, f"{ASK}.{position}", f"{incident} {offer.runbook}", style=style)


def _resolve(incident: Incident, *, style: str | None = None) -> Block:
    still = (
        f"{_firing_words(incident)} still firing: a reminder follows after 15 minutes, "
        "and an alert that fires anew opens it again."
    )
    consequence = still if incident.firing else "The thread stays, and an alert that fires again opens it again."
    dialog = confirm(f"Resolve {incident.name}?", consequence, "Resolve")
    return button("Resolve", RESOLVE, incident.id, style=style, confirm=dialog)


def _menu(incident: Incident, *choices: str) -> Block:
    return overflow(MORE, {f"{incident.id} {choice}": MENU[choice] for choice in choices})


def menu_choice(value: str) -> tuple[IncidentId, str]:
    """Return the incident and the choice that the value of a menu's option names."""
    incident, _, choice = value.partition(" ")
    return IncidentId(incident), choice
