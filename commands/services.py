"""What the verbs call; the composition root fills it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.domain.people import Actor
from bot.ports.approvals import Approvals
from bot.ports.incidents import Incidents
from bot.ports.platforms import Platforms
from bot.ports.runs import Runs
from bot.services.access import AccessService
from bot.services.catalogue import Catalogue
from bot.services.health import HealthService
from bot.services.requesting import RequestService
from bot.services.sealing import AuditService

Unfreeze = Callable[[Actor, str], Awaitable[str]]
"""Lets risky work go on, by a person's word; returns why it was refused until then."""


def utc_now() -> datetime:
    """Return the machine's time."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class CommandServices:
    """The use cases and ports behind the verbs."""

    access: AccessService
    catalogue: Catalogue
    health: HealthService
    requesting: RequestService
    incidents: Incidents
    approvals: Approvals
    runs: Runs
    audit: AuditService
    platforms: Platforms
    unfreeze: Unfreeze
    now: Callable[[], datetime] = utc_now
    """Dates lists whose port does not say when it looked."""
