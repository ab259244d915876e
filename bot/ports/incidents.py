"""Incidents as transitions. Every call is committed whole or not at all; TemporaryError when the store is away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias

from bot.domain.alerts import Alert, AlertGroup
from bot.domain.correlation import Classification
from bot.domain.effects import TimelineEntry
from bot.domain.ids import Fingerprint, IncidentId, IntakeId, PlatformName, RunId, ServiceName
from bot.domain.incidents import Incident, IncidentOutcome
from bot.domain.people import Actor
from bot.domain.rights import Severity
from bot.ports.transitions import Transition

IncidentChange: TypeAlias = Transition[Incident, IncidentOutcome]


@dataclass(frozen=True, slots=True)
class Declaration:
    """An incident that a person declares."""

    platform: PlatformName
    title: str
    classification: Classification


class Incidents(Protocol):
    """The incidents of all platforms. A call naming an incident raises UnknownName when there is none."""

    async def absorb(self, entry: IntakeId, group: AlertGroup) -> Sequence[IncidentChange]:
        """Let the alerts of an accepted entry open, join, re-open and resolve incidents, and finish the entry.

        An entry that another process finished meanwhile changes nothing and returns nothing.
        """
        ...

    async def reconcile(self, platform: PlatformName, gone: Iterable[Alert], at: datetime) -> Sequence[IncidentChange]:
        """Let members that are proven gone count as resolved at ``at``; one that began anew meanwhile is not meant."""
        ...

    async def declare(self, declaration: Declaration, actor: Actor) -> IncidentChange:
        """Open an incident that never resolves by itself."""
        ...

    async def acknowledge(self, incident: IncidentId, actor: Actor) -> IncidentChange:
        """Put the incident into the actor's hands."""
        ...

    async def mitigate(self, incident: IncidentId, actor: Actor) -> IncidentChange:
        """Say that the impact has stopped."""
        ...

    async def resolve(self, incident: IncidentId, actor: Actor, *, reason: str = "") -> IncidentChange:
        """Say that it is over."""
        ...

    async def reopen(self, incident: IncidentId, actor: Actor) -> IncidentChange:
        """Say that it is not over."""
        ...

    async def change_severity(self, incident: IncidentId, severity: Severity, actor: Actor) -> IncidentChange:
        """Give it another severity."""
        ...

    async def add_note(self, incident: IncidentId, text: str, actor: Actor) -> IncidentChange:
        """Put a line into its timeline."""
        ...

    async def merge(self, incident: IncidentId, into: IncidentId, actor: Actor) -> IncidentChange:
        """Close ``incident`` in favour of ``into``, which takes over its members."""
        ...

    async def ask_if_still_held(self, incident: IncidentId) -> IncidentChange:
        """Meet the timer of an acknowledgement that went quiet."""
        ...

    async def drop_acknowledgement(self, incident: IncidentId) -> IncidentChange:
        """Meet the timer of a question that nobody answered."""
        ...

    async def escalate(self, incident: IncidentId) -> IncidentChange:
        """Meet the timer of an incident that nobody took."""
        ...

    async def remind_still_firing(self, incident: IncidentId) -> IncidentChange:
        """Meet the timer of an incident resolved by a person while its alerts fire."""
        ...

    async def settle(self, incident: IncidentId) -> IncidentChange:
        """Look whether it can resolve now that a run on its target may have ended."""
        ...

    async def close_window(self, incident: IncidentId) -> None:
        """Let go of a closed incident whose re-open window is over: compress and archive it."""
        ...

    async def get(self, incident: IncidentId) -> Incident:
        """Return one incident, archived ones included."""
        ...

    async def find(self, number: int) -> IncidentId:
        """Return the id behind ``INC-<number>``; UnknownName when there is none."""
        ...

    async def open(self, platform: PlatformName | None = None) -> Sequence[Incident]:
        """Return the incidents that are not closed, worst first."""
        ...

    async def recent(self, limit: int) -> Sequence[Incident]:
        """Return the newest incidents, closed ones included."""
        ...

    async def timeline(self, incident: IncidentId) -> Sequence[TimelineEntry]:
        """Return its history, oldest first."""
        ...

    async def known(self, platform: PlatformName, fingerprints: Iterable[Fingerprint]) -> Mapping[Fingerprint, Alert]:
        """Return how the alerts stand in the incidents that hold them; those nobody holds are left out."""
        ...


class TargetLocks(Protocol):
    """Which run holds a target; the platform's own lock excludes its services'."""

    async def holder(self, platform: PlatformName, service: ServiceName | None) -> RunId | None:
        """Return the run that holds the target (or its platform), if any."""
        ...
