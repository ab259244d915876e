"""The one table: find the verb, look at the person's role, read the arguments, let the handler answer.

Default deny. What a person got wrong is answered with the nearest commands that they may run and that would work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from bot.domain.answers import Problem
from bot.domain.errors import NotAllowed, UsageError, UserError
from bot.domain.ids import PlatformName
from bot.domain.people import LADDER, Actor
from bot.domain.rights import Role
from bot.verbs.arguments import CLOSE, MEANT, ArgumentReader
from bot.verbs.vocabulary import Argument, Command, Family, Misread, Names, Parsed, Reply, Request, Verb, address
from bot.verbs.words import Line, Word, read_line

LONGEST_OFFER = 200
"""Characters of a command that is offered as what was meant."""
OWNERS_ROLES = (Role.VIEWER, Role.OPERATOR, Role.APPROVER)
"""What owning a platform counts as, for this platform."""


@dataclass(frozen=True, slots=True)
class Understood:
    """A request that was read, and what it takes."""

    verb: Verb
    parsed: Parsed
    role: Role

    def is_allowed(self, actor: Actor) -> bool:
        """Return whether somebody may ask for it, on every platform it concerns."""
        return _may(actor, self.role, self.parsed.platforms)


class VerbTable:
    """Everything that can be asked, in the order help shows it."""

    def __init__(self, verbs: Sequence[Verb], names: Names) -> None:
        self.verbs = tuple(verbs)
        self._reader = ArgumentReader(names)

    async def answer(self, request: Request) -> Reply:
        """Return the answer. What the person can put right is a `Problem`; any other error is the caller's."""
        try:
            understood = await self.understand(request)
            if not understood.is_allowed(request.actor):
                raise _refusal(understood.verb, understood.role, request, understood.parsed.platforms)
            return await understood.verb.handler(understood.parsed)
        except UserError as exc:
            return Reply(await self._problem(exc, request))

    async def understand(self, request: Request) -> Understood:
        """Return what is asked, typed; raises UserError. Reading a command takes the role of its mildest form."""
        line = read_line(request.text)
        family, first = _family(request.family, line)
        if first == len(line.words):
            line = read_line(f"{line.text} help")
        word = line.words[first]
        verb = self.find(family, word.text)
        if verb is None:
            raise self._unknown_verb(request.actor, family, line, word)
        if not may_ask(request.actor, verb):
            raise _refusal(verb, verb.role, request)
        parsed = await self._reader.read(verb, request, line, first)
        return Understood(verb, parsed, _role_of(verb, parsed))

    def find(self, family: Family, name: str) -> Verb | None:
        """Return the verb that answers to a name."""
        wanted = name.casefold()
        return next((it for it in self.verbs if it.family is family and wanted in (it.name, *it.aliases)), None)

    def of(self, family: Family) -> tuple[Verb, ...]:
        """Return the verbs of one family."""
        return tuple(it for it in self.verbs if it.family is family)

    # -- hints -------------------------------------------------------------------------------------------------------

    async def _problem(self, error: UserError, request: Request) -> Problem:
        meant = error.meant if isinstance(error, Misread) else ()
        offers = await self._offers(meant, request)
        return Problem(_sentence(str(error)), hint=self._hint(error, request), nearest=offers)

    async def _offers(self, meant: Iterable[Command], request: Request) -> tuple[str, ...]:
        """Return the commands that would work and that the person may run, as typed where they are."""
        offers: dict[str, None] = {}
        for command in meant:
            text = " ".join(command.text.split())
            if len(offers) < MEANT and len(text) <= LONGEST_OFFER and await self._works(command.family, text, request):
                offers[f"{address(command.family, request.entrance)} {text}"] = None
        return tuple(offers)

    async def _works(self, family: Family, text: str, request: Request) -> bool:
        try:
            understood = await self.understand(replace(request, family=family, text=text))
        except UserError:
            return False
        return understood.is_allowed(request.actor)

    def _hint(self, error: UserError, request: Request) -> str:
        """Return the error's own hint, else how the verb is used."""
        if isinstance(error, Misread) and error.hint:
            return error.hint
        verb = self._verb_of(request) if isinstance(error, UsageError) else None
        return f"Usage: {address(verb.family, request.entrance)} {verb.usage}" if verb else ""

    def _verb_of(self, request: Request) -> Verb | None:
        try:
            line = read_line(request.text)
        except UsageError:
            return None
        family, first = _family(request.family, line)
        return self.find(family, line.words[first].text) if first < len(line.words) else None

    def _unknown_verb(self, actor: Actor, family: Family, line: Line, word: Word) -> Misread:
        """Return that there is no such verb, with the nearest ones of both families, arguments kept."""
        allowed = [it for it in self.verbs if may_ask(actor, it)]
        close = _by_closeness(word.text, allowed, lambda it: it.family is family)
        rest = line.text[word.end :]
        meant = [
            command
            for verb in close
            for command in (Command(verb.family, f"{verb.name}{rest}"), Command(verb.family, f"help {verb.name}"))
        ]
        shown = word.text if len(word.text) <= MEANT * 20 else f"{word.text[: MEANT * 20]}…"
        return Misread(
            f"“{shown}” is nothing that can be asked",
            hint="" if meant else "help lists what can be asked.",
            meant=meant or (Command(family, "help"),),
        )


