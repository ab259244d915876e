"""`/ops alerts`: what Alertmanager holds now, and the incident of each alert."""

from __future__ import annotations

from functools import partial

from bot.domain.rights import Role
from bot.verbs import Family, Parsed, Reply, Verb
from commands.arguments import PLATFORM
from commands.services import CommandServices


def verb(services: CommandServices) -> Verb:
    """Return the verb."""
    return Verb(
        family=Family.OPS,
        name="alerts",
        button="Show alerts",
        summary="what Alertmanager holds now, with the incident of each alert",
        example="/ops alerts",
        role=Role.VIEWER,
        handler=partial(answer, services),
        arguments=(PLATFORM,),
    )


async def answer(services: CommandServices, parsed: Parsed) -> Reply:
    """Return the list."""
    return Reply(await services.health.alerts(parsed.platform), shareable=True)
