"""The table of all verbs, in the order help shows them."""

from __future__ import annotations

from collections.abc import Callable

from bot.verbs import Family, Names, Verb, VerbTable
from commands import help as helping
from commands.incident import ack, declare, listing, merge, mitigate, note, reopen, resolve, sev, show
from commands.ops import (
    alerts,
    approvals,
    audit,
    can,
    cancel,
    pause,
    platforms,
    restart,
    resume,
    run,
    runs,
    status,
    unfreeze,
    whoami,
)
from commands.services import CommandServices

OPS = (platforms, status, alerts, restart, run, runs, approvals, cancel, pause, resume, whoami)
ADMIN = (audit, unfreeze)
INCIDENT = (listing, show, declare, ack, sev, note, mitigate, resolve, reopen, merge)


def build_table(services: CommandServices, names: Names | None = None) -> VerbTable:
    """Return the table; ``names`` is the catalogue of ``services`` unless another is given."""

    def table() -> VerbTable:
        return built

    ops = (*(it.verb(services) for it in OPS), can.verb(services, table), *(it.verb(services) for it in ADMIN))
    incident = tuple(it.verb(services) for it in INCIDENT)
    verbs = (*_with_help(Family.OPS, ops, table), *_with_help(Family.INCIDENT, incident, table))
    built = VerbTable(verbs, names or services.catalogue)
    return built


def _with_help(family: Family, verbs: tuple[Verb, ...], table: Callable[[], VerbTable]) -> tuple[Verb, ...]:
    names = tuple(name for verb in verbs for name in (verb.name, *verb.aliases))
    return (helping.verb(family, names, table), *verbs)
