"""What a webhook would do, at the terminal: lines for people, JSON for scripts, blocks for Block Kit Builder."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.alerts import AlertStatus
from bot.domain.cards import IncidentCard
from bot.domain.effects import CardKind, Channel, Notice, NoticeKind, Place, card_id, card_parts
from bot.domain.foretelling import AlertForetold, Call, Fate, Foretold, Happening, IncidentForetold
from bot.domain.ids import ChannelId
from bot.messages import words
from bot.messages.cards import render_card
from bot.messages.message import to_payload
from bot.messages.mrkdwn import clean
from bot.messages.notices import render_notice
from bot.messages.plain import readable, to_plain

FATES = {
    Fate.REPEATED: "nothing: it repeats the last accepted report",
    Fate.QUIET: "nothing: its severity label says that it concerns no incident",
    Fate.UNHELD: "nothing: it is resolved, and no incident holds it",
}
HAPPENINGS = {
    Happening.OPENED: "would be opened",
    Happening.JOINED: "would be joined",
    Happening.UPDATED: "would be updated",
    Happening.REOPENED: "would be opened again, in the same thread",
    Happening.RESOLVED: "would be resolved",
    Happening.WAITING: "would wait for the run on its target before it is resolved",
    Happening.UNCHANGED: "would stay as it is",
}
CALLS: Mapping[str, str] = {
    NoticeKind.ESCALATED: "if nobody has acknowledged it by then",
    NoticeKind.ACK_QUIET_ASK: "if its assignee shows no sign of life until then",
}


@dataclass(frozen=True, slots=True)
class Simulation:
    """What a body would do, and what that was decided on."""

    foretold: Foretold
    cards: Sequence[IncidentCard]
    """One for each incident that it would open or meet, as the card would be then."""
    channels: Mapping[Channel, ChannelId]
    now: datetime
    why_empty: str = ""
    """Why it was decided as for an empty store; empty where the running store was read."""

    @property
    def outcome(self) -> str:
        """Return what the door would answer: ``accepted``, or ``known`` for what it keeps nothing of."""
        return "accepted" if self.foretold.is_news else "known"


def as_text(it: Simulation) -> str:
    """Return everything as lines of at most a terminal's width where the texts allow it."""
    return "\n".join(_lines(it)) + "\n"


def _lines(it: Simulation) -> Iterator[str]:
    group = it.foretold.group
    verdict = "accepted" if it.foretold.is_news else "answered 200 and dropped: nothing in it is news"
    yield f"{group.platform}: {words.count('alert', len(group.alerts))} would be {verdict}"
    yield f"decided over {_basis(it)}"
    yield f"group {clean(group.group_key)}, receiver {clean(group.receiver)}"
    yield from ("", "Alerts")
    for alert in it.foretold.alerts:
        yield from _alert_lines(alert)
    yield from ("", "Incidents")
    if not it.foretold.incidents:
        yield "  none would change"
    for incident, card in zip(it.foretold.incidents, it.cards, strict=True):
        yield from _incident_lines(it, incident, card)
    for card in it.cards:
        yield from ("", f"The card of {card.incident.name}")
        yield from _quoted(to_plain(render_card(card)))
    if it.foretold.warnings:
        yield from ("", "Warnings")
        yield from (f"  - {clean(warning)}" for warning in it.foretold.warnings)
    yield from ("", "Nothing was written, and nothing was sent.")


def _basis(it: Simulation) -> str:
    if it.why_empty:
        return f"an empty store: {it.why_empty}"
    return f"the running store, as of {_time(it.now)}"


def _alert_lines(it: AlertForetold) -> Iterator[str]:
    alert, judged = it.alert, it.judgement
    since = f"firing since {_time(alert.starts_at)}"
    ended = f"resolved {_time(alert.ends_at)}" if alert.ends_at else "resolved"
    yield f"  {clean(alert.name)} {clean(alert.fingerprint)}: {since if alert.status is AlertStatus.FIRING else ended}"
    yield f"    service   {judged.service.name if judged.service else 'the platform itself'}, by {_service_line(it)}"
    yield f"    severity  {judged.severity}, by {_rule(it)}"
    if judged.rule and judged.rule.offer:
        yield f"    offers    {', '.join(judged.rule.offer)}"
    yield f"    becomes   {f'a member of {it.incident}' if it.incident else FATES[it.fate]}"


def _service_line(it: AlertForetold) -> str:
    return _matchers(it.judgement.matchers) if it.judgement.service else "no service's `alerts`"


def _rule(it: AlertForetold) -> str:
    rule = it.judgement.rule
    if rule is None:
        return "default: no rule fits"
    critical = {None: "", True: ", a critical service", False: ", no critical service"}[rule.service_is_critical]
    return f"rule {it.judgement.rule_number} ({_matchers(rule.matchers) or 'whatever is left'}{critical})"


def _matchers(matchers: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in matchers.items())


