"""`/ops platforms`: what is under care."""

from __future__ import annotations

from functools import partial

from bot.domain.answers import Platforms
from bot.domain.rights import Role
from bot.verbs import Family, Parsed, Reply, Verb
from commands.services import CommandServices


def verb(services: CommandServices) -> Verb:
    """Return the verb."""
    return Verb(
        family=Family.OPS,
        name="platforms",
        button="List platforms",
        summary="the systems under care, with what is open on them",
        example="/ops platforms",
        role=Role.VIEWER,
        handler=partial(answer, services),
    )


async def answer(services: CommandServices, _: Parsed) -> Reply:
    """Return every platform."""
    return Reply(Platforms(await services.catalogue.lines()), shareable=True)
