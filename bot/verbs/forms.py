"""A form for a command that lacks something, made from the kinds of its arguments: no verb has a form of its own.

What there is becomes a choice, everything else is typed; what was typed already stands there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.domain.forms import Choice, CommandForm, Field, FieldKind
from bot.domain.ids import PlatformName
from bot.domain.people import Actor
from bot.domain.rights import Severity
from bot.messages import words
from bot.verbs.vocabulary import Argument, Kind, Names, Verb

MOST_CHOICES = 100
"""What is more is typed: nobody scrolls through it on a phone."""
LABELS = {
    Kind.PARAMETERS: "Other parameters",
    Kind.INCIDENT: "Incident",
    Kind.RUN: "Run",
    Kind.APPROVAL: "Request",
}
FROM_WHAT_THERE_IS = frozenset(
    {Kind.PLATFORM, Kind.SERVICE, Kind.RUNBOOK, Kind.INCIDENT, Kind.APPROVAL, Kind.RUN, Kind.SEVERITY}
)


class FormMaker:
    """Makes forms against what there is."""

    def __init__(self, names: Names) -> None:
        self._names = names

    async def form(self, verb: Verb, actor: Actor, given: Mapping[str, str]) -> CommandForm | None:
        """Return the form of a verb with what was given; None where there is nothing to choose for what it needs."""
        platform = PlatformName(given["platform"]) if given.get("platform") else None
        fields: list[Field] = []
        for argument in (*verb.arguments, *verb.options):
            if not self._is_asked(argument, actor):
                continue
            field = await self._field(verb, argument, given, platform)
            if field.kind is FieldKind.CHOICE and not field.choices:
                if field.required:
                    return None
                continue
            fields.append(field)
        lacks_choice = verb.either and not any(it.name in verb.either for it in fields)
        if lacks_choice or not fields:
            return None
        return CommandForm(f"/{verb.family} {verb.name}", verb.button_words, verb.summary, tuple(fields))

    def _is_asked(self, argument: Argument, actor: Actor) -> bool:
        """Return whether a field makes sense: there is a choice, and this person may give it."""
        if argument.kind is Kind.PLATFORM:
            return len(self._names.platforms()) > 1
        # An owner's rights depend on the platform; what only the role gives stays hidden from others.
        return argument.role is None or not argument.is_flag or actor.has(argument.role)

    async def _field(
        self, verb: Verb, argument: Argument, given: Mapping[str, str], platform: PlatformName | None
    ) -> Field:
        choices = tuple(await self._choices(argument, platform))
        kind = _field_kind(argument, choices)
        return Field(
            name=argument.name,
            label=_label(argument),
            kind=kind,
            required=argument.required and argument.kind is not Kind.PLATFORM,
            help=_help(verb, argument),
            choices=choices if kind is FieldKind.CHOICE else (),
            initial=given.get(argument.name, ""),
        )

    async def _choices(self, argument: Argument, platform: PlatformName | None) -> Sequence[Choice]:
        if argument.choices:
            return [Choice(it, it) for it in argument.choices]
        match argument.kind:
            case Kind.PLATFORM:
                return self._names.platform_choices()
            case Kind.SERVICE:
                return self._names.service_choices(platform)
            case Kind.RUNBOOK:
                return self._names.runbook_choices(platform)
            case Kind.INCIDENT:
                return await self._names.incident_choices()
            case Kind.APPROVAL:
                return await self._names.approval_choices()
            case Kind.RUN:
                return await self._names.run_choices()
            case Kind.SEVERITY:
                return [Choice(it.value, words.severity_meaning(it)) for it in Severity]
            case _:
                return ()


def _field_kind(argument: Argument, choices: Sequence[Choice]) -> FieldKind:
    if len(choices) <= MOST_CHOICES and (choices or argument.kind in FROM_WHAT_THERE_IS):
        return FieldKind.CHOICE
    if argument.kind is Kind.PERSON:
        return FieldKind.PERSON
    return FieldKind.LINES if argument.kind is Kind.TEXT else FieldKind.LINE


def _label(argument: Argument) -> str:
    if argument.announced:
        return f"{argument.name.capitalize()} which {argument.kind}"
    return LABELS.get(argument.kind, argument.name.replace("-", " ").capitalize())


def _help(verb: Verb, argument: Argument) -> str:
    if argument.name not in verb.either:
        return argument.help
    others = " or ".join(name for name in verb.either if name != argument.name)
    return f"{argument.help} Choose this or a {others}, not both.".strip()
