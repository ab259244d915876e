"""Answers as values: what a verb says to the person who asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from bot.domain.alerts import ListedAlert
from bot.domain.approvals import Approval, ApprovalOutcome
from bot.domain.containers import Container
from bot.domain.effects import TimelineEntry
from bot.domain.findings import WORST_FIRST, Finding, Verdict
from bot.domain.ids import PlatformName, ServiceName, UserId
from bot.domain.incidents import Incident, IncidentOutcome
from bot.domain.people import Actor
from bot.domain.rights import Need, Role, Severity
from bot.domain.runs import Run, RunOutcome


@dataclass(frozen=True, slots=True)
class Said:
    """One or a few plain sentences."""

    text: str
    hint: str = ""
    """The next move: a command to type."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why nothing was done."""

    text: str
    hint: str = ""
    nearest: tuple[str, ...] = ()
    """What was probably meant, each a whole command the person may run."""
    token: str = ""
    """For an unexpected error: what to look for in the log."""


@dataclass(frozen=True, slots=True)
class Move:
    """Something the person may ask for with one press."""

    words: str
    """What the button says."""
    command: str
    """A whole command, as it would be typed."""
    summary: str = ""


@dataclass(frozen=True, slots=True)
class Menu:
    """What is asked most, for who typed the command alone."""

    title: str
    moves: tuple[Move, ...]
    more: str
    """The command that lists everything."""


@dataclass(frozen=True, slots=True)
class VerbHelp:
    """One line of help."""

    usage: str
    """``/ops restart <service> [platform]``."""
    summary: str
    example: str
    allowed: bool


@dataclass(frozen=True, slots=True)
class Help:
    """What can be asked, with an example each."""

    verbs: tuple[VerbHelp, ...]
    title: str = "What you can ask"


@dataclass(frozen=True, slots=True)
class PlatformLine:
    """One platform in a list."""

    name: PlatformName
    title: str
    environment: str
    services: int
    owners: tuple[str, ...]
    open_incidents: int
    worst: Severity | None
    open_runs: int


@dataclass(frozen=True, slots=True)
class Platforms:
    """The systems under care."""

    platforms: tuple[PlatformLine, ...]


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """One service of a status."""

    service: ServiceName
    role: str
    critical: bool
    containers: tuple[Container, ...]
    findings: tuple[Finding, ...]
    runtime_problem: str = ""
    """Why nothing is known of its containers."""

    @property
    def verdict(self) -> Verdict:
        """Return the worst that is known; a container that is down is critical, what is not known is never well."""
        known = [finding.verdict for finding in self.findings]
        known += [Verdict.OK if container.is_up else Verdict.CRITICAL for container in self.containers]
        known += [Verdict.UNKNOWN] if self.runtime_problem or not known else []
        return min(known, key=WORST_FIRST.index)


@dataclass(frozen=True, slots=True)
class Status:
    """How a platform stands now."""

    platform: PlatformName
    platform_title: str
    environment: str
    as_of: datetime
    services: tuple[ServiceStatus, ...]
    incidents: tuple[Incident, ...] = ()
    runs: tuple[Run, ...] = ()
    approvals: tuple[Approval, ...] = ()


@dataclass(frozen=True, slots=True)
class Outlook:
    """How a platform stands, in a glance."""

    platform: PlatformName
    platform_title: str
    verdict: Verdict
    as_of: datetime
    wrong: tuple[str, ...] = ()
    """The services that need a look, or why nothing is known."""


@dataclass(frozen=True, slots=True)
class Alerts:
    """What Alertmanager holds now."""

    platform: PlatformName
    as_of: datetime
    alerts: tuple[ListedAlert, ...]
    incidents: dict[str, str] = field(default_factory=dict)
    """Fingerprint → ``INC-42``."""
    problem: str = ""
    """Why the list is not there."""


@dataclass(frozen=True, slots=True)
class Approvals:
    """Requests that wait for a yes or for their start."""

    approvals: tuple[Approval, ...]
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Runs:
    """The newest runs."""

    runs: tuple[Run, ...]
    as_of: datetime


@dataclass(frozen=True, slots=True)
class RunDetail:
    """One run, whole."""

    run: Run
    as_of: datetime


@dataclass(frozen=True, slots=True)
class WhoAmI:
    """What Watchkeeper knows of the person who asks."""

    actor: Actor
    groups: tuple[str, ...]
    groups_as_of: datetime | None
    trouble: str = ""
    """Why group memberships are not known."""


@dataclass(frozen=True, slots=True)
class Can:
    """Whether somebody may do something, why, and who else may."""

    who: UserId
    what: str
    allowed: bool
    why: str
    need: Need | None = None
    needs_role: Role | None = None
    who_can: tuple[str, ...] = ()
    """People and groups that hold the role."""


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One line of the audit."""

    seq: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: dict[str, str]
    sealed: bool


@dataclass(frozen=True, slots=True)
class AuditTrail:
    """The newest audit entries."""

    lines: tuple[AuditLine, ...]


@dataclass(frozen=True, slots=True)
class Incidents:
    """A list of incidents."""

    incidents: tuple[Incident, ...]
    as_of: datetime
    title: str = "Open incidents"


@dataclass(frozen=True, slots=True)
class IncidentDetail:
    """One incident, whole."""

    incident: Incident
    timeline: tuple[TimelineEntry, ...]
    as_of: datetime


@dataclass(frozen=True, slots=True)
class IncidentActed:
    """What became of something a person did to an incident."""

    incident: Incident
    outcome: IncidentOutcome
    act: str
    """``ack``, ``resolve`` …"""


@dataclass(frozen=True, slots=True)
class ApprovalActed:
    """What became of a vote, a withdrawal, a revocation."""

    approval: Approval
    outcome: ApprovalOutcome
    who_can: tuple[str, ...] = ()
    """People and groups that may vote, for a refusal."""


@dataclass(frozen=True, slots=True)
class RunActed:
    """What became of a cancel, a pause, an answer for a step."""

    run: Run
    outcome: RunOutcome
    act: str


@dataclass(frozen=True, slots=True)
class PlanComing:
    """A request was kept; its plan follows in a moment."""

    title: str
    """``Restart qdrant``."""
    platform: PlatformName
    where: str
    """``in this thread``, ``in the approvals channel``."""
    already: bool = False
    """The same thing was asked for a moment ago."""


Answer: TypeAlias = (
    Said
    | Problem
    | Help
    | Menu
    | Platforms
    | Status
    | Alerts
    | Approvals
    | Runs
    | RunDetail
    | WhoAmI
    | Can
    | AuditTrail
    | Incidents
    | IncidentDetail
    | IncidentActed
    | ApprovalActed
    | RunActed
    | PlanComing
)
