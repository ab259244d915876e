"""The approval's card: what will happen to what, who must agree, and until when. The buttons bind to this one plan."""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain.approvals import Approval, ApprovalState, BreakGlass, Vote
from bot.domain.cards import ApprovalCard
from bot.domain.ids import ApprovalId
from bot.domain.plans import Plan, PlannedStep
from bot.domain.rights import NEED_OF_RISK, Need, Risk
from bot.messages import limits, words
from bot.messages.blocks import (
    DANGER,
    PRIMARY,
    Block,
    actions,
    button,
    confirm,
    context,
    fields,
    lines,
    listed,
    section,
)
from bot.messages.limits import capped
from bot.messages.message import Colour, Message, compose
from bot.messages.mrkdwn import Mrkdwn, bold, code, date, escape, join, mention, say

APPROVE = "approval.approve"
DENY = "approval.deny"
WITHDRAW = "approval.withdraw"
REVOKE = "approval.revoke"
ASK_AGAIN = "approval.again"
REVIEW = "approval.review"

HASH_SHOWN = 12
"""Hex digits of the plan's hash that a button carries and the card shows."""

COLOUR = {
    ApprovalState.PENDING: Colour.AMBER,
    ApprovalState.APPROVED: Colour.BLUE,
    ApprovalState.CONSUMED: Colour.GREEN,
    ApprovalState.DENIED: Colour.GREY,
    ApprovalState.EXPIRED: Colour.GREY,
    ApprovalState.WITHDRAWN: Colour.GREY,
    ApprovalState.REVOKED: Colour.GREY,
    ApprovalState.SUPERSEDED: Colour.GREY,
}
"""A no is grey, not red: nothing happened. Red is the emergency, whatever became of it."""
MARK = {
    ApprovalState.PENDING: "✋",
    ApprovalState.APPROVED: "👍",
    ApprovalState.CONSUMED: "✅",
    ApprovalState.DENIED: "⛔",
    ApprovalState.EXPIRED: "⌛",
    ApprovalState.WITHDRAWN: "↩️",
    ApprovalState.REVOKED: "⛔",
    ApprovalState.SUPERSEDED: "🔁",
}
STATE_WORDS = {
    ApprovalState.APPROVED: "is approved and starts as soon as its targets are free",
    ApprovalState.CONSUMED: "was approved and has started",
    ApprovalState.DENIED: "was denied",
    ApprovalState.EXPIRED: "expired",
    ApprovalState.WITHDRAWN: "was withdrawn",
    ApprovalState.REVOKED: "was revoked",
    ApprovalState.SUPERSEDED: "is void: what it was a yes to has changed",
}
REASON_OF_THE_END = frozenset({ApprovalState.DENIED, ApprovalState.REVOKED})
"""States whose ``reason`` is why it ended; in all others it is why the run is wanted."""


def render_approval(view: ApprovalCard) -> Message:
    """Return the approval's card."""
    approval = view.approval
    head = [*_banner(approval), section(headline(approval, view.links)), _facts(view)]
    body = [
        *_settled(view),
        *_differences(view),
        *lines(bold("Steps"), steps(approval.plan)),
        *_consequences(approval),
        *_parameters(approval.plan),
    ]
    colour = Colour.RED if approval.break_glass else COLOUR[approval.state]
    return compose(summary(approval), head, body, [_origin(view), *_buttons(approval)], colour=colour)


def state_words(approval: Approval) -> str:
    """Return what became of the request, to follow its name: ``waits for one more yes``."""
    if approval.state is not ApprovalState.PENDING:
        return STATE_WORDS[approval.state]
    if approval.plan.need in (Need.NONE, Need.CONFIRM):
        return "waits for the requester's confirmation"
    if approval.votes:
        return "waits for one more yes"
    return "waits for a yes" if approval.quorum == 1 else "waits for the yes of two people"


def summary(approval: Approval) -> Mrkdwn:
    """Return the request in one sentence, for notifications."""
    return say(
        "{emergency}{name} {state}: {title} on {platform} ({environment}).",
        emergency="Emergency start without a second person: " if approval.break_glass else "",
        name=approval.name,
        state=state_words(approval),
        title=words.title(approval.plan.title),
        platform=approval.plan.platform,
        environment=approval.plan.environment,
    )


def headline(approval: Approval, links: Mapping[str, str] | None = None) -> Mrkdwn:
    """Return id, title and state in one line."""
    title = escape(limits.cut(approval.plan.title, limits.TITLE))
    name = bold(join(" · ", [words.linked(approval.name, links or {}), title]))
    return say("{mark} {name} {state}", mark=MARK[approval.state], name=name, state=state_words(approval))


def _banner(approval: Approval) -> list[Block]:
    if approval.break_glass is None:
        return []
    reason = words.detail(words.sentence(approval.break_glass.reason))
    return [
        section(say("🚨 *Emergency start without a second person*\n{reason}", reason=reason)),
        context(_review_words(approval.break_glass)),
    ]


