"""From words to typed arguments: which word is which, whether it names something, and what is meant by silence.

Each word goes to the first argument it fits, so that ``status search-prod`` and ``restart search-prod qdrant`` are
understood; a word that fits none is a `Misread` with what was probably meant.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from bot.domain.durations import format_duration, parse_duration
from bot.domain.errors import UnknownName
from bot.domain.ids import PlatformName, RunbookName, ServiceName, UserId
from bot.domain.rights import Severity
from bot.services.catalogue import Named
from bot.verbs.vocabulary import Argument, Command, Kind, Misread, Names, Parsed, Request, Verb
from bot.verbs.words import Line, Word

SHOWN_WORD = 60
"""Characters of a wrong word that an answer repeats."""
MEANT = 3
CLOSE = 0.55

_OPTION = re.compile(r"(?:--|—|–)(?P<name>[A-Za-z][A-Za-z-]*)(?:=(?P<value>.*))?", re.DOTALL)
_SHORT_NUMBER = re.compile(r"(?:(?P<prefix>INC|APR|RUN)-?)?#?(?P<number>[0-9]{1,9})", re.IGNORECASE)
_SEVERITY = re.compile(r"(?:sev-?)?([1-4])", re.IGNORECASE)
_WHOLE_NUMBER = re.compile(r"[0-9]{1,9}")
_PREFIXES = {Kind.INCIDENT: "INC", Kind.APPROVAL: "APR", Kind.RUN: "RUN"}
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
    Kind.PERSON: "a person such as @ada, chosen from the list the chat offers",
    Kind.PARAMETERS: "a parameter such as name=value",
    Kind.WORD: "a word",
    Kind.TEXT: "text",
}


@dataclass(slots=True)
class _Reading:
    """What was read of one line so far."""

    verb: Verb
    request: Request
    line: Line
    insert_at: int
    """Where a forgotten argument belongs."""
    words: dict[str, Word] = field(default_factory=dict)
    """The word behind each argument that was given in one word."""
    values: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    platforms: set[PlatformName] = field(default_factory=set)

    def command(self, text: str) -> Command:
        return Command(self.verb.family, text)

    def instead(self, word: Word, meant: Sequence[str]) -> tuple[Command, ...]:
        return tuple(self.command(self.line.replaced(word, it)) for it in meant)

    def with_added(self, meant: Sequence[str]) -> tuple[Command, ...]:
        return tuple(self.command(self.line.inserted(self.insert_at, it)) for it in meant)


class ArgumentReader:
    """Reads the arguments of one verb after the other."""

    def __init__(self, names: Names) -> None:
        self._names = names

    async def read(self, verb: Verb, request: Request, line: Line, first: int) -> Parsed:
        """Return the request with its arguments; ``first`` is the index of the verb's word. Raises UserError."""
        reading = _Reading(verb, request, line, line.words[first].end)
        await self._assign(reading, await self._take_options(reading, line.words[first + 1 :]))
        await self._settle_incidents(reading)
        await self._settle_platform(reading)
        await self._settle_names(reading)
        await self._require(reading)
        return Parsed(request, reading.values, reading.parameters, frozenset(reading.platforms))

    # -- which word is which -----------------------------------------------------------------------------------------

    async def _take_options(self, reading: _Reading, words: tuple[Word, ...]) -> tuple[Word, ...]:
        """Read ``--name value``; return the other words."""
        options = {option.name: option for option in reading.verb.options}
        if not options and reading.verb.takes_text:
            return words
        rest: list[Word] = []
        index = 0
        while index < len(words):
            word = words[index]
            index += 1
            found = _OPTION.fullmatch(word.text) if not word.is_quoted else None
            if found is None:
                rest.append(word)
                continue
            option = options.get(found["name"].lower())
            if option is None:
                raise self._unknown_option(reading, word, list(options))
            inline = Word(found["value"], word.start, word.end) if found["value"] else None
            given = (inline,) if inline else _value_words(option, words[index:], options)
            index += 0 if inline else len(given)
            await self._read_option(reading, option, given)
        return tuple(rest)

    def _unknown_option(self, reading: _Reading, word: Word, options: Sequence[str]) -> Misread:
        close = _closest(word.text.lstrip("-—–"), options)
        return Misread(
            f"{reading.verb.name} has no option {_shown(word)}",
            meant=reading.instead(word, [f"--{name}" for name in close]),
        )

    async def _read_option(self, reading: _Reading, option: Argument, given: tuple[Word, ...]) -> None:
        if option.name in reading.values:
            raise Misread(f"--{option.name} is there twice; say it once")
        if option.kind is Kind.TEXT:
            reading.values[option.name] = reading.line.between(given).strip()
        elif option.is_flag and not given:
            reading.values[option.name] = "yes"
        elif given and self._fits(reading, option, given[0]):
            await self._keep(reading, option, given[0])
        elif given:
            raise await self._wrong_word(reading, given[0], [option])
        if not reading.values.get(option.name):
            raise Misread(f"--{option.name} needs {_NOUNS[option.kind]} after it")

    async def _assign(self, reading: _Reading, words: tuple[Word, ...]) -> None:
        """Give each word to the first argument it fits; text takes the rest of the line."""
        waiting = list(reading.verb.arguments)
        words = await self._take_people(reading, waiting, words)
        index = 0
        while index < len(words):
            word = words[index]
            announced = _announced(waiting, words, index)
            if announced is not None:
                index, word = index + 1, words[index + 1]
            argument = announced or next((it for it in waiting if self._fits(reading, it, word)), None)
            if argument is None or not self._fits(reading, argument, word):
                raise await self._wrong_word(reading, word, [announced] if announced else waiting)
            if argument.kind is Kind.TEXT:
                reading.values[argument.name] = reading.line.between(words[index:]).strip()
                return
            await self._keep(reading, argument, word)
            reading.insert_at = word.end
            if argument.kind is not Kind.PARAMETERS:
                waiting.remove(argument)
            index += 1

    async def _take_people(
        self, reading: _Reading, waiting: list[Argument], words: tuple[Word, ...]
    ) -> tuple[Word, ...]:
        """Read the person, who may be named anywhere on the line; return the other words."""
        argument = next((it for it in waiting if it.kind is Kind.PERSON), None)
        if argument is None:
            return words
        word = next((it for it in words if it.person or it.text.startswith("@")), None)
        if word is None:
            return words
        if word.person is None:
            raise Misread(f"{_shown(word)}: choose the person from the list the chat offers, so that an id arrives")
        reading.values[argument.name] = word.person
        waiting.remove(argument)
        return tuple(it for it in words if it is not word)

    def _fits(self, reading: _Reading, argument: Argument, word: Word) -> bool:
        """Return whether a word can be meant for an argument by its form, or by being the name of something."""
        text = word.text
        if argument.announced and not _short_number(argument.kind, text):
            return False
        match argument.kind:
            case Kind.PLATFORM | Kind.SERVICE | Kind.RUNBOOK:
                return text.casefold() in _folded(self._all(argument.kind))
            case Kind.INCIDENT | Kind.APPROVAL | Kind.RUN:
                return _short_number(argument.kind, text) and _means_id(reading, text)
            case Kind.SEVERITY:
                return _SEVERITY.fullmatch(text) is not None
            case Kind.DURATION:
                return _duration(text) is not None
            case Kind.NUMBER:
                return _WHOLE_NUMBER.fullmatch(text) is not None
            case Kind.PERSON:
                return word.person is not None
            case Kind.PARAMETERS:
                return text.partition("=")[0].isidentifier() and "=" in text
            case Kind.WORD:
                return not argument.choices or text.casefold() in argument.choices
            case Kind.TEXT:
                return True

    async def _keep(self, reading: _Reading, argument: Argument, word: Word) -> None:
        """Keep the canonical value of a word that fits."""
        reading.words[argument.name] = word
        text = word.text
        match argument.kind:
            case Kind.PLATFORM | Kind.SERVICE | Kind.RUNBOOK:
                reading.values[argument.name] = _folded(self._all(argument.kind))[text.casefold()]
            case Kind.INCIDENT | Kind.APPROVAL | Kind.RUN:
                named = await self._named(reading, argument, word)
                reading.values[argument.name] = named.id
                reading.platforms.add(named.platform)
            case Kind.SEVERITY:
                reading.values[argument.name] = f"sev{text[-1]}"
            case Kind.DURATION:
                reading.values[argument.name] = _duration(text) or text
            case Kind.PARAMETERS:
                name, _, value = text.partition("=")
                reading.parameters[name] = value
            case Kind.WORD if argument.choices:
                reading.values[argument.name] = text.casefold()
            case _:
                reading.values[argument.name] = text

    def _all(self, kind: Kind, platform: PlatformName | None = None) -> Sequence[str]:
        match kind:
            case Kind.PLATFORM:
                return self._names.platforms()
            case Kind.SERVICE:
                return self._names.services(platform)
            case _:
                return self._names.runbooks(platform)

    # -- what it names -----------------------------------------------------------------------------------------------

    async def _named(self, reading: _Reading, argument: Argument, word: Word) -> Named:
        """Return what a short number names; a number that names nothing is a misread with the nearest that do."""
        number = int(word.text.rpartition("-")[2].lstrip("#INCAPRUincapru"))
        find: dict[Kind, Callable[[int], Awaitable[Named]]] = {
            Kind.INCIDENT: self._names.incident,
            Kind.APPROVAL: self._names.approval,
            Kind.RUN: self._names.run,
        }
        try:
            return await find[argument.kind](number)
        except UnknownName as exc:
            wanted = f"{_PREFIXES[argument.kind]}-{number}"
            close = _closest(wanted, await self._known(argument.kind))
            raise Misread(str(exc), meant=reading.instead(word, close)) from exc

    async def _known(self, kind: Kind) -> Sequence[str]:
        """Return the names there are of a kind; empty for what has no names."""
        match kind:
            case Kind.PLATFORM | Kind.SERVICE | Kind.RUNBOOK:
                return self._all(kind)
            case Kind.INCIDENT:
                return await self._names.incident_names()
            case Kind.APPROVAL:
                return await self._names.approval_names()
            case Kind.RUN:
                return await self._names.run_names()
            case Kind.SEVERITY:
                return tuple(Severity)
            case _:
                return ()

    async def _candidates(self, argument: Argument) -> Sequence[str]:
        known = argument.choices or await self._known(argument.kind)
        return [f"{argument.name} {name}" for name in known] if argument.announced else known

    async def _wrong_word(self, reading: _Reading, word: Word, waiting: Sequence[Argument]) -> Misread:
        """Return that a word fits none of the arguments that are still to come."""
        if not waiting:
            return Misread(
                f"“{_shown(word)}” is one word too many for {reading.verb.name}",
                hint='Several words that belong together go into "quotes".',
            )
        known = dict.fromkeys([name for it in waiting for name in await self._candidates(it)])
        nouns = dict.fromkeys(_noun(it) for it in waiting)
        return Misread(
            f"“{_shown(word)}” is not {' or '.join(nouns)}",
            hint=_there_is(list(known)),
            meant=reading.instead(word, self._likely(word, list(known), waiting)),
        )

    def _likely(self, word: Word, known: Sequence[str], waiting: Sequence[Argument]) -> Sequence[str]:
        bare = _WHOLE_NUMBER.fullmatch(word.text)
        if bare:
            return [f"{_PREFIXES[it.kind]}-{int(word.text)}" for it in waiting if it.kind in _PREFIXES]
        return _closest(word.text, known)

    # -- what silence means ------------------------------------------------------------------------------------------

    async def _settle_incidents(self, reading: _Reading) -> None:
        """Let a required incident that was left out be the one in whose thread it is asked."""
        here = reading.request.incident
        for argument in reading.verb.arguments:
            if argument.kind is Kind.INCIDENT and argument.required and argument.name not in reading.values and here:
                reading.values[argument.name] = here
                reading.platforms.add((await self._names.incident_by_id(here)).platform)

    async def _settle_platform(self, reading: _Reading) -> None:
        """Let a required platform that was left out be the one that is meant, or ask which."""
        argument = next((it for it in reading.verb.arguments if it.kind is Kind.PLATFORM), None)
        if argument is None:
            return
        wanted = argument.required and not any(reading.values.get(name) for name in _id_arguments(reading))
        if argument.name not in reading.values and wanted:
            reading.values[argument.name] = await self._platform_meant(reading)
        if argument.name in reading.values:
            reading.platforms.add(PlatformName(reading.values[argument.name]))

    async def _platform_meant(self, reading: _Reading) -> PlatformName:
        having = [it for it in self._names.platforms() if self._has_all(it, reading)]
        if len(having) == 1:
            return having[0]
        here = reading.request.incident
        if here and (await self._names.incident_by_id(here)).platform in having:
            return (await self._names.incident_by_id(here)).platform
        raise self._which_platform(reading, having)

    def _which_platform(self, reading: _Reading, having: Sequence[PlatformName]) -> Misread:
        subject = " and ".join(_named_values(reading).values()) or reading.verb.name
        if not having:
            return Misread(f"no platform has {subject}" if self._names.platforms() else "no platform is under care yet")
        where = f"{subject} is on {', '.join(having)}" if _named_values(reading) else f"there are {', '.join(having)}"
        return Misread(f"{where}: say which platform is meant", meant=reading.with_added(having))

    def _has_all(self, platform: PlatformName, reading: _Reading) -> bool:
        """Return whether a platform has every service and runbook that was named."""
        return all(value in self._all(kind, platform) for kind, value in _named_values(reading).items())

    async def _settle_names(self, reading: _Reading) -> None:
        """Refuse a service or runbook that the platform does not have."""
        platform = reading.values.get("platform")
        if platform is None:
            return
        for argument in (*reading.verb.arguments, *reading.verb.options):
            if argument.kind not in (Kind.SERVICE, Kind.RUNBOOK) or argument.name not in reading.values:
                continue
            known = self._all(argument.kind, PlatformName(platform))
            if reading.values[argument.name] not in known:
                raise self._not_there(reading, argument, PlatformName(platform), known)

    def _not_there(
        self, reading: _Reading, argument: Argument, platform: PlatformName, known: Sequence[str]
    ) -> Misread:
        value = reading.values[argument.name]
        meant = reading.instead(reading.words[argument.name], _closest(value, known))
        elsewhere = [it for it in self._names.platforms() if value in self._all(argument.kind, it)]
        if "platform" in reading.words:
            meant += reading.instead(reading.words["platform"], elsewhere)
        return Misread(f"{value}: {platform} has no such {argument.kind}", hint=_there_is(known), meant=meant)

    async def _require(self, reading: _Reading) -> None:
        """Refuse a line on which something is missing."""
        verb = reading.verb
        chosen = [name for name in verb.either if name in reading.values]
        if len(chosen) > 1:
            raise Misread(f"{verb.name} takes one of {', '.join(verb.either)}, not both")
        if verb.either and not chosen:
            raise await self._missing(reading, [it for it in verb.arguments if it.name in verb.either])
        for argument in verb.arguments:
            if argument.required and not reading.values.get(argument.name):
                raise await self._missing(reading, [argument])
        for option in verb.options:
            if option.required and option.name not in reading.values:
                raise Misread(f"{verb.name} needs --{option.name} and {_NOUNS[option.kind]} after it")

    async def _missing(self, reading: _Reading, arguments: Sequence[Argument]) -> Misread:
        nouns = " or ".join(_noun(argument) for argument in arguments)
        known = [name for argument in arguments for name in await self._candidates(argument)]
        return Misread(f"{reading.verb.name} needs {nouns}", meant=reading.with_added(known[: MEANT * 2]))


