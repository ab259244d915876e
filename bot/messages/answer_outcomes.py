"""What became of something a person did: one sentence for every outcome, so that no click stays without an answer."""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain.answers import ApprovalActed, IncidentActed, RunActed
from bot.domain.approvals import MIN_REASON, ApprovalOutcome
from bot.domain.incidents import IncidentOutcome
from bot.domain.runs import RunOutcome, RunState
from bot.messages import words
from bot.messages.blocks import context, section
from bot.messages.message import Message, compose
from bot.messages.mrkdwn import Mrkdwn, escape, join, mention, say

MOST_PEOPLE = 15

INCIDENT_DONE: Mapping[str, str] = {
    "ack": "You have {name} now.",
    "take": "You have {name} now.",
    "resolve": "{name} is resolved.",
    "reopen": "{name} is open again.",
    "mitigate": "{name} is mitigated: the impact has stopped.",
    "note": "The note is in the timeline of {name}.",
    "severity": "{name} is {severity} now.",
    "sev": "{name} is {severity} now.",
    "merge": "{name} is merged.",
    "declare": "{name} is declared.",
}
"""By act; an act without a sentence of its own is ``Done: …``."""

INCIDENT_UNCHANGED: Mapping[str, str] = {
    "ack": "You have {name} already.",
    "take": "You have {name} already.",
    "resolve": "{name} is resolved already.",
    "reopen": "{name} is open already.",
    "mitigate": "{name} is mitigated already.",
    "severity": "{name} is {severity} already.",
    "sev": "{name} is {severity} already.",
}

INCIDENT_OTHER: Mapping[IncidentOutcome, str] = {
    IncidentOutcome.NOT_ALLOWED: "You may not do this with {name}: it takes an operator, or an owner of {platform}.",
    IncidentOutcome.CLOSED: "{name} is {state}. Re-open it first, or go on where it was merged to.",
    IncidentOutcome.WAITING: "{name} resolves when the run on its target ends.",
}

APPROVAL_WORDS: Mapping[ApprovalOutcome, str] = {
    ApprovalOutcome.CREATED: "{name} is asked for: {title}.",
    ApprovalOutcome.COUNTED: "Your yes to {name} counts: {votes} of {quorum}.",
    ApprovalOutcome.APPROVED: "{name} is approved and starts as soon as its targets are free.",
    ApprovalOutcome.CONFIRMED: "{name} is confirmed and starts as soon as its targets are free.",
    ApprovalOutcome.DENIED: "{name} is denied; the person who asked is told.",
    ApprovalOutcome.WITHDRAWN: "{name} is withdrawn.",
    ApprovalOutcome.REVOKED: "{name} is revoked; nothing starts.",
    ApprovalOutcome.EXPIRED: "{name} has expired: nothing was done. Ask again on its card.",
    ApprovalOutcome.CONSUMED: "{name} has started its run.",
    ApprovalOutcome.SUPERSEDED: "{name} is void: what it was a yes to has changed. A new request shows the difference.",
    ApprovalOutcome.REVIEWED: "Noted: you have looked at {name}.",
    ApprovalOutcome.WARNED: "{name} will expire soon.",
    ApprovalOutcome.OWN_REQUEST: "{name} is your own request: somebody else must agree.",
    ApprovalOutcome.NOT_THE_REQUESTER: "{name} is for the person who asked: only they can do this.",
    ApprovalOutcome.ALREADY_VOTED: "Your yes to {name} counts already: {votes} of {quorum}.",
    ApprovalOutcome.ALREADY_CLOSED: "Nothing was done: {name} is {state} already.",
    ApprovalOutcome.NOT_ALLOWED: "You may not decide on {name}.",
    ApprovalOutcome.NOT_A_PERSON: "Votes are cast in the workspace, not at the terminal: press the button of {name}.",
    ApprovalOutcome.OTHER_PLAN: "That button belongs to another plan than the one {name} holds; read its card again.",
    ApprovalOutcome.NEEDS_OWNER: "{name} lacks an owner of {platform}: the last yes must be an owner's.",
    ApprovalOutcome.NEEDS_REASON: "{title} takes a reason of at least {reason_size} characters.",
    ApprovalOutcome.VOTER_LOST_ROLE: "{name} is revoked: somebody whose yes counted may not give it any more.",
    ApprovalOutcome.UNCHANGED: "Nothing changed: {name} is {state}.",
}