def may_ask(actor: Actor, verb: Verb) -> bool:
    """Return whether somebody may ask for some form of a verb, on some platform."""
    roles = {verb.role, *(it.role for it in (*verb.arguments, *verb.options) if it.role is Role.BREAK_GLASS)}
    return any(_may(actor, role, ()) for role in roles if role)


def _may(actor: Actor, role: Role, platforms: Iterable[PlatformName]) -> bool:
    """Return whether somebody holds a role, or owns what counts as holding it: all of the platforms, or any."""
    concerned = frozenset(platforms)
    owns = concerned <= actor.owns if concerned else bool(actor.owns)
    return actor.has(role) or (role in OWNERS_ROLES and owns)


def _role_of(verb: Verb, parsed: Parsed) -> Role:
    """Return the highest role that the verb and the arguments given take; break-glass stands for all others."""
    given = [it for it in (*verb.arguments, *verb.options) if _is_given(it, parsed)]
    roles = [verb.role, *(it.role for it in given if it.role)]
    return Role.BREAK_GLASS if Role.BREAK_GLASS in roles else max(roles, key=LADDER.index)


def _is_given(argument: Argument, parsed: Parsed) -> bool:
    return argument.name in parsed.values


def _refusal(verb: Verb, role: Role, request: Request, platforms: Iterable[PlatformName] = ()) -> NotAllowed:
    """Return why somebody may not, what would be needed, and where it says who can."""
    where = f" on {', '.join(sorted(platforms))}" if platforms else ""
    holds = ", ".join(sorted(request.actor.roles)) or "no role"
    owner = ", or an owner of the platform" if role in (Role.OPERATOR, Role.APPROVER) else ""
    return Denied(verb, f"{verb.name}{where} takes the role {role}{owner}; you hold {holds}")


class Denied(NotAllowed):
    """A verb that the person may not run."""

    def __init__(self, verb: Verb, message: str) -> None:
        super().__init__(message)
        self.verb = verb


def _family(family: Family, line: Line) -> tuple[Family, int]:
    """Return the family that is meant and the index of the verb: ``incident ack``, ``/ops status`` name theirs."""
    first = line.words[0].text.casefold().lstrip("/") if line.words else ""
    if first in tuple(Family):
        return Family(first), 1
    return family, 0


def _by_closeness(word: str, verbs: Sequence[Verb], is_preferred: Callable[[Verb], bool]) -> list[Verb]:
    """Return the verbs whose names are closest to a word, those preferred before others that are as close."""
    ordered = sorted(verbs, key=is_preferred, reverse=True)
    names = [name for verb in ordered for name in (verb.name, *verb.aliases)]
    close = get_close_matches(word[: MEANT * 20].casefold(), dict.fromkeys(names), MEANT, CLOSE)
    return [verb for name in close for verb in ordered if name in (verb.name, *verb.aliases)]


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."
