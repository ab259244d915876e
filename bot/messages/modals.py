"""Modals: what a button asks before it acts. ``private_metadata`` holds ids only; every right is checked on submit.

Each input's block id is a constant here, and its one field is always called `FIELD`.
"""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain.forms import CommandForm, Field, FieldKind
from bot.domain.ids import PlatformName
from bot.domain.rights import Severity
from bot.domain.runs import HumanChoice
from bot.messages import limits, words
from bot.messages.blocks import Block, context, option, plain_object, section
from bot.messages.mrkdwn import PERSON_OR_GROUP, clean, escape, paragraphs, say

DENY_CALLBACK = "modal.deny"
RESOLVE_CALLBACK = "modal.resolve"
NOTE_CALLBACK = "modal.note"
SEVERITY_CALLBACK = "modal.severity"
DECLARE_CALLBACK = "modal.declare"
MARK_DONE_CALLBACK = "modal.mark_done"
GIVE_UP_CALLBACK = "modal.give_up"
COMMAND_CALLBACK = "modal.command"

REASON = "reason"
NOTE = "note"
SEVERITY = "severity"
PLATFORM = "platform"
TITLE = "title"
FIELD = "value"
"""The ``action_id`` inside each input block."""

MIN_REASON = 3

View = dict[str, object]


def deny_view(approval_name: str, private_metadata: str) -> View:
    """Return the question why a request is denied."""
    about = say("{name} ends here; the person who asked is told why.", name=approval_name)
    ask = _text_input(REASON, "Why not?", least=MIN_REASON)
    return _form(f"Deny {approval_name}", DENY_CALLBACK, "Deny", private_metadata, [section(about), ask])


def resolve_view(incident_name: str, firing: int, private_metadata: str) -> View:
    """Return the question how an incident ended; says so when alerts still fire."""
    still = f"{words.count('alert', firing)} still firing: a reminder follows after 15 minutes." if firing else ""
    ask = _text_input(REASON, "What was it?", hint="Stays in the timeline.", optional=True)
    blocks = [*([section(escape(still))] if still else []), ask]
    return _form(f"Resolve {incident_name}", RESOLVE_CALLBACK, "Resolve", private_metadata, blocks)


def note_view(incident_name: str, private_metadata: str, *, text: str = "") -> View:
    """Return the field for a line in an incident's timeline; ``text`` is what a shortcut took from a message."""
    ask = _text_input(NOTE, "Note", hint="Stands in the timeline and in the thread.", least=1, initial=text)
    return _form(f"Note on {incident_name}", NOTE_CALLBACK, "Add note", private_metadata, [ask])


def severity_view(incident_name: str, current: Severity, private_metadata: str) -> View:
    """Return the choice of another severity."""
    title = f"Severity of {incident_name}"
    return _form(title, SEVERITY_CALLBACK, "Change", private_metadata, [_severity_select(current)])


def declare_view(
    platforms: Mapping[PlatformName, str],
    private_metadata: str,
    *,
    platform: PlatformName | None = None,
    title: str = "",
    severity: Severity = Severity.SEV3,
) -> View:
    """Return the form that declares an incident; ``platforms`` are titles by name, the first hundred."""
    choices = {str(name): f"{name}: {words_}" for name, words_ in platforms.items()}
    blocks = [
        _select(PLATFORM, "Platform", choices, initial=platform),
        _text_input(TITLE, "What is wrong?", least=MIN_REASON, most=limits.TITLE, lines=False, initial=title),
        _severity_select(severity),
    ]
    return _form("Declare an incident", DECLARE_CALLBACK, "Declare", private_metadata, blocks)


def settle_step_view(choice: HumanChoice, run_name: str, step: str, private_metadata: str) -> View:
    """Return the question for a reason when a person says what nobody could tell of a step (``2: Restart qdrant``)."""
    ask = _text_input(REASON, "What did you see?", hint="Stands in the audit.", least=MIN_REASON)
    named = words.title(step)
    if choice is HumanChoice.MARK_DONE:
        about = say("{run} goes on after step {step}, as if it had seen it done.", run=run_name, step=named)
        title, callback, verb = f"Step of {run_name} done", MARK_DONE_CALLBACK, "Mark done"
    else:
        about = say("{run} ends here as failed. What its steps did stands; look at {step}.", run=run_name, step=named)
        title, callback, verb = f"Give up {run_name}", GIVE_UP_CALLBACK, "Give up"
    return _form(title, callback, verb, private_metadata, [section(about), ask])


