"""The one table: find the verb, look at the person's role, read the arguments, let the handler answer.

Default deny. What a person got wrong is answered with the nearest commands that they may run and that would work.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from bot.domain.answers import Problem
from bot.domain.errors import NotAllowed, UsageError, UserError
from bot.domain.forms import CommandForm, Filled
from bot.domain.ids import PlatformName
from bot.domain.people import LADDER, Actor
from bot.domain.rights import Role
from bot.verbs.arguments import ArgumentReader
from bot.verbs.forms import FormMaker
from bot.verbs.kinds import MEANT, closest, shown
from bot.verbs.vocabulary import (
    Command,
    Entrance,
    Family,
    Misread,
    Missing,
    Names,
    Parsed,
    Reply,
    Request,
    Verb,
    address,
    command_of,
)
from bot.verbs.words import Line, Word, read_line

WINDOWS = frozenset({Entrance.SLASH, Entrance.BUTTON, Entrance.SHORTCUT})
"""Where the workspace lets a window be opened."""
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


class Denied(NotAllowed):
    """A verb that the person may not run; what it offers says who may."""

    def __init__(self, verb: Verb, message: str) -> None:
        super().__init__(message)
        prefix = "" if verb.family is Family.OPS else f"{verb.family} "
        self.meant = (Command(Family.OPS, f"can {prefix}{verb.name}"),)


class VerbTable:
    """Everything that can be asked, in the order help shows it."""

    def __init__(self, verbs: Sequence[Verb], names: Names) -> None:
        self.verbs = tuple(verbs)
        self._reader = ArgumentReader(names)
        self._forms = FormMaker(names)

    async def answer(self, request: Request) -> Reply:
        """Return the answer. What the person can put right is a `Problem`; any other error is the caller's."""
        try:
            understood = await self.understand(request)
            if not understood.is_allowed(request.actor):
                raise _denied(understood.verb, understood.role, request, understood.parsed.platforms)
            return await understood.verb.handler(understood.parsed)
        except Missing as exc:
            return Reply(await self._problem(exc, request), form=await self._form(exc, request))
        except UserError as exc:
            return Reply(await self._problem(exc, request))

    async def submit(self, filled: Filled, request: Request) -> Reply:
        """Return the answer to a form, as if it had been typed; `Reply.field` names the field that is wrong."""
        command = command_of(filled.command)
        verb = self.find(command.family, command.text)
        typed = replace(request, family=command.family, text=command.text)
        if verb is None:
            return Reply(Problem(f"{filled.command} is not there any more.", hint="Help lists what can be asked."))
        try:
            parsed = await self._reader.read_fields(verb, typed, filled.values)
            understood = Understood(verb, parsed, _role_of(verb, parsed))
            if not understood.is_allowed(request.actor):
                raise _denied(verb, understood.role, typed, parsed.platforms)
            return await verb.handler(parsed)
        except UserError as exc:
            field = exc.field if isinstance(exc, Misread) else ""
            return Reply(await self._problem(exc, typed), field=field)

    async def _form(self, missing: Missing, request: Request) -> CommandForm | None:
        """Return what asks for what is missing, where a window can be opened."""
        verb = self._verb_of(request) if request.entrance in WINDOWS else None
        return await self._forms.form(verb, request.actor, missing.given) if verb else None

    async def understand(self, request: Request) -> Understood:
        """Return what is asked, typed; raises UserError. Reading a command takes the role of its mildest form."""
        line, family, first = _located(request)
        word = line.words[first]
        verb = self.find(family, word.text)
        if verb is None:
            allowed = [it for it in self.verbs if may_ask(request.actor, it)]
            raise _unknown_verb(family, line, word, allowed)
        if not may_ask(request.actor, verb):
            raise _denied(verb, verb.role, request)
        return await self._read(verb, request, line, first)

    async def explain(self, request: Request) -> Understood:
        """Return what a command would be, whoever may run it; a verb alone stands for all its forms."""
        line, family, first = _located(request)
        verb = self.find(family, line.words[first].text)
        if verb is None:
            raise _unknown_verb(family, line, line.words[first], self.verbs)
        if first + 1 == len(line.words):
            return Understood(verb, Parsed(request), verb.role)
        return await self._read(verb, request, line, first)

    async def _read(self, verb: Verb, request: Request, line: Line, first: int) -> Understood:
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
        meant = error.meant if isinstance(error, (Misread, Denied)) else ()
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
        """Return the error's own hint, else how the verb is used, with an example."""
        if isinstance(error, Misread) and error.hint:
            return error.hint
        verb = self._verb_of(request) if isinstance(error, UsageError) else None
        if verb is None:
            return ""
        where = address(verb.family, request.entrance)
        example = verb.example.replace(f"/{verb.family}", where, 1)
        return f"Usage: {where} {verb.usage}; for example {example}"

    def _verb_of(self, request: Request) -> Verb | None:
        try:
            line, family, first = _located(request)
        except UsageError:
            return None
        return self.find(family, line.words[first].text)


def _unknown_verb(family: Family, line: Line, word: Word, known: Sequence[Verb]) -> Misread:
    """Return that there is no such verb, with the nearest ones of both families, arguments kept."""
    close = _close_to(word.text, known, family)
    rest = line.text[word.end :]
    meant = [
        command
        for verb in close
        for command in (Command(verb.family, f"{verb.name}{rest}"), Command(verb.family, f"help {verb.name}"))
    ]
    nothing = f"“{shown(word.text)}” is nothing that can be asked"
    return Misread(nothing, hint="Help lists what can be asked.", meant=meant or [Command(family, "help")])


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
    given = (it for it in (*verb.arguments, *verb.options) if it.name in parsed.values)
    roles = [verb.role, *(it.role for it in given if it.role)]
    return Role.BREAK_GLASS if Role.BREAK_GLASS in roles else max(roles, key=LADDER.index)


def _denied(verb: Verb, role: Role, request: Request, platforms: Iterable[PlatformName] = ()) -> Denied:
    """Return why somebody may not, what would be needed, and where it says who can."""
    where = f" on {', '.join(sorted(platforms))}" if platforms else ""
    holds = ", ".join(sorted(request.actor.roles)) or "no role"
    owner = ", or an owner of the platform" if role in (Role.OPERATOR, Role.APPROVER) else ""
    return Denied(verb, f"{verb.name}{where} takes the role {role}{owner}; you hold {holds}")


def _located(request: Request) -> tuple[Line, Family, int]:
    """Return the line, the family that is meant and the index of the verb; nothing asked is a call for help."""
    line = read_line(request.text)
    family, first = _family(request.family, line)
    return (line, family, first) if first < len(line.words) else (read_line(f"{line.text} help"), family, first)


def _family(family: Family, line: Line) -> tuple[Family, int]:
    """Return the family that is meant and how many words say so: ``incident ack``, ``/ops status`` name theirs."""
    first = line.words[0].text.casefold().removeprefix("/") if line.words else ""
    return (Family(first), 1) if first in tuple(Family) else (family, 0)


def _close_to(word: str, verbs: Sequence[Verb], family: Family) -> list[Verb]:
    """Return the verbs whose names are closest to a word; of two with the same name the one of ``family`` first."""
    ordered = sorted(verbs, key=lambda it: it.family is not family)
    names = [name for verb in ordered for name in (verb.name, *verb.aliases)]
    return [verb for name in closest(word, names) for verb in ordered if name in (verb.name, *verb.aliases)]


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."