def _value_words(option: Argument, words: tuple[Word, ...], options: dict[str, Argument]) -> tuple[Word, ...]:
    """Return the words that are an option's value: one, or for text all up to the next option of the verb."""
    if option.is_flag:
        return words[:1] if words and words[0].text.casefold() == "yes" else ()
    if option.kind is not Kind.TEXT or (words and words[0].is_quoted):
        return words[:1]
    taken: list[Word] = []
    for word in words:
        found = _OPTION.fullmatch(word.text) if not word.is_quoted else None
        if found and found["name"].lower() in options:
            break
        taken.append(word)
    return tuple(taken)


def _announced(waiting: Sequence[Argument], words: Sequence[Word], index: int) -> Argument | None:
    """Return the argument whose name this word is, if another word follows it."""
    name = words[index].text.casefold()
    found = next((it for it in waiting if it.announced and it.name == name), None)
    return found if index + 1 < len(words) else None


def _short_number(kind: Kind, text: str) -> bool:
    found = _SHORT_NUMBER.fullmatch(text)
    return found is not None and (found["prefix"] or _PREFIXES[kind]).upper() == _PREFIXES[kind]


def _means_id(reading: _Reading, text: str) -> bool:
    """Return whether a short number is meant, and not a number at the beginning of text or of another kind.

    ``42`` alone says too little where a verb takes numbers of two kinds, and where it may as well begin a sentence in
    the thread of the incident that is meant anyway.
    """
    if not text.lstrip("#").isdigit():
        return True
    kinds = {it.kind for it in reading.verb.arguments if it.kind in _PREFIXES}
    text_argument = reading.verb.takes_text
    begins_text = text_argument is not None and text_argument.required and reading.request.incident is not None
    return len(kinds) == 1 and not begins_text