def _review_words(emergency: BreakGlass) -> Mrkdwn:
    if emergency.reviewed_by is None:
        return say("another person must look at it by {at}", at=date(emergency.review_by))
    at = say(" {at}", at=date(emergency.reviewed_at)) if emergency.reviewed_at else ""
    return say("looked at by {who}{at}", who=mention(emergency.reviewed_by), at=at)


def _facts(view: ApprovalCard) -> Block:
    approval = view.approval
    targets, more = capped(approval.plan.targets, limits.MEMBERS)
    named = ", ".join([*(target.key for target in targets), *([more] if more else [])])
    pairs = {
        "On": say("{named} ({environment})", named=named or approval.plan.platform, environment=_environment(approval)),
        "Risk": escape(words.RISK_WORDS[approval.plan.risk]),
        "Who must agree": agreement(approval),
    }
    if approval.state is ApprovalState.PENDING:
        pairs["Until"] = words.until(approval.expires_at, view.as_of)
    elif approval.state is ApprovalState.APPROVED and approval.use_before:
        pairs["Starts before"] = words.until(approval.use_before, view.as_of)
    else:
        pairs["Asked by"] = mention(approval.requester)
    return fields(pairs)


def _environment(approval: Approval) -> str:
    return approval.plan.environment.value


def agreement(approval: Approval) -> Mrkdwn:
    """Return how many have agreed of how many and who it takes; why, where it is not the risk alone."""
    plan, need = approval.plan, approval.plan.need
    if approval.break_glass:
        return escape("nobody beforehand: this is an emergency")
    counted = f"{len(approval.votes)} of {approval.quorum} · " if approval.quorum else ""
    owner = ", an owner is missing" if approval.votes and approval.lacks_owner else ""
    is_unusual = plan.need_reason and need is not NEED_OF_RISK[plan.risk]
    why = say("\nwhy: {why}", why=words.detail(plan.need_reason)) if is_unusual else ""
    return say("{counted}{words}{owner}{why}", counted=counted, words=words.NEED_WORDS[need], owner=owner, why=why)


def steps(plan: Plan) -> list[Mrkdwn]:
    """Return what will be done, a line each: what is so now → what will be."""
    return listed(list(enumerate(plan.steps, 1)), lambda numbered: _step(*numbered))


def _step(number: int, step: PlannedStep) -> Mrkdwn:
    return say("{number}. {title}{change}", number=number, title=words.title(step.title), change=_change(step))


def _change(step: PlannedStep) -> Mrkdwn:
    """Return what is so now → what will be; a step that only looks says what it looks for."""
    if step.current:
        now, then = words.detail(step.current), words.detail(step.wanted or "the same")
        return say(": {now} → {then}", now=now, then=then)
    return say(": {wanted}", wanted=words.detail(step.wanted)) if step.wanted else say("")


def _consequences(approval: Approval) -> list[Block]:
    """Return what it interrupts, how it is undone, how it went last time and why it is wanted.

    Once it is settled nobody decides by it any more: the reason alone stays.
    """
    plan = approval.plan
    facts = {
        "Interrupts": _interrupts(plan),
        "To undo it": _undo(plan),
        "Last time": approval.last_time or "never run here before",
        "Why": _why_wanted(approval),
    }
    told = {name: value for name, value in facts.items() if value and (name == "Why" or not approval.state.is_final)}
    said = [say("*{name}:* {value}", name=name, value=words.detail(value)) for name, value in told.items()]
    return [section(join("\n", said))] if said else []


def _interrupts(plan: Plan) -> str:
    return plan.interrupts.rstrip(".") or "nothing"


def _undo(plan: Plan) -> str:
    return plan.undo.rstrip(".") or "no way back is known"


def _why_wanted(approval: Approval) -> str:
    """Return the requester's reason; an emergency's stands in its banner."""
    return "" if approval.break_glass or approval.state in REASON_OF_THE_END else approval.reason


def _parameters(plan: Plan) -> list[Block]:
    """Return what the runbook is given, as far as the title does not say it."""
    unsaid = [(name, value) for name, value in sorted(plan.parameters.items()) if not value or value not in plan.title]
    given, more = capped(unsaid, limits.LIST)
    listed = [code(f"{name}={value}", limits.TITLE) for name, value in given]
    return [context(say("with {listed}", listed=join(" ", [*listed, escape(more)])))] if listed else []


def _differences(view: ApprovalCard) -> list[Block]:
    since = f" since {view.supersedes}" if view.supersedes else ""
    return lines(bold(f"What changed{since}"), listed(view.approval.differences, words.bullet))


def _settled(view: ApprovalCard) -> list[Block]:
    """Return who agreed, when, and what became of it."""
    said = [*map(_vote, view.approval.votes), *_ending(view)]
    return [section(join("\n", said))] if said else []


