"""`/ops unfreeze`: let risky work go on after the state store lost something, by a person's word."""

from __future__ import annotations

from functools import partial

from bot.domain.answers import Said
from bot.domain.rights import Role
from bot.verbs import Argument, Family, Kind, Parsed, Reply, Verb
from commands.services import CommandServices


def verb(services: CommandServices) -> Verb:
    """Return the verb."""
    return Verb(
        family=Family.OPS,
        name="unfreeze",
        button="Unfreeze",
        summary="let risky work go on after the state store lost something",
        example="/ops unfreeze --reason restored from the copy of 3:00, nothing ran since",
        role=Role.ADMIN,
        handler=partial(answer, services),
        options=(Argument("reason", Kind.TEXT, help="why the store can be trusted; kept in the audit"),),
    )


async def answer(services: CommandServices, parsed: Parsed) -> Reply:
    """Return what was cleared."""
    cleared = await services.unfreeze(parsed.actor, parsed.values["reason"])
    return Reply(Said(f"Risky work goes on. It was refused because {cleared}."))
