"""Notices: one sentence in a thread, said once.

Slack calls everybody whom a new message mentions, wherever the mention stands; there is no quiet way to show a name.
So a notice mentions the people and groups it is to call (`Notice.mentions`) and nobody else. A person who acted and is
not to be called stays unnamed in the sentence: the card above, edited at the same moment, says who it was. Actors
without an account (``alert source``, ``Watchkeeper``, somebody at the terminal) are named.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from bot.domain.approvals import ApprovalState
from bot.domain.effects import CardKind, Notice, NoticeKind, card_parts
from bot.domain.ids import IncidentId
from bot.domain.runs import RunState
from bot.messages import limits, words
from bot.messages.blocks import PRIMARY, Block, actions, section
from bot.messages.incident_card import ack_button, reopen_button
from bot.messages.message import Message, compose, from_json, without_pings
from bot.messages.mrkdwn import (
    PERSON_OR_GROUP,
    Mrkdwn,
    date,
    escape,
    join,
    mention,
    say,
)

MENTIONS = 20
"""People and groups one notice calls at most: more is a list nobody reads."""


def render_notice(notice: Notice) -> Message:
    """Return what a notice says: one sentence, whom it calls at the end, and the one button that answers it."""
    if notice.kind is NoticeKind.ANSWER:
        return _answer(notice)
    told = say("{sentence}{called}", sentence=SENTENCES[notice.kind](notice), called=_called(notice))
    return compose(told, [section(told)], tail=_buttons(notice))


def _answer(notice: Notice) -> Message:
    """Return the answer to a mention of us, as it was rendered when the question came; it calls nobody it names."""
    try:
        answer = from_json(_fact(notice, "message"))
    except ValueError:
        lost = say("The answer could not be read any more; please ask again.{called}", called=_called(notice))
        return compose(lost, [section(lost)])
    return without_pings(answer, keep=notice.mentions)


def _called(notice: Notice) -> Mrkdwn:
    called = [mention(who) for who in notice.mentions[:MENTIONS] if PERSON_OR_GROUP.fullmatch(who)]
    return say(" {called}", called=join(" ", called)) if called else escape("")


def _fact(notice: Notice, name: str) -> str:
    return notice.facts.get(name, "")


def _title(notice: Notice) -> Mrkdwn:
    return words.title(_fact(notice, "title"))


def _reason(notice: Notice, *names: str) -> Mrkdwn:
    """Return the first of these facts that is there, as the end of a sentence: ``: because.``; else a full stop."""
    reason = next((notice.facts[name] for name in names if notice.facts.get(name)), "")
    return say(": {reason}", reason=words.detail(words.sentence(reason))) if reason else escape(".")


def _number(notice: Notice, name: str) -> int:
    text = _fact(notice, name)
    return int(text) if text.isdecimal() else 0


def _time_taken(notice: Notice) -> str:
    return words.duration(timedelta(seconds=_number(notice, "seconds")))


def _until(notice: Notice) -> Mrkdwn:
    return date(datetime.fromtimestamp(_number(notice, "until"), UTC))


def _by(notice: Notice, fact: str = "actor") -> Mrkdwn:
    """Return `` by alert source``; nothing for a person, whom naming would call."""
    who = _fact(notice, fact)
    return escape("") if not who or PERSON_OR_GROUP.fullmatch(who) else say(" by {who}", who=mention(who))


def _incident_grew(notice: Notice) -> Mrkdwn:
    firing, before = _number(notice, "firing"), _number(notice, "before")
    grew = f"{words.count('alert', firing)} firing now, {before} before." if firing > before else "It got worse."
    worse = f" Severity is {_fact(notice, 'severity')} now." if _fact(notice, "severity") else ""
    back = " It is no longer mitigated." if _fact(notice, "no_longer_mitigated") else ""
    return say(
        "📈 {incident}: {grew}{worse}{back}", incident=_fact(notice, "incident"), grew=grew, worse=worse, back=back
    )


def _incident_changed(notice: Notice) -> Mrkdwn:
    sentence = CHANGES.get(_fact(notice, "event"))
    return (
        sentence(notice)
        if sentence
        else say("{incident} changed{by}.", incident=_fact(notice, "incident"), by=_by(notice))
    )


CHANGES: Mapping[str, Callable[[Notice], Mrkdwn]] = {
    "acknowledged": lambda notice: say("👀 Acknowledged{by}: the card above says who has it.", by=_by(notice)),
    "taken": lambda notice: say("👀 Taken over{by}: the card above says who has it now.", by=_by(notice)),
    "mitigated": lambda notice: say(
        "🩹 Mitigated{by}: the impact has stopped, the cause is still there.", by=_by(notice)
    ),
    "severity_changed": lambda notice: say(
        "Severity changed{by}: {before} → {severity}.",
        by=_by(notice),
        before=_fact(notice, "before"),
        severity=_fact(notice, "severity"),
    ),
    "noted": lambda notice: say(
        "📝 Note{by}: {text}", by=_by(notice), text=escape(_fact(notice, "text"), limits.INPUT_TEXT)
    ),
    "merged": lambda notice: say("🔀 Merged{by} into {into}; go on there.", by=_by(notice), into=_fact(notice, "into")),
    "joined": lambda notice: say(
        "🔀 {source} was merged into this incident{by}; its alerts are members here now.",
        source=_fact(notice, "source"),
        by=_by(notice),
    ),
}


def _incident_reopened(notice: Notice) -> Mrkdwn:
    return say(
        "🔥 {incident} is open again{by}; nobody has it{title}",
        incident=_fact(notice, "incident"),
        by=_by(notice),
        title=_reason(notice, "title"),
    )


def _incident_resolved(notice: Notice) -> Mrkdwn:
    return say(
        "✅ {incident} is resolved{by} after {took}{reason}",
        incident=_fact(notice, "incident"),
        by=_by(notice),
        took=_time_taken(notice),
        reason=_reason(notice, "reason"),
    )


def _ack_quiet_ask(notice: Notice) -> Mrkdwn:
    return say(
        "⏰ Are you still on {incident}? Without a sign in {minutes} min it is in nobody's hands again.",
        incident=_fact(notice, "incident"),
        minutes=_fact(notice, "minutes"),
    )


def _ack_dropped(notice: Notice) -> Mrkdwn:
    return say(
        "⏰ {incident} is in nobody's hands again: the question whether somebody is on it got no answer.",
        incident=_fact(notice, "incident"),
    )


def _still_firing(notice: Notice) -> Mrkdwn:
    return say(
        "🔥 {incident} was resolved by hand, and {alerts} still firing. Re-open it, or silence it in Alertmanager.",
        incident=_fact(notice, "incident"),
        alerts=_alerts_are(_number(notice, "firing")),
    )


def _alerts_are(amount: int) -> str:
    return f"{words.count('alert', amount)} {'is' if amount == 1 else 'are'}"


def _escalated(notice: Notice) -> Mrkdwn:
    return say(
        "🚨 Nobody has had {severity} {incident} for {time}{title}",
        incident=_fact(notice, "incident"),
        severity=_fact(notice, "severity"),
        time=_time_taken(notice),
        title=_reason(notice, "title"),
    )


def _approval_wanted(notice: Notice) -> Mrkdwn:
    return say(
        "✋ {title} on {platform} needs {votes} by {until}: see {approval}.",
        approval=_fact(notice, "approval"),
        votes="a yes" if _number(notice, "quorum") == 1 else f"{_fact(notice, 'quorum')} yes",
        until=_until(notice),
        title=_title(notice),
        platform=words.title(_fact(notice, "platform")),
    )


def _approval_settled(notice: Notice) -> Mrkdwn:
    """Return how a request ended; its reason is the end's own only where a person or a rule said no."""
    state = _fact(notice, "state")
    refused = state in (ApprovalState.DENIED, ApprovalState.REVOKED)
    return say(
        SETTLED.get(state, "{approval} ended{by}{reason}"),
        approval=say("{name} ({title})", name=_fact(notice, "approval"), title=_title(notice)),
        by=_by(notice),
        reason=_reason(notice, "reason") if refused else ".",
    )


