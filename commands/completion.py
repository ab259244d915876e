"""The table of commands as plain data, for a message box that completes what is being typed.

The stand-in for Slack shows it on its page. It knows nothing of verbs, so this is handed to it as JSON.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from bot.domain.rights import Severity
from bot.verbs import Argument, Entrance, Family, Kind, Names, Verb, VerbTable, address
from commands.help import ABOUT


class ArgumentEntry(TypedDict):
    """One argument or option; ``choices`` are the values there are, empty where they are not known beforehand."""

    name: str
    kind: str
    required: bool
    help: str
    choices: list[str]
    announced: bool
    is_flag: bool


class VerbEntry(TypedDict):
    """One verb as it is used."""

    name: str
    aliases: list[str]
    summary: str
    usage: str
    example: str
    role: str
    arguments: list[ArgumentEntry]
    options: list[ArgumentEntry]


class FamilyEntry(TypedDict):
    """The verbs of one family, in the table's order."""

    summary: str
    verbs: list[VerbEntry]


class AddressEntry(TypedDict):
    """What is typed before a verb of a family: ``/ops``, ``@watchkeeper incident``."""

    typed: str
    family: str


class Vocabulary(TypedDict):
    """Everything that can be typed to the bot."""

    addresses: list[AddressEntry]
    families: dict[str, FamilyEntry]


def completion_vocabulary(table: VerbTable, names: Names) -> Vocabulary:
    """Return everything that can be typed, JSON-able; names of platforms, services and runbooks are ``names``' own."""
    return {
        "addresses": [
            {"typed": address(family, entrance), "family": family.value}
            for entrance in (Entrance.SLASH, Entrance.MENTION)
            for family in Family
        ],
        "families": {
            family.value: {"summary": ABOUT[family], "verbs": [_verb(verb, names) for verb in table.of(family)]}
            for family in Family
        },
    }


def _verb(verb: Verb, names: Names) -> VerbEntry:
    return {
        "name": verb.name,
        "aliases": list(verb.aliases),
        "summary": verb.summary,
        "usage": verb.usage,
        "example": verb.example,
        "role": verb.role.value,
        "arguments": [_argument(it, names) for it in verb.arguments],
        "options": [_argument(it, names) for it in verb.options],
    }


def _argument(argument: Argument, names: Names) -> ArgumentEntry:
    return {
        "name": argument.name,
        "kind": argument.kind.value,
        "required": argument.required,
        "help": argument.help,
        "choices": [str(choice) for choice in argument.choices or _known(argument.kind, names)],
        "announced": argument.announced,
        "is_flag": argument.is_flag,
    }


def _known(kind: Kind, names: Names) -> Sequence[str]:
    """Return the values of a kind that the configuration settles."""
    match kind:
        case Kind.PLATFORM:
            return names.platforms()
        case Kind.SERVICE:
            return names.services()
        case Kind.RUNBOOK:
            return names.runbooks()
        case Kind.SEVERITY:
            return tuple(Severity)
        case _:
            return ()
