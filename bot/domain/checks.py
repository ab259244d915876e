"""What ``watchkeeper doctor`` finds: one line per finding, each with the exact fix.

A finding is about the installation, not about a service's health at this moment (`bot.domain.findings`): something that
would fail at the first incident, and what a person has to change before it does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How a line begins."""

    OK = "ok"
    WARN = "warn"
    """It works today, and a fault elsewhere would make it hurt."""
    FAIL = "FAIL"
    """It does not work."""


class Check(StrEnum):
    """Every question that is asked; `bot.services.inspection.catalogue` says what each means."""

    ENVIRONMENT = "environment.variables"
    CONFIGURATION = "configuration.file"
    PERMISSIONS = "configuration.permissions"
    DATA_FOLDER = "data.folder"
    DATA_SPACE = "data.space"
    RUNNING = "server.running"
    PUBLIC_URL = "server.public_url"

    SLACK_TOKEN = "slack.token"  # noqa: S105 - the name of a check
    SLACK_APP_TOKEN = "slack.app_token"  # noqa: S105 - the name of a check
    SLACK_SCOPES = "slack.scopes"
    SLACK_CLOCK = "slack.clock"
    SLACK_CHANNEL = "slack.channel"

    PEOPLE_GROUPS = "people.groups"
    PEOPLE_ACCOUNTS = "people.accounts"
    PEOPLE_APPROVERS = "people.approvers"
    PEOPLE_OWNERS = "people.owners"

    STORE_REACH = "store.reach"
    STORE_VERSION = "store.version"
    STORE_ROLE = "store.role"
    STORE_PERSISTENCE = "store.persistence"
    STORE_EVICTION = "store.eviction"
    STORE_MEMORY = "store.memory"
    STORE_RIGHTS = "store.rights"

    RUNTIME_ENGINE = "runtime.engine"
    RUNTIME_FILES = "runtime.files"
    RUNTIME_PROJECT = "runtime.project"
    RUNTIME_SERVICES = "runtime.services"

    SERVICE_PROBES = "service.probes"
    SERVICE_ADDRESSES = "service.addresses"

    PROMETHEUS_READY = "prometheus.ready"
    PROMETHEUS_ALERTMANAGERS = "prometheus.alertmanagers"
    PROMETHEUS_JOBS = "prometheus.jobs"
    PROMETHEUS_RULES = "prometheus.rules"
    PROMETHEUS_METRICS = "prometheus.metrics"

    ALERTMANAGER_STATUS = "alertmanager.status"
    ALERTMANAGER_RECEIVER = "alertmanager.receiver"
    ALERTMANAGER_ADDRESS = "alertmanager.address"
    ALERTMANAGER_AUTHORIZATION = "alertmanager.authorization"
    ALERTMANAGER_RESOLVED = "alertmanager.resolved"
    ALERTMANAGER_MAX_ALERTS = "alertmanager.max_alerts"
    ALERTMANAGER_ROUTE = "alertmanager.route"
    ALERTMANAGER_GROUPING = "alertmanager.grouping"
    ALERTMANAGER_SECOND = "alertmanager.second_receiver"
    ALERTMANAGER_WATCHDOG = "alertmanager.watchdog"
    ALERTMANAGER_DELIVERIES = "alertmanager.deliveries"


@dataclass(frozen=True, slots=True)
class CheckFinding:
    """One line of the doctor."""

    check: Check
    level: Level
    text: str
    """What was seen, in one line; parts of it come from other systems."""
    fix: str = ""
    """What to do, to be followed literally; empty where nothing is to do."""
    subject: str = ""
    """The platform it is about; empty for the installation itself."""

    def sentence(self) -> str:
        """Return what follows the level and the check: ``search: no route …; fix: …``."""
        about = f"{self.subject}: " if self.subject else ""
        return f"{about}{self.text}" + (f"; fix: {self.fix}" if self.fix else "")


def ok(check: Check, text: str, *, subject: str = "") -> CheckFinding:
    """Return a finding that asks for nothing."""
    return CheckFinding(check, Level.OK, text, subject=subject)


def warn(check: Check, text: str, *, fix: str, subject: str = "") -> CheckFinding:
    """Return a finding that will hurt one day."""
    return CheckFinding(check, Level.WARN, text, fix, subject)


def fail(check: Check, text: str, *, fix: str, subject: str = "") -> CheckFinding:
    """Return a finding that hurts at the first incident."""
    return CheckFinding(check, Level.FAIL, text, fix, subject)


def worst(findings: Iterable[CheckFinding]) -> Level:
    """Return the worst level; OK where there is no finding."""
    order = list(Level)
    return max((finding.level for finding in findings), key=order.index, default=Level.OK)