def _vote(vote: Vote) -> Mrkdwn:
    owner = " as an owner" if vote.as_owner else ""
    return say("Agreed: {who}{owner}, {at}", who=mention(vote.user), owner=owner, at=date(vote.at))


def _ending(view: ApprovalCard) -> list[Mrkdwn]:
    approval = view.approval
    match approval.state:
        case ApprovalState.PENDING | ApprovalState.APPROVED:
            return []
        case ApprovalState.CONSUMED:
            return [say("It started {run}.", run=words.linked(view.run_name or "a run", view.links))]
        case ApprovalState.EXPIRED:
            return [_expired(approval)]
        case ApprovalState.WITHDRAWN:
            return [say("Withdrawn by {who}.", who=mention(approval.closed_by or approval.requester))]
        case ApprovalState.SUPERSEDED:
            other = words.linked(view.superseded_by or "A new request", view.links)
            return [say("{other} asks again and shows the difference.", other=other)]
        case ApprovalState.DENIED | ApprovalState.REVOKED:
            return [_refused(approval)]


def _expired(approval: Approval) -> Mrkdwn:
    if approval.use_before is not None:
        return say("It was approved, and could not start before {at}.", at=date(approval.use_before))
    return say("Not enough people agreed before {at}.", at=date(approval.expires_at))


def _refused(approval: Approval) -> Mrkdwn:
    return say(
        "{act} by {who}: {reason}",
        act="Denied" if approval.state is ApprovalState.DENIED else "Revoked",
        who=mention(approval.closed_by or "watchkeeper"),
        reason=words.detail(words.sentence(approval.reason or "no reason was given")),
    )


def _origin(view: ApprovalCard) -> Block:
    """Return where it belongs, who asked and when it was true; digits that only a comparison needs come last."""
    approval, plan = view.approval, view.approval.plan
    return context(
        words.linked(view.incident_name, view.links),
        say("asked by {who} {ago}", who=mention(approval.requester), ago=words.ago(approval.asked_at)),
        words.as_of(view.as_of),
        say("{runbook}, plan {hash}", runbook=plan.runbook, hash=code(plan.hash[:HASH_SHOWN])),
    )


def button_value(approval: Approval) -> str:
    """Return what every button of the card carries: the approval's id and the start of its plan's hash."""
    return plan_value(approval.id, approval.plan)


def plan_value(approval: ApprovalId, plan: Plan) -> str:
    """Return the same from its parts, for what knows the approval's id alone."""
    return f"{approval} {plan.hash[:HASH_SHOWN]}"


def _buttons(approval: Approval) -> list[Block]:
    return actions(_review(approval), *_moves(approval))


def _review(approval: Approval) -> Block | None:
    """Return the button by which another person says of an emergency that they have looked at it."""
    if approval.break_glass is None or approval.break_glass.reviewed_by is not None:
        return None
    return button("I have looked at it", REVIEW, button_value(approval), style=PRIMARY)


def _moves(approval: Approval) -> list[Block | None]:
    match approval.state:
        case ApprovalState.PENDING:
            return [approve_button(approval), deny_button(approval), _withdraw(approval)]
        case ApprovalState.APPROVED:
            return [_revoke(approval), _withdraw(approval)]
        case ApprovalState.CONSUMED:
            return []
    return [ask_again(button_value(approval))]


def ask_again(value: str) -> Block:
    """Return the button that makes a fresh plan of what a request was about; ``value`` is `button_value`'s."""
    return button("Ask again", ASK_AGAIN, value)


def approve_button(approval: Approval) -> Block:
    """Return the button of a yes; what users may notice asks once more, what destroys is red."""
    plan = approval.plan
    value, style = button_value(approval), DANGER if plan.risk is Risk.DESTRUCTIVE else PRIMARY
    words_ = "Approve" if approval.quorum else "Confirm and run"
    if plan.risk in (Risk.READ, Risk.CHANGE):
        return button(words_, APPROVE, value, style=style)
    interrupts, undo = _interrupts(plan), _undo(plan)
    consequence = f"On {plan.platform} ({plan.environment}). Interrupts: {interrupts}. To undo it: {undo}."
    dialog = confirm(f"{words_}: {plan.title}?", consequence, words_, danger=plan.risk is Risk.DESTRUCTIVE)
    return button(words_, APPROVE, value, style=style, confirm=dialog)


def deny_button(approval: Approval) -> Block | None:
    """Return the button of a no; a confirmation is taken back instead."""
    return button("Deny…", DENY, button_value(approval)) if approval.quorum else None


def _withdraw(approval: Approval) -> Block:
    return button("Withdraw", WITHDRAW, button_value(approval))


def _revoke(approval: Approval) -> Block:
    dialog = confirm(f"Revoke {approval.name}?", "The yes is taken back; the run does not start.", "Revoke")
    return button("Revoke", REVOKE, button_value(approval), confirm=dialog)