def command_view(form: CommandForm, private_metadata: str) -> View:
    """Return the form of a command: a menu for what there is, a field for what is typed."""
    about = section(escape(words.sentence(form.about[:1].upper() + form.about[1:])))
    fields = [_asked(field) for field in form.fields]
    _focus_first_empty(form, fields)
    return _form(form.command, COMMAND_CALLBACK, form.submit, private_metadata, [about, *fields])


def _asked(asked: Field) -> Block:
    """Return the input of one field; a choice that Slack has no room for is left out."""
    match asked.kind:
        case FieldKind.CHOICE:
            choices = {it.value: it.words for it in asked.choices if len(it.value) <= limits.OPTION_VALUE}
            block = _select(asked.name, asked.label, choices, initial=asked.initial, hint=asked.help)
        case FieldKind.PERSON:
            element: Block = {"type": "users_select", "action_id": FIELD}
            chosen = {"initial_user": asked.initial} if PERSON_OR_GROUP.fullmatch(asked.initial) else {}
            block = _input(asked.name, asked.label, element | chosen, hint=asked.help)
        case FieldKind.LINE | FieldKind.LINES:
            block = _text_input(
                asked.name,
                asked.label,
                hint=asked.help,
                lines=asked.kind is FieldKind.LINES,
                initial=asked.initial,
                focus=False,
            )
    return block | {"optional": not asked.required}


def _focus_first_empty(form: CommandForm, blocks: list[Block]) -> None:
    """Put the cursor where something required is missing; one field of a view may have it."""
    for asked, block in zip(form.fields, blocks, strict=True):
        element = block["element"]
        if asked.required and not asked.initial and isinstance(element, dict):
            element["focus_on_load"] = True
            return


def loading_view(title: str) -> View:
    """Return what stands there while the real content is fetched: a trigger lives three seconds."""
    return _view(title, [section(escape("One moment…"))])


def problem_view(text: str, hint: str = "", *, title: str = "Not done") -> View:
    """Return why nothing was done, and the next move."""
    tail = [context(escape(hint, limits.CONTEXT_TEXT))] if hint else []
    return _view(title, [section(paragraphs(text)), *tail])


def _view(title: str, blocks: list[Block]) -> View:
    return {
        "type": "modal",
        "title": plain_object(title, limits.VIEW_TITLE),
        "close": plain_object("Close", limits.VIEW_BUTTON),
        "blocks": blocks,
    }


def _form(title: str, callback_id: str, submit: str, private_metadata: str, blocks: list[Block]) -> View:
    """Return a view with inputs; metadata is never cut: a longer one than Slack takes is our own mistake."""
    if len(private_metadata) > limits.PRIVATE_METADATA:
        raise ValueError(f"private metadata has at most {limits.PRIVATE_METADATA} characters")
    return _view(title, blocks) | {
        "close": plain_object("Cancel", limits.VIEW_BUTTON),
        "submit": plain_object(submit, limits.VIEW_BUTTON),
        "callback_id": callback_id,
        "private_metadata": private_metadata,
    }


def _text_input(
    block_id: str,
    label: str,
    *,
    hint: str = "",
    least: int = 0,
    most: int = limits.INPUT_TEXT,
    lines: bool = True,
    optional: bool = False,
    initial: str = "",
    focus: bool = True,
) -> Block:
    field: Block = {
        "type": "plain_text_input",
        "action_id": FIELD,
        "multiline": lines,
        "min_length": least,
        "max_length": most,
    }
    field |= {"focus_on_load": True} if focus else {}
    field |= {"initial_value": limits.cut(clean(initial, keep_lines=lines), most)} if initial else {}
    return _input(block_id, label, field, hint=hint, optional=optional)


def _input(block_id: str, label: str, element: Block, *, hint: str = "", optional: bool = False) -> Block:
    block: Block = {
        "type": "input",
        "block_id": block_id,
        "label": plain_object(label, limits.INPUT_LABEL),
        "element": element,
        "optional": optional,
    }
    return block | ({"hint": plain_object(hint, limits.INPUT_LABEL)} if hint else {})


def _severity_select(current: Severity) -> Block:
    choices = {level.value: words.severity_meaning(level) for level in Severity}
    return _select(SEVERITY, "Severity", choices, initial=current.value)


def _select(block_id: str, label: str, choices: Mapping[str, str], *, initial: str | None, hint: str = "") -> Block:
    options = [option(words_, value) for value, words_ in list(choices.items())[: limits.SELECT_OPTIONS]]
    field: Block = {"type": "static_select", "action_id": FIELD, "options": options}
    chosen = [choice for choice in options if choice["value"] == initial]
    return _input(block_id, label, field | ({"initial_option": chosen[0]} if chosen else {}), hint=hint)
