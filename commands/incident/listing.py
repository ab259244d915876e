"""`/incident list`: the open incidents, or the newest ones."""

from __future__ import annotations

from functools import partial

from bot.domain.answers import Incidents
from bot.domain.ids import PlatformName
from bot.domain.rights import Role
from bot.verbs import Argument, Family, Kind, Parsed, Reply, Verb
from commands.arguments import SOME_PLATFORM
from commands.services import CommandServices

LOOKED_AT = 100
SHOWN = 20


def verb(services: CommandServices) -> Verb:
    """Return the verb."""
    return Verb(
        family=Family.INCIDENT,
        name="list",
        button="List incidents",
        summary="the open incidents, worst first; with `all` the newest, closed ones included",
        example="/incident list all",
        role=Role.VIEWER,
        handler=partial(answer, services),
        arguments=(
            Argument("which", Kind.WORD, required=False, choices=("all",), help="closed ones too"),
            SOME_PLATFORM,
        ),
    )


async def answer(services: CommandServices, parsed: Parsed) -> Reply:
    """Return the list."""
    wanted = PlatformName(parsed.values["platform"]) if "platform" in parsed.values else None
    if "which" not in parsed.values:
        return Reply(Incidents(tuple(await services.incidents.open(wanted)), services.now()), shareable=True)
    newest = await services.incidents.recent(LOOKED_AT if wanted else SHOWN)
    found = [it for it in newest if wanted in (None, it.platform)][:SHOWN]
    return Reply(Incidents(tuple(found), services.now(), title="Newest incidents"), shareable=True)
