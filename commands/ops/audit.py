"""`/ops audit`: the newest entries of the audit."""

from __future__ import annotations

from functools import partial

from bot.domain.answers import AuditLine, AuditTrail
from bot.domain.errors import UsageError
from bot.domain.rights import Role
from bot.ports.audit import KeptEntry
from bot.verbs import Argument, Family, Kind, Parsed, Reply, Verb
from commands.services import CommandServices

SHOWN = 20
MOST = 100


def verb(services: CommandServices) -> Verb:
    """Return the verb."""
    return Verb(
        family=Family.OPS,
        name="audit",
        button="Show audit",
        summary="the newest entries of the audit: who did what, to what, when",
        example="/ops audit 20",
        role=Role.ADMIN,
        handler=partial(answer, services),
        arguments=(Argument("entries", Kind.NUMBER, required=False, help=f"how many, {SHOWN} when left out"),),
    )


async def answer(services: CommandServices, parsed: Parsed) -> Reply:
    """Return the newest entries, newest first."""
    entries = int(parsed.values.get("entries", SHOWN))
    if not 1 <= entries <= MOST:
        raise UsageError(f"{entries} entries cannot be shown here: 1 to {MOST} can; `watchkeeper audit export` has all")
    return Reply(AuditTrail(tuple(map(_line, await services.audit.newest(entries)))))


def _line(kept: KeptEntry) -> AuditLine:
    entry = kept.entry
    return AuditLine(kept.seq, kept.at, entry.actor, entry.action, entry.subject, entry.detail, kept.seal is not None)
