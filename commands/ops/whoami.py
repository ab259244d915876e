"""`/ops whoami`: what is known of the person who asks, and what they may do."""

from __future__ import annotations

from functools import partial

from bot.domain.rights import Role
from bot.verbs import Family, Parsed, Reply, Verb
from commands.services import CommandServices


def verb(services: CommandServices) -> Verb:
    """Return the verb."""
    return Verb(
        family=Family.OPS,
        name="whoami",
        button="Who am I",
        summary="your roles, your platforms, and the groups they come from",
        example="/ops whoami",
        role=Role.VIEWER,
        handler=partial(answer, services),
    )


async def answer(services: CommandServices, parsed: Parsed) -> Reply:
    """Return roles, platforms and groups."""
    return Reply(await services.access.who_am_i(parsed.actor))
