"""`/ops status`: how a platform, or one service of it, stands now."""

from __future__ import annotations

from functools import partial

from bot.domain.rights import Role
from bot.verbs import Argument, Family, Kind, Parsed, Reply, Verb
from commands.arguments import PLATFORM
from commands.services import CommandServices


def verb(services: CommandServices) -> Verb:
    """Return the verb."""
    return Verb(
        family=Family.OPS,
        name="status",
        button="Show status",
        summary="how a platform, or one service of it, stands now",
        example="/ops status qdrant",
        role=Role.VIEWER,
        handler=partial(answer, services),
        arguments=(Argument("service", Kind.SERVICE, required=False, help="all services when left out"), PLATFORM),
    )


async def answer(services: CommandServices, parsed: Parsed) -> Reply:
    """Return what its probes, its runtime and our own records say."""
    return Reply(await services.health.status(parsed.platform, parsed.values.get("service")), shareable=True)
