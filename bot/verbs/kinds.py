"""What each kind of argument looks like, what it is called in an answer, and which names are close to a wrong one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from bot.domain.durations import format_duration, parse_duration
from bot.verbs.vocabulary import Argument, Kind
from bot.verbs.words import Word

MEANT = 3
"""How many commands are offered as what was meant."""
CLOSE = 0.55
"""How alike (difflib's ratio) a wrong word and a name must be."""
SHOWN_WORD = 60
"""Characters of a wrong word that an answer repeats."""
SHOWN_NAMES = 8

PREFIXES = {Kind.INCIDENT: "INC", Kind.APPROVAL: "APR", Kind.RUN: "RUN"}
_NOUNS = {
    Kind.PLATFORM: "a platform",
    Kind.SERVICE: "a service",
    Kind.RUNBOOK: "a runbook",
    Kind.INCIDENT: "an incident such as INC-42",
    Kind.APPROVAL: "an approval such as APR-7",
    Kind.RUN: "a run such as RUN-3",
    Kind.SEVERITY: "a severity, sev1 to sev4",
    Kind.DURATION: "a duration such as 30m",
    Kind.NUMBER: "a number",
    Kind.PERSON: "a person",
    Kind.PARAMETERS: "a parameter such as name=value",
}

_SHORT_NUMBER = re.compile(r"(?:(?P<prefix>INC|APR|RUN)-?)?#?(?P<number>[0-9]{1,9})", re.IGNORECASE)
_SEVERITY = re.compile(r"(?:sev-?)?([1-4])", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]{1,9}")
_PARAMETER = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*=.+", re.DOTALL)


def has_form(argument: Argument, word: Word) -> bool:
    """Return whether a word looks like a value of an argument that is not told by what there is."""
    match argument.kind:
        case Kind.INCIDENT | Kind.APPROVAL | Kind.RUN:
            return short_number(argument.kind, word.text) is not None
        case Kind.SEVERITY:
            return _SEVERITY.fullmatch(word.text) is not None
        case Kind.DURATION:
            return _duration(word.text) is not None
        case Kind.NUMBER:
            return _NUMBER.fullmatch(word.text) is not None
        case Kind.PERSON:
            return word.person is not None
        case Kind.PARAMETERS:
            return _PARAMETER.fullmatch(word.text) is not None
        case Kind.WORD:
            return not argument.choices or word.text.casefold() in argument.choices
        case _:
            return argument.kind is Kind.TEXT


def canonical(argument: Argument, word: Word) -> str:
    """Return the one spelling of a value that `has_form`."""
    match argument.kind:
        case Kind.SEVERITY:
            return f"sev{word.text[-1]}"
        case Kind.DURATION:
            return _duration(word.text) or ""
        case Kind.PERSON:
            return word.person or ""
        case Kind.WORD if argument.choices:
            return word.text.casefold()
        case _:
            return word.text


def short_number(kind: Kind, text: str) -> int | None:
    """Return the number in ``INC-42``, ``inc42``, ``#42`` or ``42``; None for another form or another kind's prefix."""
    found = _SHORT_NUMBER.fullmatch(text)
    if found is None or (found["prefix"] or PREFIXES[kind]).upper() != PREFIXES[kind]:
        return None
    return int(found["number"])


def is_bare_number(text: str) -> bool:
    """Return whether a short number does not say what it counts."""
    return _NUMBER.fullmatch(text.removeprefix("#")) is not None


def _duration(text: str) -> str | None:
    try:
        return format_duration(parse_duration(text.lower()))
    except ValueError:
        return None


def folded(names: Iterable[str]) -> dict[str, str]:
    """Return names by how they are compared: phones begin with a capital."""
    return {name.casefold(): name for name in names}


def closest(word: str, known: Iterable[str]) -> list[str]:
    """Return the names a wrong word may have been meant for, closest first."""
    names = folded(known)
    return [names[it] for it in get_close_matches(word[:SHOWN_WORD].casefold(), names, MEANT, CLOSE)]


def noun(argument: Argument) -> str:
    """Return what an argument is called in a sentence."""
    if 0 < len(argument.choices) <= MEANT:
        return " or ".join(argument.choices)
    return _NOUNS.get(argument.kind, f"a {argument.name}")


def there_is(known: Sequence[str]) -> str:
    """Return a sentence that lists what there is; empty for nothing."""
    shown = ", ".join(known[:SHOWN_NAMES])
    return f"There is {shown}{' …' if len(known) > SHOWN_NAMES else ''}." if known else ""


def shown(text: str) -> str:
    """Return a wrong word as an answer repeats it."""
    return text if len(text) <= SHOWN_WORD else f"{text[:SHOWN_WORD]}…"
