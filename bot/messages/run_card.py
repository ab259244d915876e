"""The live view of a run: its steps with their state, what a person can still do, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from bot.domain.cards import RunCard
from bot.domain.runs import Run, RunState, StepRecord, StepState
from bot.messages import limits, words
from bot.messages.approval_card import ask_again, plan_value
from bot.messages.blocks import PRIMARY, Block, actions, button, confirm, context, lines, section
from bot.messages.incident_card import times
from bot.messages.message import Colour, Message, compose
from bot.messages.mrkdwn import DateForm, Mrkdwn, bold, code, date, escape, join, mention, say

CANCEL = "run.cancel"
PAUSE = "run.pause"
UNPAUSE = "run.unpause"
MARK_DONE = "run.mark_done"
GIVE_UP = "run.give_up"

COLOUR = {
    RunState.QUEUED: Colour.BLUE,
    RunState.RUNNING: Colour.BLUE,
    RunState.PAUSED: Colour.AMBER,
    RunState.NEEDS_HUMAN: Colour.RED,
    RunState.DONE: Colour.GREEN,
    RunState.FAILED: Colour.RED,
    RunState.CANCELLED: Colour.GREY,
}
MARK = {
    RunState.QUEUED: "🕓",
    RunState.RUNNING: "▶️",
    RunState.PAUSED: "⏸️",
    RunState.NEEDS_HUMAN: "🆘",
    RunState.DONE: "✅",
    RunState.FAILED: "❌",
    RunState.CANCELLED: "⏹️",
}
STATE_WORDS = {
    RunState.QUEUED: "starts in a moment",
    RunState.RUNNING: "is running",
    RunState.PAUSED: "is paused",
    RunState.NEEDS_HUMAN: "needs a person",
    RunState.DONE: "is done",
    RunState.FAILED: "failed",
    RunState.CANCELLED: "was called off",
}
STEP_MARK = {StepState.PENDING: "▫️", StepState.BEGUN: "▶️", StepState.DONE: "✅", StepState.FAILED: "❌"}
WORTH_SAYING = timedelta(seconds=1)
"""A step that took less says no time."""
STEPS_BEFORE = 3
"""Steps shown before the current one where a run has more than the card lists."""


def render_run(view: RunCard) -> Message:
    """Return the run's card."""
    run = view.run
    head = [section(headline(run, view.links))]
    body = [*lines(escape(""), step_lines(run)), *_remarks(run)]
    return compose(summary(run), head, body, [_origin(view), *_buttons(run)], colour=COLOUR[run.state])


def summary(run: Run) -> Mrkdwn:
    """Return the run in one sentence, for notifications."""
    return say(
        "{name} {state}: {title} on {platform}.{evidence}",
        name=run.name,
        state=_state_and_time(run),
        title=words.title(run.plan.title),
        platform=run.plan.platform,
        evidence=say(" {evidence}", evidence=words.detail(words.sentence(run.evidence))) if run.evidence else "",
    )


def headline(run: Run, links: Mapping[str, str] | None = None) -> Mrkdwn:
    """Return id, title, state, and how far it is or how long it took."""
    title = escape(limits.cut(run.plan.title, limits.TITLE))
    name = bold(join(" · ", [words.linked(run.name, links or {}), title]))
    return say("{mark} {name} {state}{progress}", mark=MARK[run.state], name=name, **_progress(run))


def _progress(run: Run) -> dict[str, str]:
    at = run.next_step
    is_under_way = run.state in (RunState.RUNNING, RunState.PAUSED, RunState.NEEDS_HUMAN) and at is not None
    step = f", step {(at or 0) + 1} of {len(run.steps)}" if is_under_way else ""
    return {"state": _state_and_time(run), "progress": step}


def _state_and_time(run: Run) -> str:
    """Return where it stands, and how long it took once it is over."""
    took = f" after {words.duration(run.ended_at - run.created_at)}" if run.ended_at else ""
    return f"{STATE_WORDS[run.state]}{took}"


def step_lines(run: Run) -> list[Mrkdwn]:
    """Return the steps a line each; of a long run those around the current one."""
    current = run.next_step if run.next_step is not None else len(run.steps)
    first = 0
    if len(run.steps) > limits.LIST:
        first = min(max(0, current - STEPS_BEFORE), len(run.steps) - limits.LIST)
    last = min(first + limits.LIST, len(run.steps))
    before = [escape(f"{words.count('step', first)} before")] if first else []
    after = [escape(f"and {len(run.steps) - last} more")] if last < len(run.steps) else []
    return [*before, *(_step(run, index) for index in range(first, last)), *after]


def _step(run: Run, index: int) -> Mrkdwn:
    step = run.steps[index]
    return say(
        "{mark} {number}. {title}{facts}",
        mark=STEP_MARK[step.state],
        number=index + 1,
        title=words.title(run.planned(index).title),
        facts=_step_facts(step),
    )