def _id_arguments(reading: _Reading) -> list[str]:
    return [it.name for it in reading.verb.arguments if it.kind in _PREFIXES]


def _named_values(reading: _Reading) -> dict[Kind, str]:
    """Return the service and the runbook that were named."""
    given = (*reading.verb.arguments, *reading.verb.options)
    kinds = (Kind.SERVICE, Kind.RUNBOOK)
    return {it.kind: reading.values[it.name] for it in given if it.kind in kinds and it.name in reading.values}


def _folded(names: Sequence[str]) -> dict[str, str]:
    return {name.casefold(): name for name in names}


def _duration(text: str) -> str | None:
    try:
        return format_duration(parse_duration(text.lower()))
    except ValueError:
        return None


def _closest(word: str, known: Sequence[str]) -> list[str]:
    folded = _folded(known)
    return [folded[it] for it in get_close_matches(word[:SHOWN_WORD].casefold(), folded, MEANT, CLOSE)]


def _noun(argument: Argument) -> str:
    if 0 < len(argument.choices) <= MEANT:
        return " or ".join(argument.choices)
    return f"a {argument.name}" if argument.choices else _NOUNS[argument.kind]


def _there_is(known: Sequence[str]) -> str:
    shown = ", ".join(known[:8])
    return f"There is {shown}{' …' if len(known) > 8 else ''}." if known else ""


def _shown(word: Word) -> str:
    return word.text if len(word.text) <= SHOWN_WORD else f"{word.text[:SHOWN_WORD]}…"


__all__ = ["ArgumentReader", "RunbookName", "ServiceName", "UserId"]
