"""`/ops approvals`: what waits for a yes or for its start. Votes are cast with the buttons of the card only."""

from __future__ import annotations

from functools import partial

from bot.domain.answers import Approvals
from bot.domain.rights import Role
from bot.verbs import Family, Parsed, Reply, Verb
from commands.arguments import SOME_PLATFORM
from commands.services import CommandServices


def verb(services: CommandServices) -> Verb:
    """Return the verb."""
    return Verb(
        family=Family.OPS,
        name="approvals",
        button="Show requests",
        summary="what waits for a yes, or for its start; a yes is given on the card",
        example="/ops approvals",
        role=Role.VIEWER,
        handler=partial(answer, services),
        arguments=(SOME_PLATFORM,),
    )


async def answer(services: CommandServices, parsed: Parsed) -> Reply:
    """Return the open approvals."""
    wanted = parsed.values.get("platform")
    found = [it for it in await services.approvals.open() if wanted in (None, it.plan.platform)]
    return Reply(Approvals(tuple(found), services.now()), shareable=True)