RUN_DONE: Mapping[str, str] = {
    "cancel": "{name} is called off.",
    "pause": "{name} is paused.",
    "unpause": "{name} goes on.",
    "mark_done": "The step counts as done; {name} is {state}.",
    "give_up": "{name} ends here as failed.",
}
"""By act, where it took effect at once; an act without a sentence of its own is ``Done: …``."""

RUN_FLAGGED: Mapping[str, str] = {
    "cancel": "{name} stops when its step under way is over.",
    "pause": "{name} pauses when its step under way is over.",
}

RUN_ENDS_AS: Mapping[str, RunState] = {
    "cancel": RunState.CANCELLED,
    "mark_done": RunState.DONE,
    "give_up": RunState.FAILED,
}
"""What each act makes of a run that it ends."""

RUN_OTHER: Mapping[RunOutcome, str] = {
    RunOutcome.BEGIN: "{name} begins its next step.",
    RunOutcome.UNCERTAIN: "{name} asks whether its step took effect.",
    RunOutcome.STOPPED: "{name} stands still: it is {state}.",
    RunOutcome.UNCHANGED: "Nothing changed: {name} is {state}.",
    RunOutcome.NOT_ALLOWED: "You may not do this with {name}: it takes an operator, or an owner of {platform}.",
}


def incident_acted(answer: IncidentActed) -> Message:
    """Return what became of an act on an incident."""
    incident = answer.incident
    template = INCIDENT_OTHER.get(answer.outcome)
    if answer.outcome is IncidentOutcome.DONE:
        template = INCIDENT_DONE.get(answer.act, "Done: {name} is {state}.")
    elif answer.outcome is IncidentOutcome.UNCHANGED:
        template = INCIDENT_UNCHANGED.get(answer.act, "Nothing changed: {name} is {state}.")
    return _one(
        template or "{name} is {state}.",
        name=incident.name,
        platform=incident.platform,
        severity=incident.severity,
        state=incident.state,
    )


def approval_acted(answer: ApprovalActed) -> Message:
    """Return what became of a vote, a withdrawal, a revocation; a refusal names who can."""
    approval = answer.approval
    told = say(
        APPROVAL_WORDS[answer.outcome],
        name=approval.name,
        title=words.title(approval.plan.title),
        platform=approval.plan.platform,
        votes=len(approval.votes),
        quorum=approval.quorum,
        state=approval.state,
        reason_size=MIN_REASON,
    )
    who = say("{who} can.", who=people(answer.who_can)) if answer.who_can else escape("")
    return compose(join(" ", [told, who]), [section(told)], tail=[context(who)] if who else [])


def run_acted(answer: RunActed) -> Message:
    """Return what became of a cancel, a pause, or an answer for a step."""
    run = answer.run
    state = run.state.replace("_", " ")
    return _one(_run_template(answer), name=run.name, platform=run.plan.platform, state=state)


def _run_template(answer: RunActed) -> str:
    """Return the sentence; a run that a cancel finds over is told as such, not as called off."""
    if answer.outcome is RunOutcome.FLAGGED:
        return RUN_FLAGGED.get(answer.act, "{name} sees it when its step under way is over.")
    if answer.outcome is RunOutcome.FINISHED and RUN_ENDS_AS.get(answer.act) is not answer.run.state:
        return "{name} is over: it is {state}."
    return RUN_OTHER.get(answer.outcome) or RUN_DONE.get(answer.act, "Done: {name} is {state}.")


def people(who: tuple[str, ...]) -> Mrkdwn:
    """Return people and groups in a list."""
    return join(", ", [mention(one) for one in who[:MOST_PEOPLE]]) or escape("nobody")


def _one(template: str, **parts: object) -> Message:
    told = say(template, **parts)
    return compose(told, [section(told)])
