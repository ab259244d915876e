"""What the sections of a profile's YAML look like, field by field; `bot.profiles.sections` joins them."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Field, Strict

from bot.domain.profiles import ProbeKind
from bot.domain.rights import Need, Risk, Severity
from bot.profiles.border import Duration, Entry, HttpUrl, Name, OneLine, described, matching

SECTIONS = (
    "platform",
    "services",
    "metrics",
    "slos",
    "assessment",
    "severity",
    "escalation",
    "backups",
    "runbooks",
    "schedules",
    "security",
    "capacity",
    "refused",
)
"""Every section, in the order in which a profile has them."""
NEVER_EXEMPT = ("platform", "services")
"""Without these there is nothing to look after."""
ONLY_EXEMPT = ("slos", "assessment", "backups", "schedules", "security", "capacity")
"""Sections that nothing reads yet: filling one would promise what does not happen."""

Lax = Strict(False)
"""Closed sets arrive as their words."""
ProcedureId = Annotated[str, matching(r"[A-Z]\d{2}", "a procedure's id such as W10")]
Labels = Annotated[dict[str, str], Field(min_length=1)]


class ExemptEntry(Entry):
    """An excused section."""

    exempt: OneLine = described("why the section is empty")


class PlatformEntry(Entry):
    """The section ``platform``."""

    name: Name = described("the profile's name, the same as its file's")
    title: OneLine = described("what people call this kind of platform")
    guide: HttpUrl | None = None
    reopen_window: Duration = timedelta(minutes=30)
    logs_in_channel: bool = True


class ProbeEntry(Entry):
    """One question to a service."""

    kind: Annotated[ProbeKind, Lax] = described("how the answer is read: http, qdrant_collections or tcp")
    path: Annotated[str, matching(r"/\S*", "a path such as /healthz")] = "/"
    expect_status: Annotated[int, Field(ge=100, le=599)] = 200
    timeout: Duration = timedelta(seconds=5)
    ready: bool = False


class ServiceEntry(Entry):
    """One service."""

    role: OneLine = described("what the service does, in a few words")
    critical: bool = described("`true` where users notice its loss at once")
    depends_on: list[str] = Field(default_factory=list)
    compose: OneLine | None = described("its name in the Compose file, or null where nothing here can act on it")
    stop_grace: Duration = timedelta(seconds=30)
    probes: dict[Name, ProbeEntry] = described("at least one question to the service")
    alerts: list[Labels] = described("label matchers of the alerts that belong to it")


class MetricEntry(Entry):
    """A named question to Prometheus."""

    title: OneLine = described("what it shows, for people")
    promql: OneLine = described("a PromQL expression")
    unit: Literal["seconds", "ratio", "percent", "bytes", "per_second", "count"] = described("the value's unit")
    services: list[str] = Field(default_factory=list)
    warning_above: float | None = None
    critical_above: float | None = None
    warning_below: float | None = None
    critical_below: float | None = None


class SeverityEntry(Entry):
    """One rule; the first that fits decides."""

    severity: Annotated[Severity, Lax] = described("sev1, sev2, sev3 or sev4")
    matchers: dict[str, str] = Field(default_factory=dict)
    service_is_critical: bool | None = None
    offer: list[str] = Field(default_factory=list)


class EscalationEntry(Entry):
    """What happens at one severity when nobody reacts."""

    respond_within: Duration = described("how soon somebody should have it, such as 15m")
    page_after: Duration | None = described("after how long in silence somebody is paged, or null for never")
    quiet_after: Duration = described("how long an acknowledgement may show no sign of life, such as 30m")


class ParameterEntry(Entry):
    """A typed argument of a runbook."""

    kind: Literal["service", "duration", "integer", "text"] = described("service, duration, integer or text")
    required: bool = True
    default: OneLine | None = None
    choices: list[OneLine] = Field(default_factory=list)
    help: OneLine = described("what it is, for the person who fills it in")


class RunbookEntry(Entry):
    """A procedure; its steps stay as they are written and are read apart."""

    title: OneLine = described("what it does, for people")
    covers: list[ProcedureId] = Field(default_factory=list)
    risk: Annotated[Risk, Lax] = described("read, change, disruptive or destructive")
    approval: Annotated[Need, Lax] | None = None
    approval_why: OneLine | None = None
    parameters: dict[Name, ParameterEntry] = Field(default_factory=dict)
    steps: Annotated[list[Any], Field(min_length=1)] = described("at least one `- action: {argument: value}`")
    interrupts: OneLine | None = None
    undo: OneLine | None = None
    guide: HttpUrl | None = None
    break_glass: bool | None = None


_REFUSED_ID = "a procedure's id, and in brackets the part where only a part is refused: W15 (apply OS updates)"


class RefusedEntry(Entry):
    """A procedure, or a part of one in brackets, that stays with people."""

    procedure: Annotated[str, matching(r"[A-Z]\d{2}( \([^()]+\))?", _REFUSED_ID)] = described(_REFUSED_ID)
    why: OneLine = described("why it stays with people")
