"""The ways to break the simulated platform: what each does to a process, what mends it, and how people are offered it.

A break is kept with its times (`Fault`), so that whoever asks about a moment in the past is answered as it was then.
What a fault does to metrics is in `metrics`, to logs in `logs`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.adapters.simulated.inventory import (
    ALERTMANAGER,
    DAEMON_COORDINATOR,
    HOST,
    MCP_SERVER,
    NGINX,
    QDRANT,
    SERVICES,
    WEB_UI,
)
from bot.domain.ids import ServiceName


class BreakKind(StrEnum):
    """Ways to break a service, or the host."""

    STOP = "stop"
    """Its container is stopped, and stays so."""
    FILL_DISK = "fill_disk"
    """Something outside the containers writes until the disk of Qdrant's data is nearly full."""
    LEAK_MEMORY = "leak_memory"
    """The process keeps what it should let go; only another process starts small."""
    RAISE_LATENCY = "raise_latency"
    """Its workers are stuck: requests are answered, late."""
    RAISE_ERRORS = "raise_errors"
    """A part of the requests fails with 500."""
    LOSE_ALERTMANAGER = "lose_alertmanager"
    """The process hangs: it runs, and neither answers nor sends."""


@dataclass(frozen=True, slots=True)
class BreakBehaviour:
    """What one way of breaking does; a new way is a new row of `BREAK_BEHAVIOURS`."""

    of: frozenset[ServiceName]
    """What can be broken this way."""
    mended_by_restart: bool = True
    ends_process: bool = False
    mending_restarts: bool = False
    """Whether mending it from outside needs a new process, because the old one cannot be helped."""


BREAK_BEHAVIOURS: dict[BreakKind, BreakBehaviour] = {
    BreakKind.STOP: BreakBehaviour(frozenset(SERVICES), ends_process=True),
    BreakKind.FILL_DISK: BreakBehaviour(frozenset([HOST]), mended_by_restart=False),
    BreakKind.LEAK_MEMORY: BreakBehaviour(frozenset([MCP_SERVER]), mending_restarts=True),
    # In mcp-server and not in Qdrant: Qdrant's own query time stays low, which tells the two causes apart.
    BreakKind.RAISE_LATENCY: BreakBehaviour(frozenset([MCP_SERVER])),
    BreakKind.RAISE_ERRORS: BreakBehaviour(frozenset([MCP_SERVER])),
    BreakKind.LOSE_ALERTMANAGER: BreakBehaviour(frozenset([ALERTMANAGER]), mending_restarts=True),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One break of one service, from the order until something mended it."""

    kind: BreakKind
    since: datetime
    until: datetime | None = None
    """When it is, or will be, mended by an order already given."""

    def lasts(self, at: datetime) -> bool:
        """Say whether it is so at ``at``."""
        return self.since <= at and (self.until is None or at < self.until)

    def overlap(self, since: datetime, until: datetime) -> timedelta:
        """Return how long of a span it lasts."""
        end = until if self.until is None else min(until, self.until)
        return max(timedelta(), end - max(since, self.since))


def climbed(age: timedelta, rise: timedelta) -> float:
    """Return the share (0..1) of its final height that something has reached, fast first: 63 % after ``rise``."""
    return 1 - math.exp(-max(age, timedelta()) / rise)


@dataclass(frozen=True, slots=True)
class BreakOffer:
    """One switch of the panel."""

    service: ServiceName
    kind: BreakKind
    label: str
    mend_label: str
    hint: str
    """What will be seen; ``{seconds}`` is how long it takes until the alert is told."""
    onset: timedelta = timedelta()
    """How long a real installation takes from the fault to the rule's condition."""
    alert: str = "ServiceDown"
    """The rule that notices it; empty where none can."""


def _stop(service: ServiceName, meanwhile: str) -> BreakOffer:
    hint = f"In about {{seconds}} s an incident says that {service} is down; {meanwhile}."
    return BreakOffer(service, BreakKind.STOP, f"Stop {service}", f"Start {service}", hint)


OFFERS: tuple[BreakOffer, ...] = (
    _stop(QDRANT, "searches fail meanwhile, so incidents about errors and latency follow"),
    _stop(DAEMON_COORDINATOR, "no document is taken in meanwhile"),
    _stop(MCP_SERVER, "nobody can search meanwhile"),
    _stop(WEB_UI, "searches through the API go on"),
    _stop(NGINX, "most requests no longer arrive meanwhile"),
    BreakOffer(
        MCP_SERVER,
        BreakKind.RAISE_ERRORS,
        "Raise errors",
        "End the errors",
        "In about {seconds} s an incident says that a third of the requests to mcp-server fail; a restart mends it.",
        onset=timedelta(seconds=17),
        alert="HighErrorRate",
    ),
    BreakOffer(
        MCP_SERVER,
        BreakKind.RAISE_LATENCY,
        "Raise latency",
        "End the latency",
        "In about {seconds} s an incident says that searches are slow, though Qdrant is not; a restart of mcp-server "
        "mends it.",
        onset=timedelta(seconds=15),
        alert="HighSearchLatency",
    ),
    BreakOffer(
        MCP_SERVER,
        BreakKind.LEAK_MEMORY,
        "Leak memory",
        "End the leak",
        "In about {seconds} s an incident says that mcp-server uses more than 6 GiB; only a restart frees them.",
        onset=timedelta(seconds=45),
        alert="HighMemoryUsage",
    ),
    BreakOffer(
        HOST,
        BreakKind.FILL_DISK,
        "Fill the disk",
        "Free the disk",
        "In about {seconds} s an incident says that the disk of Qdrant's data is nearly full; no restart mends that, "
        "only this switch.",
        onset=timedelta(seconds=45),
        alert="DiskSpaceLow",
    ),
    BreakOffer(
        ALERTMANAGER,
        BreakKind.LOSE_ALERTMANAGER,
        "Lose Alertmanager",
        "Restart alertmanager",
        "No card comes, now or for what you break next: `/ops alerts` says at once that there is no data and why, and "
        "what still fires is told about {seconds} s after alertmanager is back.",
        alert="",
    ),
)
"""What the panel offers, in its order."""
