"""From words to typed arguments: which word is which, whether it names something, and what is meant by silence.

Each word goes to the first argument it fits, so that ``status search-prod`` and ``restart search-prod qdrant`` are
understood; a word that fits none is a `Misread` with what was probably meant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.domain.errors import UnknownName
from bot.domain.ids import PlatformName
from bot.domain.rights import Severity
from bot.services.catalogue import Named
from bot.verbs.kinds import (
    MEANT,
    PREFIXES,
    canonical,
    closest,
    folded,
    has_form,
    is_bare_number,
    noun,
    short_number,
    shown,
    there_is,
)
from bot.verbs.reading import GivenOption, Reading, split_options
from bot.verbs.vocabulary import Argument, Kind, Misread, Missing, Names, Parsed, Request, Verb
from bot.verbs.words import Line, Word


class ArgumentReader:
    """Reads the arguments of verbs against what there is."""

    def __init__(self, names: Names) -> None:
        self._names = names

    async def read(self, verb: Verb, request: Request, line: Line, first: int) -> Parsed:
        """Return the request with its arguments; ``first`` is the index of the verb's word. Raises UserError."""
        at = line.words[first]
        reading = Reading(verb, request, line, at.start, at.end)
        words, options = split_options(verb, line.words[first + 1 :])
        for option in options:
            await self._read_option(reading, option)
        await self._read_words(reading, words)
        return await self._settled(reading)

    async def read_fields(self, verb: Verb, request: Request, fields: Mapping[str, str]) -> Parsed:
        """Return the request with what a form holds, field by field; raises UserError.

        What stands in a field is that argument and no other, whatever it looks like.
        """
        reading = Reading(verb, request, Line(verb.name, ()), 0, len(verb.name))
        for argument in (*verb.arguments, *verb.options):
            text = " ".join(fields.get(argument.name, "").split()) if argument.kind is not Kind.TEXT else ""
            if text:
                await self._read_field(reading, argument, text)
            elif written := fields.get(argument.name, "").strip():
                reading.values[argument.name] = written
        return await self._settled(reading)

    async def _read_field(self, reading: Reading, argument: Argument, text: str) -> None:
        if argument.kind is Kind.PERSON:
            reading.values[argument.name] = text
            return
        texts = text.split(" ") if argument.kind is Kind.PARAMETERS else [text]
        for word in (Word(it, 0, 0, is_quoted=True) for it in texts):
            if not self._fits(reading, argument, word):
                raise await self._wrong_word(reading, word, [argument])
            await self._keep(reading, argument, word)

    async def _settled(self, reading: Reading) -> Parsed:
        """Return what was read once silence is settled and nothing is missing."""
        await self._settle_incidents(reading)
        await self._settle_platform(reading)
        self._check_platform_has(reading)
        await self._check_complete(reading)
        return Parsed(reading.request, reading.values, reading.parameters, frozenset(reading.platforms))

    # -- which word is which -----------------------------------------------------------------------------------------

    async def _read_option(self, reading: Reading, given: GivenOption) -> None:
        option = given.option
        if option is None:
            close = [f"--{name}" for name in closest(given.name, [it.name for it in reading.verb.options])]
            what = shown(given.word.text)
            raise Misread(f"{reading.verb.name} has no option {what}", meant=reading.instead(given.word, close))
        if option.name in reading.values:
            raise Misread(f"--{option.name} is there twice; say it once")
        if option.kind is Kind.TEXT:
            reading.values[option.name] = reading.line.between(given.value).strip()
        elif option.is_flag and not given.value:
            reading.values[option.name] = "yes"
        elif given.value and self._fits(reading, option, given.value[0]):
            await self._keep(reading, option, given.value[0])
        elif given.value:
            raise await self._wrong_word(reading, given.value[0], [option])
        if not reading.values.get(option.name):
            raise Misread(f"--{option.name} needs {noun(option)} after it")

    async def _read_words(self, reading: Reading, words: tuple[Word, ...]) -> None:
        """Give each word to the first argument it fits; text takes the rest of the line."""
        waiting = list(reading.verb.arguments)
        words = self._take_person(reading, waiting, words)
        for index, word in enumerate(words):
            if index + 1 < len(words) and _announces(word, waiting):
                continue
            argument = self._argument_for(reading, waiting, words, index)
            if argument is None:
                raise await self._wrong_word(reading, word, waiting)
            if argument.kind is Kind.TEXT:
                reading.values[argument.name] = reading.line.between(words[index:]).strip()
                return
            await self._keep(reading, argument, word)
            reading.insert_at = word.end
            if argument.kind is not Kind.PARAMETERS:
                waiting.remove(argument)

    def _argument_for(
        self, reading: Reading, waiting: Sequence[Argument], words: Sequence[Word], index: int
    ) -> Argument | None:
        """Return the argument the word before this one announces, else the first that this one fits."""
        announced = _announces(words[index - 1], waiting) if index else None
        choice = [announced] if announced else waiting
        return next((it for it in choice if self._fits(reading, it, words[index])), None)

    def _take_person(self, reading: Reading, waiting: list[Argument], words: tuple[Word, ...]) -> tuple[Word, ...]:
        """Read the person, who may be named anywhere on the line; return the other words."""
        argument = next((it for it in waiting if it.kind is Kind.PERSON), None)
        word = next((it for it in words if it.person or it.text.startswith("@")), None)
        if argument is None or word is None:
            return words
        if word.person is None:
            raise Misread(f"{shown(word.text)} has no id here: choose the person from the list that the chat offers")
        reading.values[argument.name] = word.person
        waiting.remove(argument)
        return tuple(it for it in words if it is not word)

    def _fits(self, reading: Reading, argument: Argument, word: Word) -> bool:
        """Return whether a word can be meant for an argument, by its form or as the name of something."""
        if argument.kind in (Kind.PLATFORM, Kind.SERVICE, Kind.RUNBOOK):
            return word.text.casefold() in folded(self._all(argument.kind))
        if argument.kind in PREFIXES and is_bare_number(word.text):
            return _counts(reading)
        return has_form(argument, word)

    async def _keep(self, reading: Reading, argument: Argument, word: Word) -> None:
        """Keep the canonical value of a word that fits."""
        reading.words[argument.name] = word
        if argument.kind in (Kind.PLATFORM, Kind.SERVICE, Kind.RUNBOOK):
            reading.values[argument.name] = folded(self._all(argument.kind))[word.text.casefold()]
        elif argument.kind in PREFIXES:
            named = await self._named(reading, argument, word)
            reading.values[argument.name] = named.id
            reading.platforms.add(named.platform)
        elif argument.kind is Kind.PARAMETERS:
            name, _, value = word.text.partition("=")
            reading.parameters[name] = value
        else:
            reading.values[argument.name] = canonical(argument, word)

    # -- what there is -----------------------------------------------------------------------------------------------

    def _all(self, kind: Kind, platform: PlatformName | None = None) -> Sequence[str]:
        if kind is Kind.PLATFORM:
            return self._names.platforms()
        return self._names.services(platform) if kind is Kind.SERVICE else self._names.runbooks(platform)

    async def _named(self, reading: Reading, argument: Argument, word: Word) -> Named:
        """Return what a short number names; one that names nothing is a misread with what there is."""
        kind = argument.kind
        number = short_number(kind, word.text) or 0
        find = {
            Kind.INCIDENT: self._names.incident,
            Kind.APPROVAL: self._names.approval,
            Kind.RUN: self._names.run,
        }
        try:
            return await find[kind](number)
        except UnknownName as exc:
            known = list(await self._known(kind))
            close = closest(f"{PREFIXES[kind]}-{number}", known) or known[:MEANT]
            hint = await self._there_are(kind)
            meant = reading.instead(word, close)
            raise Misread(
                f"{PREFIXES[kind]}-{number} is not there", hint=hint, meant=meant, field=argument.name
            ) from exc

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

    async def _there_are(self, kind: Kind) -> str:
        """Return a sentence that lists what has a number, with what it is about."""
        find = {
            Kind.INCIDENT: self._names.incident_choices,
            Kind.APPROVAL: self._names.approval_choices,
            Kind.RUN: self._names.run_choices,
        }
        choices = await find[kind]()
        named = "; ".join(it.words for it in choices[:MEANT])
        more = f"; and {len(choices) - MEANT} more" if len(choices) > MEANT else ""
        return f"There is {named}{more}." if choices else "There is none yet."

    async def _choices(self, arguments: Sequence[Argument]) -> list[str]:
        """Return what could stand for any of some arguments, each once."""
        choices = [name for it in arguments for name in it.choices or await self._known(it.kind)]
        return list(dict.fromkeys(choices))

    async def _wrong_word(self, reading: Reading, word: Word, waiting: Sequence[Argument]) -> Misread:
        """Return that a word fits none of the arguments that are still to come."""
        if not waiting:
            return Misread(
                f"“{shown(word.text)}” is one word too many for {reading.verb.name}",
                hint='Several words that belong together go into "quotes".',
            )
        if reading.verb.either and not reading.has_chosen:
            waiting = [it for it in waiting if it.name in reading.verb.either]
        choices = await self._choices(waiting)
        close = closest(word.text, choices)
        if is_bare_number(word.text):
            close = [f"{PREFIXES[it.kind]}-{word.text.lstrip('#')}" for it in waiting if it.kind in PREFIXES]
        nouns = " or ".join(dict.fromkeys(map(noun, waiting)))
        return Misread(
            f"“{shown(word.text)}” is not {nouns}",
            hint=there_is(choices),
            meant=reading.instead(word, close),
            field=waiting[0].name,
        )

    # -- what silence means ------------------------------------------------------------------------------------------

    async def _here(self, reading: Reading) -> Named | None:
        """Return the incident in whose thread it is asked."""
        incident = reading.request.incident
        return await self._names.incident_by_id(incident) if incident else None

    async def _settle_incidents(self, reading: Reading) -> None:
        """Let a required incident that was left out be the one in whose thread it is asked."""
        for argument in reading.verb.arguments:
            if argument.kind is not Kind.INCIDENT or not argument.required or argument.name in reading.values:
                continue
            here = await self._here(reading)
            if here is not None:
                reading.values[argument.name] = here.id
                reading.platforms.add(here.platform)

    async def _settle_platform(self, reading: Reading) -> None:
        """Let a required platform that was left out be the one that is meant, or ask which."""
        argument = next((it for it in reading.verb.arguments if it.kind is Kind.PLATFORM), None)
        if argument is None:
            return
        by_number = any(it.kind in PREFIXES and it.name in reading.values for it in reading.verb.arguments)
        if argument.required and argument.name not in reading.values and not by_number:
            await self._check_complete(reading, but=argument)
            reading.values[argument.name] = await self._platform_meant(reading)
        if argument.name in reading.values:
            reading.platforms.add(PlatformName(reading.values[argument.name]))

    async def _platform_meant(self, reading: Reading) -> PlatformName:
        """Return the one platform that has what was named, else the one of the thread's incident."""
        named = reading.named()
        having = [
            platform
            for platform in self._names.platforms()
            if all(value in self._all(kind, platform) for kind, value in named.items())
        ]
        here = await self._here(reading)
        if len(having) == 1:
            return having[0]
        if here is not None and here.platform in having:
            return here.platform
        what = " and ".join(named.values())
        if not having:
            raise Misread(f"no platform has {what}" if what else "no platform is under care yet")
        where = f"{what} is on {' and '.join(having)}" if what else f"there are {', '.join(having)}"
        raise Missing(
            f"{where}: say which platform is meant",
            meant=reading.added(having),
            field="platform",
            given=reading.given(),
        )

    # -- what is wrong -----------------------------------------------------------------------------------------------

    def _check_platform_has(self, reading: Reading) -> None:
        """Refuse a service or runbook that the platform does not have."""
        platform = reading.values.get("platform")
        if platform is None:
            return
        for argument in (*reading.verb.arguments, *reading.verb.options):
            if argument.kind in (Kind.SERVICE, Kind.RUNBOOK) and argument.name in reading.values:
                self._check_has(reading, argument, PlatformName(platform))

    def _check_has(self, reading: Reading, argument: Argument, platform: PlatformName) -> None:
        value, known = reading.values[argument.name], self._all(argument.kind, platform)
        if value in known:
            return
        meant = reading.instead(reading.words[argument.name], closest(value, known))
        if "platform" in reading.words:
            others = [it for it in self._names.platforms() if value in self._all(argument.kind, it)]
            meant += reading.instead(reading.words["platform"], others)
        told = f"{value}: {platform} has no such {argument.kind}"
        raise Misread(told, hint=there_is(known), meant=meant, field=argument.name)

    async def _check_complete(self, reading: Reading, *, but: Argument | None = None) -> None:
        """Refuse a line on which something is missing."""
        verb = reading.verb
        chosen = [name for name in verb.either if name in reading.values]
        if len(chosen) > 1:
            raise Misread(f"{verb.name} takes one of {' and '.join(chosen)}, not both", field=chosen[-1])
        if verb.either and not chosen:
            raise await self._missing(reading, [it for it in verb.arguments if it.name in verb.either])
        for argument in verb.arguments:
            if argument.required and argument is not but and not self._is_there(reading, argument):
                raise await self._missing(reading, [argument])
        for option in verb.options:
            if option.required and option.name not in reading.values:
                needed = f"{verb.name} needs --{option.name} and {noun(option)} after it"
                raise Missing(needed, field=option.name, given=reading.given())

    def _is_there(self, reading: Reading, argument: Argument) -> bool:
        """Return whether an argument was given or needs not be: a run's or an incident's number says the platform."""
        return bool(reading.values.get(argument.name)) or (argument.kind is Kind.PLATFORM and bool(reading.platforms))

    async def _missing(self, reading: Reading, arguments: Sequence[Argument]) -> Misread:
        announcement = next((f"{it.name} " for it in arguments if it.announced), "")
        meant = [f"{announcement}{name}" for name in (await self._choices(arguments))[: 2 * MEANT]]
        nouns = " or ".join(dict.fromkeys(map(noun, arguments)))
        are_none = not meant and all(it.kind in PREFIXES for it in arguments)
        none = f"; there is no open {' and no '.join(it.kind for it in arguments)}" if are_none else ""
        return Missing(
            f"{reading.verb.name} needs {announcement}{nouns}{none}",
            meant=reading.added(meant),
            field=arguments[0].name,
            given=reading.given(),
        )


def _announces(word: Word, waiting: Sequence[Argument]) -> Argument | None:
    """Return the argument whose name a word is, where names announce: ``into INC-7``."""
    return next((it for it in waiting if it.announced and it.name == word.text.casefold()), None)


def _counts(reading: Reading) -> bool:
    """Return whether a bare ``42`` can be meant for a short number.

    It says too little where a verb takes numbers of two kinds, and may as well begin the text of a verb that takes
    some, in the thread of the incident that is meant anyway.
    """
    kinds = {it.kind for it in reading.verb.arguments if it.kind in PREFIXES}
    text = reading.verb.takes_text
    begins_text = text is not None and text.required and reading.request.incident is not None
    return len(kinds) == 1 and not begins_text
