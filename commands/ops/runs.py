"""`/ops runs`: the newest runs."""

from __future__ import annotations

from functools import partial

from bot.domain.answers import Runs
from bot.domain.rights import Role
from bot.verbs import Family, Parsed, Reply, Verb
from commands.arguments import SOME_PLATFORM
from commands.services import CommandServices

LOOKED_AT = 100
SHOWN = 10


def verb(services: CommandServices) -> Verb:
    """Return the verb."""
    return Verb(
        family=Family.OPS,
        name="runs",
        button="List runs",
        summary="the newest runs and how they ended",
        example="/ops runs",
        role=Role.VIEWER,
        handler=partial(answer, services),
        arguments=(SOME_PLATFORM,),
    )


async def answer(services: CommandServices, parsed: Parsed) -> Reply:
    """Return the newest runs, newest first."""
    wanted = parsed.values.get("platform")
    newest = await services.runs.recent(LOOKED_AT if wanted else SHOWN)
    found = [it for it in newest if wanted in (None, it.plan.platform)]
    return Reply(Runs(tuple(found[:SHOWN]), services.now()), shareable=True)