def _incident_lines(it: Simulation, incident: IncidentForetold, card: IncidentCard) -> Iterator[str]:
    after = card.incident
    yield (
        f"  {after.name} {HAPPENINGS[incident.happening]}: {after.state}, {after.severity}, "
        f"{words.where(after.platform, after.service)}, {len(after.firing)} firing"
    )
    yield f"    offers    {', '.join(offer.label for offer in card.offers) or 'no runbook'}"
    if unbound := [name for name in after.offers if name not in {offer.runbook for offer in card.offers}]:
        yield f"    not       {', '.join(unbound)}: it needs a service, and this concerns the platform itself"
    yield from (f"    calls     {_call(call, it.now)}" for call in incident.calls)
    if incident.keeps_times:
        yield "    calls     nobody new: the times set before stay"
    elif not incident.calls:
        yield f"    calls     nobody at {after.severity}" if not after.state.is_closed else "    calls     nobody"
    for card_id_, place in _cards(incident):
        yield f"    shows     {_shown(it, incident, card_id_, place)}"
    for notice in incident.meeting.decision.effects.notices:
        yield f"    says      {readable(render_notice(notice).text)} ({_where(it, notice.place)})"


def _cards(incident: IncidentForetold) -> list[tuple[CardKind, Place]]:
    return [(card_parts(change.card)[0], change.place) for change in incident.meeting.decision.effects.cards]


def _shown(it: Simulation, incident: IncidentForetold, kind: CardKind, place: Place) -> str:
    if kind is CardKind.EVIDENCE:
        return f"a first look ({_where(it, place)}), filled by asking the platform"
    if incident.happening is Happening.OPENED:
        return f"its card ({_where(it, place)})"
    return f"its card, edited in place ({_where(it, place)})"


def _call(call: Call, now: datetime) -> str:
    whom = ", ".join(call.mentions) or "nobody: the platform has no owners"
    if call.at <= now:
        return f"{whom} at once"
    # The moment was reckoned just before ``now`` was read; 5 min must not become 4 min 59.98 s, and so 4 min.
    wait = timedelta(seconds=math.ceil((call.at - now).total_seconds()))
    return f"{whom} in {words.duration(wait)} ({_time(call.at)}), {CALLS.get(call.why, call.why)}"


def _where(it: Simulation, place: Place) -> str:
    if place.thread_of is not None:
        return "in its thread" if card_parts(place.thread_of)[0] is CardKind.INCIDENT else "in a thread"
    channel = place.channel or Channel.INCIDENTS
    return f"in the channel `{channel}`, {it.channels[channel]}"


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _quoted(text: str) -> Iterator[str]:
    return (f"  | {line}".rstrip() for line in text.split("\n"))


def as_json(it: Simulation) -> dict[str, object]:
    """Return everything as plain values, for scripts; the messages as the arguments of Slack's methods."""
    group = it.foretold.group
    return {
        "platform": group.platform,
        "outcome": it.outcome,
        "decided_over": "an empty store" if it.why_empty else "the running store",
        "why_empty": it.why_empty or None,
        "as_of": it.now.isoformat(),
        "group_key": group.group_key,
        "receiver": group.receiver,
        "alerts": [_alert_json(alert) for alert in it.foretold.alerts],
        "incidents": [
            _incident_json(it, incident, card) for incident, card in zip(it.foretold.incidents, it.cards, strict=True)
        ],
        "warnings": list(it.foretold.warnings),
    }


def _alert_json(it: AlertForetold) -> dict[str, object]:
    judged = it.judgement
    rule = judged.rule
    return {
        "name": it.alert.name,
        "fingerprint": it.alert.fingerprint,
        "status": it.alert.status,
        "service": judged.service.name if judged.service else None,
        "matchers": dict(judged.matchers),
        "severity": judged.severity,
        "rule": None if rule is None else {"number": judged.rule_number, "matchers": rule.matchers},
        "offers": list(rule.offer) if rule else [],
        "fate": it.fate,
        "incident": it.incident or None,
    }


def _incident_json(it: Simulation, incident: IncidentForetold, card: IncidentCard) -> dict[str, object]:
    before, after = incident.meeting.before, card.incident
    return {
        "name": after.name,
        "happening": incident.happening,
        "state": {"before": before.state if before else None, "after": after.state},
        "severity": {"before": before.severity if before else None, "after": after.severity},
        "service": after.service,
        "firing": [alert.fingerprint for alert in after.firing],
        "offers": [{"runbook": offer.runbook, "label": offer.label} for offer in card.offers],
        "calls": [
            {"at": call.at.isoformat(), "mentions": list(call.mentions), "why": call.why} for call in incident.calls
        ],
        "keeps_times": incident.keeps_times,
        "card": {"channel": it.channels[Channel.INCIDENTS], **to_payload(render_card(card))},
        "cards": [change.card for change in incident.meeting.decision.effects.cards],
        "notices": [_notice_json(notice, after.id) for notice in incident.meeting.decision.effects.notices],
    }


def _notice_json(notice: Notice, incident: str) -> dict[str, object]:
    is_own = notice.place.thread_of == card_id(CardKind.INCIDENT, incident)
    return {
        "kind": notice.kind,
        "in_thread": is_own,
        "mentions": list(notice.mentions),
        **to_payload(render_notice(notice)),
    }


def as_blocks(it: Simulation) -> dict[str, object]:
    """Return the first card as Block Kit Builder takes it; a colour bar is an attachment there as in Slack."""
    if not it.cards:
        return {"blocks": []}
    payload = to_payload(render_card(it.cards[0]))
    return {"attachments": payload["attachments"]} if payload["attachments"] else {"blocks": payload["blocks"]}