def _step_facts(step: StepRecord) -> Mrkdwn:
    """Return since when a step is under way, or what was seen at its end and how long it took."""
    attempt = f"attempt {step.attempts}" if step.attempts > 1 else ""
    if step.state is StepState.BEGUN and step.began_at:
        facts = [say("since {at}", at=date(step.began_at, DateForm.SECONDS)), escape(attempt)]
        return say(", {facts}", facts=join(", ", facts))
    result = say(": {result}", result=words.detail(step.result)) if step.result else escape("")
    length = step.ended_at - step.began_at if step.ended_at and step.began_at else timedelta()
    took = words.duration(length) if length >= WORTH_SAYING else ""
    aside = join(", ", [escape(took), escape(attempt)])
    return say("{result}{aside}", result=result, aside=say(" ({aside})", aside=aside) if aside else "")


def _remarks(run: Run) -> list[Block]:
    """Return what happened to the run as a whole: a dead driver, a flag, a question for a person, a failure."""
    remarks = [*_driver(run), *_flags(run), *_trouble(run)]
    return [section(join("\n", remarks))] if remarks else []


def _driver(run: Run) -> list[Mrkdwn]:
    often = "" if run.resumed == 1 else f" {times(run.resumed)}"
    told = "The process that ran it died{often}; another one went on from the ledger."
    return [say(told, often=often)] if run.resumed else []


def _flags(run: Run) -> list[Mrkdwn]:
    if run.cancel_by and run.state is RunState.CANCELLED:
        return [say("Called off by {who}.", who=mention(run.cancel_by))]
    if run.state.is_final:
        return []
    if run.cancel_by:
        return [say("{who} calls it off: it stops when the step under way is over.", who=mention(run.cancel_by))]
    if run.pause_by and run.state is RunState.PAUSED:
        return [say("Paused by {who}; nothing happens until it goes on.", who=mention(run.pause_by))]
    return (
        [say("{who} pauses it: it stops when the step under way is over.", who=mention(run.pause_by))]
        if run.pause_by
        else []
    )


def _trouble(run: Run) -> list[Mrkdwn]:
    evidence = words.detail(words.sentence(run.evidence or "the reason is not known"))
    step = run.next_step
    if run.state is RunState.NEEDS_HUMAN:
        which = f"step {step + 1}" if step is not None else "the last step"
        question = (
            "Nobody can tell from here whether {which} took effect: {evidence}\n*Next:* look at it, then say which."
        )
        return [say(question, which=which, evidence=evidence)]
    return [*_failure(run, evidence), *_next_move(run)] if run.state is RunState.FAILED else []


def _failure(run: Run, evidence: Mrkdwn) -> list[Mrkdwn]:
    """Return where it failed and why, and what stands of what was done before."""
    step, done = run.next_step, sum(record.state is StepState.DONE for record in run.steps)
    where = f" at step {step + 1} of {len(run.steps)}" if step is not None else ""
    return [say("*It failed{where}:* {evidence}", where=where, evidence=evidence), escape(_what_stands(done))]


def _what_stands(done: int) -> str:
    if not done:
        return "Nothing was done before it."
    return "The step before it is done and stands." if done == 1 else f"The {done} steps before it are done and stand."


def _next_move(run: Run) -> list[Mrkdwn]:
    """Return what to do about a failure: look, undo or ask anew, in this order."""
    service = next((target.service for target in run.plan.targets if target.service), None)
    look = code(f"@watchkeeper status {service or run.plan.platform}")
    undo = words.sentence(run.plan.undo) or "no way back is known."
    return [
        say("*Next:* look with {look} in this thread; *Ask again* makes a fresh plan.", look=look),
        say("*To undo it:* {undo}", undo=words.detail(undo)),
    ]


def _origin(view: RunCard) -> Block:
    run = view.run
    approvers = join(", ", [mention(user) for user in run.approvers])
    return context(
        words.linked(view.incident_name, view.links),
        words.linked(view.approval_name, view.links),
        say("asked by {who}", who=mention(run.requester)),
        say("approved by {who}", who=approvers) if approvers else escape(""),
        words.as_of(view.as_of),
    )


def _buttons(run: Run) -> list[Block]:
    if run.state is RunState.NEEDS_HUMAN:
        done = button("Mark step done…", MARK_DONE, run.id)
        return actions(done, button("Give up…", GIVE_UP, run.id))
    if run.state in (RunState.FAILED, RunState.CANCELLED):
        return actions(ask_again(plan_value(run.approval, run.plan)))
    if run.state.is_final or run.cancel_by:
        return []
    if run.state is RunState.PAUSED:
        return actions(button("Go on", UNPAUSE, run.id, style=PRIMARY), _cancel(run))
    return actions(None if run.pause_by else button("Pause", PAUSE, run.id), _cancel(run))


def _cancel(run: Run) -> Block:
    consequence = "It stops when the step under way is over. What was done until then stands."
    dialog = confirm(f"Call off {run.name}?", consequence, "Call off")
    return button("Call off", CANCEL, run.id, confirm=dialog)
