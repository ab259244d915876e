"""Answers: what a verb says to the person who asked, one rendering for each member of the union.

Answers name people by mention, for an answer to one person calls nobody else. Where one is said in a channel or a
thread, `bot.messages.message.without_pings` takes the calling away.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from bot.domain.answers import (
    Alerts,
    Answer,
    ApprovalActed,
    Approvals,
    AuditTrail,
    Can,
    Help,
    IncidentActed,
    IncidentDetail,
    Incidents,
    Menu,
    PlanComing,
    Platforms,
    Problem,
    RunActed,
    RunDetail,
    Runs,
    Said,
    Status,
    VerbHelp,
    WhoAmI,
)
from bot.messages import answer_lists, answer_outcomes, limits, words
from bot.messages.answer_outcomes import people
from bot.messages.blocks import Block, actions, button, context, lines, listed, section
from bot.messages.message import Message, compose
from bot.messages.mrkdwn import Mrkdwn, bold, code, escape, join, mention, paragraphs, say

SHARE = "reply.share"
RUN_COMMAND = "command.run"
"""Its buttons are numbered, for an id is said once in a row: ``command.run.1``."""
COMMANDS_SHOWN = 5
HELP_LINES = 40


def render_answer(answer: Answer) -> Message:
    """Return the message that says ``answer``."""
    return RENDERERS[type(answer)](answer)


def with_share(message: Message, share_id: str) -> Message:
    """Return an answer to one person with the button that repeats it for everybody; ``share_id`` names what is kept.

    What is repeated is the answer without this button and without its calls (`without_pings`).
    """
    return Message(message.text, (*message.blocks, *actions(button("Share here", SHARE, share_id))), message.colour)


def _said(answer: Said) -> Message:
    tail = [context(say("Next: {hint}", hint=code(answer.hint)))] if answer.hint else []
    return compose(escape(answer.text, limits.FALLBACK), [section(paragraphs(answer.text))], tail=tail)


def _problem(answer: Problem) -> Message:
    nearest = answer.nearest[: limits.MEMBERS]
    remarks = [
        escape(words.sentence(answer.hint), limits.CONTEXT_TEXT),
        say("If it happens again, look for {token} in the log.", token=code(answer.token))
        if answer.token
        else escape(""),
    ]
    tail = [context(remark) for remark in remarks if remark]
    labels = {one.removeprefix("@watchkeeper "): one for one in nearest}
    offered = actions(*command_buttons(labels))
    # In a channel others press these too: nobody runs what they could not read to its end.
    cut_off = [code(it, limits.SECTION) for label, it in labels.items() if len(label) > limits.BUTTON_TEXT]
    tail = [section(join("\n", [escape("Did you mean…"), *cut_off])), *offered, *tail] if offered else tail
    text = words.sentence(answer.text)
    spoken = join(" ", [escape(text, limits.FALLBACK), escape(words.sentence(answer.hint), limits.CONTEXT_TEXT)])
    return compose(spoken, [section(paragraphs(text))], tail=tail)


def command_buttons(commands: Mapping[str, str]) -> list[Block]:
    """Return a button for each command, which runs it with the rights of who presses; ``commands`` by their words."""
    fitting = {words_: it for words_, it in commands.items() if 0 < len(it.strip()) <= limits.BUTTON_VALUE}
    shown = enumerate(list(fitting.items())[:COMMANDS_SHOWN], 1)
    return [button(words_, f"{RUN_COMMAND}.{position}", command) for position, (words_, command) in shown]


def _menu(answer: Menu) -> Message:
    entries = [
        say("{command} {summary}", command=code(it.command), summary=words.detail(it.summary)) for it in answer.moves
    ]
    more = say("{command} lists everything.", command=code(answer.more))
    buttons = actions(*command_buttons({**{it.words: it.command for it in answer.moves}, "Show all": answer.more}))
    return compose(escape(answer.title), [*lines(bold(answer.title), [*entries, more])], tail=buttons)


@lru_cache(maxsize=64)
def _help(answer: Help) -> Message:
    # The longest of all answers is the same for everybody with the same rights.
    allowed = [verb for verb in answer.verbs if verb.allowed]
    refused = [verb for verb in answer.verbs if not verb.allowed]
    body = [
        *lines(bold(answer.title), listed(allowed, _verb_line, HELP_LINES)),
        *lines(
            bold("Not with your roles"),
            listed(refused, lambda verb: say("🔒 {usage}", usage=code(verb.usage)), HELP_LINES),
        ),
    ]
    text = say("{title}: {count}.", title=answer.title, count=words.count("command", len(allowed)))
    return compose(text, [], body or [section(text)])


def _verb_line(verb: VerbHelp) -> Mrkdwn:
    example = say(", for example {example}", example=code(verb.example)) if verb.example else escape("")
    return say(
        "{usage} {summary}{example}", usage=code(verb.usage), summary=words.detail(verb.summary), example=example
    )


def _who_am_i(answer: WhoAmI) -> Message:
    actor = answer.actor
    roles, owns = sorted(role.value for role in actor.roles), sorted(actor.owns)
    groups = say(
        "Groups: {groups}{at}",
        groups=people(answer.groups) if answer.groups else "none known",
        at=say(", {at}", at=words.as_of(answer.groups_as_of)) if answer.groups_as_of else "",
    )
    said = [
        say("You are {who}.", who=mention(actor.id)),
        say("Roles: {roles}", roles=", ".join(roles) or "none"),
        say("Owner of: {owns}", owns=", ".join(owns) or "no platform"),
        groups,
    ]
    tail = [context(escape(answer.trouble, limits.CONTEXT_TEXT))] if answer.trouble else []
    text = say("You are {who}; roles: {roles}.", who=mention(actor.id), roles=", ".join(roles) or "none")
    return compose(text, [section(join("\n", said))], tail=tail)


def _can(answer: Can) -> Message:
    told = say(
        "{mark} {who} {may} {what}: {why}",
        mark="✅" if answer.allowed else "⛔",
        who=mention(answer.who),
        may="may" if answer.allowed else "may not",
        what=words.title(answer.what),
        why=words.detail(words.sentence(answer.why)),
    )
    facts = [
        say("It takes {need}.", need=words.NEED_WORDS[answer.need]) if answer.need else escape(""),
        say("The role is {role}.", role=answer.needs_role) if answer.needs_role else escape(""),
        say("Who can: {who}.", who=people(answer.who_can)) if answer.who_can else escape(""),
    ]
    return compose(told, [section(told)], tail=[context(*facts)] if any(facts) else [])


def _plan_coming(answer: PlanComing) -> Message:
    told = say(
        "{first}{title} on {platform}: {rest} {where}.",
        first="This was asked for a moment ago. " if answer.already else "",
        title=words.title(answer.title),
        platform=answer.platform,
        rest="its plan stands" if answer.already else "looking at what is so now; the plan follows",
        where=answer.where,
    )
    return compose(told, [section(told)])


RENDERERS: Mapping[type[Answer], Callable[[Any], Message]] = {
    Said: _said,
    Problem: _problem,
    Help: _help,
    Menu: _menu,
    Platforms: answer_lists.platforms,
    Status: answer_lists.status,
    Alerts: answer_lists.alerts,
    Approvals: answer_lists.approvals,
    Runs: answer_lists.runs,
    RunDetail: answer_lists.run_detail,
    WhoAmI: _who_am_i,
    Can: _can,
    AuditTrail: answer_lists.audit_trail,
    Incidents: answer_lists.incidents,
    IncidentDetail: answer_lists.incident_detail,
    IncidentActed: answer_outcomes.incident_acted,
    ApprovalActed: answer_outcomes.approval_acted,
    RunActed: answer_outcomes.run_acted,
    PlanComing: _plan_coming,
}
