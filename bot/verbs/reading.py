"""One line while it is read: which words were options, what was understood so far, where a forgotten word belongs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bot.domain.ids import PlatformName
from bot.verbs.kinds import PREFIXES, short_number
from bot.verbs.vocabulary import Argument, Command, Kind, Request, Verb
from bot.verbs.words import Line, Word

# Phones make one long dash of two hyphens.
_OPTION = re.compile(r"(?:--|—|–)(?P<name>[A-Za-z][A-Za-z-]*)(?:=(?P<value>.*))?", re.DOTALL)


@dataclass(slots=True)
class Reading:
    """What was read of one line so far."""

    verb: Verb
    request: Request
    line: Line
    start: int
    """Where the verb begins."""
    insert_at: int
    """Where a forgotten argument belongs: behind the last one, before text and options."""
    words: dict[str, Word] = field(default_factory=dict)
    """The word behind each argument that was given in one word."""
    values: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    platforms: set[PlatformName] = field(default_factory=set)

    @property
    def has_chosen(self) -> bool:
        """Return whether one of the arguments of which one must be given is there."""
        return any(name in self.values for name in self.verb.either)

    def named(self) -> dict[Kind, str]:
        """Return the service and the runbook that were named."""
        given = (it for it in (*self.verb.arguments, *self.verb.options) if it.name in self.values)
        return {it.kind: self.values[it.name] for it in given if it.kind in (Kind.SERVICE, Kind.RUNBOOK)}

    def given(self) -> dict[str, str]:
        """Return what was understood so far by argument, as it would be typed: ids by their short names."""
        given = {name: self._typed(name) for name in self.values}
        parameters = " ".join(f"{name}={value}" for name, value in self.parameters.items())
        named = next((it.name for it in self.verb.arguments if it.kind is Kind.PARAMETERS), "")
        return {**given, **({named: parameters} if parameters else {})}

    def _typed(self, name: str) -> str:
        """Return the short name behind an id; of one that went without saying, nothing."""
        argument = next(it for it in (*self.verb.arguments, *self.verb.options) if it.name == name)
        if argument.kind not in PREFIXES:
            return self.values[name]
        number = short_number(argument.kind, self.words[name].text) if name in self.words else None
        return "" if number is None else f"{PREFIXES[argument.kind]}-{number}"

    def instead(self, word: Word, meant: Sequence[str]) -> tuple[Command, ...]:
        """Return the line with other words in the place of one."""
        return tuple(Command(self.verb.family, self.line.replaced(word, it)[self.start :]) for it in meant)

    def added(self, meant: Sequence[str]) -> tuple[Command, ...]:
        """Return the line with a forgotten word."""
        return tuple(Command(self.verb.family, self.line.inserted(self.insert_at, it)[self.start :]) for it in meant)


@dataclass(frozen=True, slots=True)
class GivenOption:
    """An option as it stands on the line."""

    word: Word
    name: str
    option: Argument | None
    """None where the verb has no such option."""
    value: tuple[Word, ...] = ()


def split_options(verb: Verb, words: tuple[Word, ...]) -> tuple[tuple[Word, ...], tuple[GivenOption, ...]]:
    """Return the words that are no options, and the options with their values.

    Where a verb takes text and has no options, ``--`` is text like any other.
    """
    if verb.takes_text and not verb.options:
        return words, ()
    rest: list[Word] = []
    given: list[GivenOption] = []
    known = {option.name: option for option in verb.options}
    waiting = iter(range(len(words)))
    for index in waiting:
        found = _as_option(words[index])
        if found is None:
            rest.append(words[index])
            continue
        name = found["name"].lower()
        option = known.get(name)
        if found["value"]:
            inline = Word(found["value"], words[index].start, words[index].end)
            given.append(GivenOption(words[index], name, option, (inline,)))
            continue
        value = _value(option, words[index + 1 :], known) if option else ()
        given.append(GivenOption(words[index], name, option, value))
        _skip(waiting, len(value))
    return tuple(rest), tuple(given)


def _skip(indexes: Iterator[int], count: int) -> None:
    for _ in range(count):
        next(indexes)


def _as_option(word: Word) -> re.Match[str] | None:
    return None if word.is_quoted else _OPTION.fullmatch(word.text)


def _value(option: Argument, words: tuple[Word, ...], known: Mapping[str, Argument]) -> tuple[Word, ...]:
    """Return the words that are an option's value: one, or for text all up to the next option of the verb."""
    if option.is_flag:
        return words[:1] if words and words[0].text.casefold() == "yes" else ()
    if option.kind is not Kind.TEXT or (words and words[0].is_quoted):
        return words[:1]
    taken: list[Word] = []
    for word in words:
        found = _as_option(word)
        if found and found["name"].lower() in known:
            break
        taken.append(word)
    return tuple(taken)