SETTLED: Mapping[str, str] = {
    ApprovalState.DENIED: "⛔ {approval} was denied{by}{reason}",
    ApprovalState.EXPIRED: "⌛ {approval} expired{reason}",
    ApprovalState.REVOKED: "⛔ {approval} was revoked{by}{reason}",
    ApprovalState.SUPERSEDED: "🔁 {approval} is void, because things changed; a new request shows how{reason}",
}


def _approval_warning(notice: Notice) -> Mrkdwn:
    return say(
        "⏳ {title} still waits for an answer: {approval} expires at {until}.",
        approval=_fact(notice, "approval"),
        until=_until(notice),
        title=_title(notice),
    )


def _break_glass_used(notice: Notice) -> Mrkdwn:
    return say(
        "🚨 {approval} starts as an emergency, without a second person{by}: {title} on {platform}. Reason{reason}",
        approval=_fact(notice, "approval"),
        by=_by(notice, "requester"),
        title=_title(notice),
        platform=words.title(_fact(notice, "platform")),
        reason=_reason(notice, "reason"),
    )


def _break_glass_review(notice: Notice) -> Mrkdwn:
    return say(
        "🚨 Nobody has looked at the emergency start {approval} yet: {title}. Reason{reason}",
        approval=_fact(notice, "approval"),
        title=_title(notice),
        reason=_reason(notice, "reason"),
    )


