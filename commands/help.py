"""`/ops help`, `/incident help`: what can be asked, and one verb with its arguments."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from bot.domain.answers import Help, Menu, Move, VerbHelp
from bot.domain.rights import Role
from bot.verbs import Argument, Entrance, Family, Kind, Parsed, Reply, Request, Verb, VerbTable, address, may_ask

OTHER = {Family.OPS: Family.INCIDENT, Family.INCIDENT: Family.OPS}
ASKED_MOST = {
    Family.OPS: ("status", "restart", "approvals", "runs"),
    Family.INCIDENT: ("list", "declare", "ack", "note"),
}
MENU_TITLES = {Family.OPS: "Platforms: what would you like?", Family.INCIDENT: "Incidents: what would you like?"}
ABOUT = {Family.OPS: "what you can ask about platforms", Family.INCIDENT: "what you can do with incidents"}


def verb(family: Family, names: tuple[str, ...], table: Callable[[], VerbTable]) -> Verb:
    """Return the verb of a family; ``names`` are its other verbs."""
    return Verb(
        family=family,
        name="help",
        summary="what you can ask; with a verb, how it is used",
        example=f"/{family} help {names[0]}",
        role=Role.VIEWER,
        handler=partial(answer, family, table),
        arguments=(
            Argument("verb", Kind.WORD, required=False, choices=("help", *names), help="one verb with its arguments"),
        ),
    )


async def answer(family: Family, table: Callable[[], VerbTable], parsed: Parsed) -> Reply:
    """Return the verbs of the family, those the person may not run marked, or one verb with its arguments."""
    request = parsed.request
    if "help" not in request.text.casefold():
        return Reply(_menu(family, table(), request))
    one = table().find(family, parsed.text("verb"))
    if one is not None:
        return Reply(_one(one, request))
    lines = [_line(it, request) for it in table().of(family)]
    other = OTHER[family]
    command = f"{address(other, request.entrance)} help"
    return Reply(Help((*lines, VerbHelp(command, ABOUT[other], "", allowed=True))))


def _menu(family: Family, table: VerbTable, request: Request) -> Menu:
    """Return what is asked most of what the person may ask, for who typed no verb at all."""
    where = address(family, request.entrance)
    found = [it for name in ASKED_MOST[family] if (it := table.find(family, name)) and may_ask(request.actor, it)]
    moves = [Move(it.button_words, f"{where} {it.name}", it.summary) for it in found]
    return Menu(MENU_TITLES[family], tuple(moves), f"{where} help")


def _line(verb: Verb, request: Request) -> VerbHelp:
    usage = f"{address(verb.family, request.entrance)} {verb.usage}"
    return VerbHelp(usage, verb.summary, _example(verb, request.entrance), allowed=may_ask(request.actor, verb))


def _example(verb: Verb, entrance: Entrance) -> str:
    return verb.example.replace(f"/{verb.family}", address(verb.family, entrance), 1)


def _one(verb: Verb, request: Request) -> Help:
    arguments = [VerbHelp(it.label, it.help, "", allowed=True) for it in verb.arguments]
    options = [VerbHelp(f"--{it.name}", it.help, "", allowed=True) for it in verb.options]
    return Help(
        (_line(verb, request), *arguments, *options), title=f"{address(verb.family, request.entrance)} {verb.name}"
    )
