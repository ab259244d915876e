"""`/ops can`: whether somebody may do something, why, and who else may. It does nothing of the sort."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from bot.domain.errors import NotAllowed
from bot.domain.ids import PlatformName, RunbookName, UserId
from bot.domain.people import Actor
from bot.domain.rights import Need, Role
from bot.verbs import Argument, Command, Family, Kind, Misread, Parsed, Reply, Request, Understood, Verb, VerbTable
from commands.ops import restart
from commands.services import CommandServices


def verb(services: CommandServices, table: Callable[[], VerbTable]) -> Verb:
    """Return the verb; ``table`` reads the command it is about."""
    return Verb(
        family=Family.OPS,
        name="can",
        button="Ask",
        summary="whether you, or somebody else, may do something, why, and who else may",
        example="/ops can restart qdrant",
        role=Role.VIEWER,
        handler=partial(answer, services, table),
        arguments=(
            Argument("person", Kind.PERSON, required=False, help="@name; you when left out"),
            Argument("command", Kind.TEXT, help="what, as it would be typed: restart qdrant"),
        ),
    )


async def answer(services: CommandServices, table: Callable[[], VerbTable], parsed: Parsed) -> Reply:
    """Return whether, why, and who else."""
    what = parsed.values["command"]
    understood = await _understood(table(), replace(parsed.request, text=what))
    actor, refusal = await _person(services, parsed)
    platform = next(iter(sorted(understood.parsed.platforms)), None)
    need = _need(services, understood, platform) if platform else None
    can = services.access.explain(actor, what, understood.role, platform=platform, need=need)
    allowed = understood.is_allowed(actor)
    if allowed and not can.allowed:
        can = replace(can, why=f"owner of {', '.join(sorted(actor.owns))}")
    return Reply(replace(can, allowed=allowed, why=refusal or can.why))


async def _person(services: CommandServices, parsed: Parsed) -> tuple[Actor, str]:
    """Return whom it is about, and why Watchkeeper does not serve them, where it does not."""
    who = UserId(parsed.values.get("person", parsed.actor.id))
    if who == parsed.actor.id:
        return parsed.actor, ""
    try:
        return await services.access.actor(who, parsed.actor.team), ""
    except NotAllowed as exc:
        return Actor(who, parsed.actor.team), str(exc)


async def _understood(table: VerbTable, request: Request) -> Understood:
    """Return what the command would be; one that cannot be read is corrected in its place behind ``can``."""
    try:
        return await table.explain(request)
    except Misread as exc:
        prefix = {Family.OPS: "can", Family.INCIDENT: "can incident"}
        meant = [
            Command(Family.OPS, f"{prefix[it.family]} {it.text}") for it in exc.meant if not it.text.startswith("help ")
        ]
        raise Misread(str(exc), hint=exc.hint, meant=meant) from exc


def _need(services: CommandServices, understood: Understood, platform: PlatformName) -> Need | None:
    """Return who must say yes to the runbook that the command asks for."""
    asked = understood.parsed.text("runbook")
    name = restart.RUNBOOK if understood.verb.name == restart.NAME else RunbookName(asked)
    book = services.platforms[platform].profile.runbooks.get(name)
    return book.need if book else None