def _plan_refused(notice: Notice) -> Mrkdwn:
    """Facts: ``title``, ``platform`` where known, ``why``, ``hint``."""
    platform, hint = _fact(notice, "platform"), _fact(notice, "hint")
    return say(
        "⛔ No plan for {title}{platform}{why}{hint}",
        title=_title(notice) or "this request",
        platform=say(" on {platform}", platform=words.title(platform)) if platform else "",
        why=_reason(notice, "why", "reason"),
        hint=say(" Next: {hint}", hint=words.detail(words.sentence(hint))) if hint else "",
    )


def _run_resumed(notice: Notice) -> Mrkdwn:
    return say(
        "▶️ The process that ran {run} died; another one goes on at {step}.",
        run=_fact(notice, "run"),
        step=words.detail(_fact(notice, "step")),
    )


def _run_ended(notice: Notice) -> Mrkdwn:
    run = say("{run} ({title})", run=_fact(notice, "run"), title=_title(notice))
    return say(
        ENDED.get(_fact(notice, "state"), "{run} ended after {took}{why}"),
        run=run,
        took=_time_taken(notice),
        why=_reason(notice, "why"),
    )


ENDED: Mapping[str, str] = {
    RunState.DONE: "✅ {run} is done after {took}{why}",
    RunState.FAILED: "❌ {run} failed after {took}{why}",
    RunState.CANCELLED: "⏹️ {run} was called off after {took}{why}",
}


def _run_needs_human(notice: Notice) -> Mrkdwn:
    return say(
        "🆘 {run} needs a person ({title}): {evidence} Its card asks what to do.",
        run=_fact(notice, "run"),
        title=_title(notice),
        evidence=words.detail(words.sentence(_fact(notice, "evidence"))),
    )


def _operations(notice: Notice) -> Mrkdwn:
    """Facts: ``text`` in a sentence or two, ``hint`` with the next move."""
    hint = _fact(notice, "hint")
    return say(
        "🔧 {text}{hint}",
        text=escape(words.sentence(_fact(notice, "text")), limits.INPUT_TEXT),
        hint=say(" Next: {hint}", hint=words.detail(words.sentence(hint))) if hint else "",
    )


SENTENCES: Mapping[NoticeKind, Callable[[Notice], Mrkdwn]] = {
    NoticeKind.INCIDENT_GREW: _incident_grew,
    NoticeKind.INCIDENT_CHANGED: _incident_changed,
    NoticeKind.INCIDENT_REOPENED: _incident_reopened,
    NoticeKind.INCIDENT_RESOLVED: _incident_resolved,
    NoticeKind.ACK_QUIET_ASK: _ack_quiet_ask,
    NoticeKind.ACK_DROPPED: _ack_dropped,
    NoticeKind.STILL_FIRING: _still_firing,
    NoticeKind.ESCALATED: _escalated,
    NoticeKind.APPROVAL_WANTED: _approval_wanted,
    NoticeKind.APPROVAL_SETTLED: _approval_settled,
    NoticeKind.APPROVAL_WARNING: _approval_warning,
    NoticeKind.BREAK_GLASS_USED: _break_glass_used,
    NoticeKind.BREAK_GLASS_REVIEW: _break_glass_review,
    NoticeKind.PLAN_REFUSED: _plan_refused,
    NoticeKind.RUN_RESUMED: _run_resumed,
    NoticeKind.RUN_ENDED: _run_ended,
    NoticeKind.RUN_NEEDS_HUMAN: _run_needs_human,
    NoticeKind.OPERATIONS: _operations,
}


def _buttons(notice: Notice) -> list[Block]:
    """Return the button that answers the notice, where it is about an incident whose thread it stands in."""
    incident = _incident(notice)
    if incident is None:
        return []
    if notice.kind is NoticeKind.ACK_QUIET_ASK:
        return actions(ack_button(incident, "I have it", style=PRIMARY))
    if notice.kind in (NoticeKind.ACK_DROPPED, NoticeKind.ESCALATED):
        return actions(ack_button(incident, "Acknowledge", style=PRIMARY))
    return actions(reopen_button(incident)) if notice.kind is NoticeKind.STILL_FIRING else []


def _incident(notice: Notice) -> IncidentId | None:
    if notice.place.thread_of is None:
        return None
    kind, subject = card_parts(notice.place.thread_of)
    return IncidentId(subject) if kind is CardKind.INCIDENT else None
