"""Cards as values: all that a message needs to show the truth about one thing, and nothing of how it looks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from bot.domain.approvals import Approval
from bot.domain.evidence import Evidence
from bot.domain.ids import RunbookName
from bot.domain.incidents import Incident
from bot.domain.runs import Run


@dataclass(frozen=True, slots=True)
class Offer:
    """A runbook that fits, bound to its parameters: one press asks for its plan."""

    runbook: RunbookName
    label: str
    """What the button says: ``Restart qdrant…``."""
    parameters: dict[str, str]


@dataclass(frozen=True, slots=True)
class IncidentCard:
    """The one message about an incident."""

    incident: Incident
    as_of: datetime
    platform_title: str
    environment: str
    offers: tuple[Offer, ...] = ()
    merged_into: str = ""
    """``INC-7`` for a merged incident."""
    approvals_open: int = 0
    runs_open: tuple[str, ...] = ()
    """``RUN-3: step 1 of 4, Restart qdrant``."""
    guide: str = ""
    """Address of the platform's guide."""
    links: dict[str, str] = field(default_factory=dict)
    """Addresses of messages by the short names of what they show."""


@dataclass(frozen=True, slots=True)
class EvidenceCard:
    """First evidence in the thread, filling up."""

    evidence: Evidence
    incident_name: str
    logs_shown: bool
    """Whether the profile lets log text be shown in the channel."""
    links: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ApprovalCard:
    """The plan and the votes."""

    approval: Approval
    as_of: datetime
    incident_name: str = ""
    run_name: str = ""
    superseded_by: str = ""
    supersedes: str = ""
    links: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunCard:
    """The live view of a run."""

    run: Run
    as_of: datetime
    incident_name: str = ""
    approval_name: str = ""
    links: dict[str, str] = field(default_factory=dict)


CardView: TypeAlias = IncidentCard | EvidenceCard | ApprovalCard | RunCard
