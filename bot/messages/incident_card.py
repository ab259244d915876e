"""The incident's card: what broke, how bad it is, who has it, and the next move, readable at 3 a.m. on a phone."""

from __future__ import annotations

from collections.abc import Iterator

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
EXPRESSION = "Alert's expression"


def render_incident(view: IncidentCard) -> Message:
    """Return the incident's card."""
    incident = view.incident
    head = [section(headline(incident)), facts(view)]
    body = [*members(incident), *_work(view), *_links(incident), *_also_fits(view)]
    tail = [_history(view), *_buttons(view)]
    return compose(summary(incident), head, body, tail, colour=COLOUR[incident.state])


def summary(incident: Incident) -> Mrkdwn:
    """Return the incident in one sentence, for notifications."""
    return say(
        "{name} ({severity}, {state}) on {where}: {title}{firing}",
        name=incident.name,
        severity=incident.severity,
        state=incident.state,
        where=words.where(incident.platform, incident.service),
        title=words.title(words.sentence(incident.title)),
        firing=f" {_firing_words(incident)} firing." if incident.firing else "",
    )


def headline(incident: Incident) -> Mrkdwn:
    """Return state, id, severity and title in one line."""
    name = bold(f"{incident.name} · {incident.severity} · {limits.cut(incident.title, limits.TITLE)}")
    return say("{mark} {name}", mark=MARK[incident.state], name=name)


def facts(view: IncidentCard) -> Block:
    """Return status, severity, place and assignee in two columns."""
    incident = view.incident
    where = say(
        "{platform}{environment}{service}",
        platform=words.title(view.platform_title),
        environment=f" ({view.environment})" if view.environment else "",
        service=say("\n{service}", service=incident.service) if incident.service else "",
    )
    return fields(
        {
            "Status": status(view),
            "Severity": escape(words.severity(incident.severity)),
            "Where": where,
            "Assignee": mention(incident.assignee) if incident.assignee else escape("nobody yet"),
        }
    )


def status(view: IncidentCard) -> Mrkdwn:
    """Return where the incident stands, since when, and by whom."""
    incident = view.incident
    match incident.state:
        case IncidentState.OPEN:
            return say("Open since {at}", at=date(incident.opened_at))
        case IncidentState.ACKNOWLEDGED:
            return say("Acknowledged {at}", at=date(incident.acknowledged_at or incident.changed_at))
        case IncidentState.MITIGATED:
            return say("Mitigated {at}", at=date(incident.mitigated_at or incident.changed_at))
        case IncidentState.MERGED:
            return say("Merged into {other}", other=view.merged_into or "another incident")
        case IncidentState.RESOLVED:
            return _resolved_words(incident)


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
    """Return one alert: rule, what tells it apart, its value, its own summary, how long."""
    instance = next((alert.labels[name] for name in INSTANCE_LABELS if alert.labels.get(name)), "")
    value = next((alert.annotations[name] for name in VALUE_ANNOTATIONS if alert.annotations.get(name)), "")
    parts = [
        bold(escape(alert.name, limits.TITLE)),
        escape(instance, limits.TITLE),
        say("value {value}", value=escape(value, limits.TITLE)) if value else escape(""),
        escape(alert.summary, limits.TITLE) if alert.summary not in (incident.title, alert.name) else escape(""),
        _alert_time(alert),
    ]
    return say("• {parts}", parts=join(" · ", parts))


def _alert_time(alert: Alert) -> Mrkdwn:
    if alert.status is AlertStatus.FIRING:
        return say("since {at}", at=date(alert.starts_at))
    if alert.ends_at is None:
        return escape("over")
    return say("fired for {took}", took=words.duration(alert.ends_at - alert.starts_at))


def _work(view: IncidentCard) -> list[Block]:
    """Return what is under way below the card."""
    requests = words.count("request", view.approvals_open)
    waiting = [say("• {requests} waiting for a yes", requests=requests)] if view.approvals_open else []
    return lines(bold("Under way"), [*waiting, *listed(view.runs_open, words.bullet, limits.MEMBERS)])


def _links(incident: Incident) -> list[Block]:
    links = list(dict.fromkeys(link(url, name) for name, url in _addresses(incident)))
    return [section(say("Links: {links}", links=join(" · ", links[: limits.MEMBERS])))] if links else []


def _addresses(incident: Incident) -> Iterator[tuple[str, str]]:
    """Yield name and address of the pages that the alerts point to: ``*_url`` annotations, then the expression."""
    for alert in sorted(incident.members.values(), key=lambda member: member.starts_at):
        for name, address in alert.annotations.items():
            if name.endswith("_url") and is_web_address(address):
                yield name.removesuffix("_url").replace("_", " ").capitalize(), address
    for alert in sorted(incident.members.values(), key=lambda member: member.starts_at)[:1]:
        if is_web_address(alert.generator_url):
            yield EXPRESSION, alert.generator_url


def _also_fits(view: IncidentCard) -> list[Block]:
    """Return the offers without a button of their own, so that none is hidden."""
    rest = [] if view.incident.state.is_closed else view.offers[OFFERS_SHOWN:]
    names = join(", ", [words.title(offer.label) for offer in rest[: limits.MEMBERS]])
    return [context(say("Also fits: {names}", names=names))] if names else []


def _history(view: IncidentCard) -> Block:
    incident = view.incident
    alerts = words.count("alert", len(incident.members)) if incident.members else ""
    return context(
        say("declared by {who}", who=mention(incident.declared_by)) if incident.declared_by else escape(""),
        escape(f"{alerts} in all" if alerts else ""),
        escape(f"re-opened {times(incident.reopened)}" if incident.reopened else ""),
        say("changed {at}", at=date(incident.changed_at)),
        words.as_of(view.as_of),
    )


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
            held = ack_button(incident.id, "I have it")
            step = None if view.offers else button("Mark mitigated", MITIGATE, incident.id, style=PRIMARY)
            choices = [choice for choice in MENU if step is None or choice != MITIGATED]
            return actions(step, *_offers(view), held, _resolve(incident), _menu(incident, *choices))
        case IncidentState.MITIGATED:
            resolve = _resolve(incident, style=PRIMARY)
            return actions(resolve, *_offers(view), _menu(incident, NOTE, SEVERITY, TIMELINE))
        case IncidentState.RESOLVED:
            return actions(reopen_button(incident.id), _menu(incident, NOTE, TIMELINE))
        case IncidentState.MERGED:
            return actions(_menu(incident, TIMELINE))


def _offers(view: IncidentCard) -> list[Block]:
    return [_offer(view.incident.id, offer, index + 1) for index, offer in enumerate(view.offers[:OFFERS_SHOWN])]


def _offer(incident: IncidentId, offer: Offer, position: int) -> Block:
    return button(offer.label, f"{ASK}.{position}", f"{incident} {offer.runbook}")


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
