"""A small profile as text, changed line by line; the line that a problem must name is marked with ``# <--``."""

from __future__ import annotations

import pytest

from bot.domain.profiles import Profile
from bot.profiles.documents import parse_document
from bot.profiles.problems import ConfigurationError, Problem
from bot.profiles.runbooks import KnownActions
from bot.profiles.sections import build_profile

FILE = "small.yaml"
MARK = "# <--"
ACTIONS: KnownActions = {
    "evidence.collect": frozenset({"services", "logs"}),
    "compose.restart": frozenset({"service", "grace"}),
    "wait.healthy": frozenset({"service", "timeout"}),
}

SMALL = """\
platform:
  name: small
  title: A small platform
services:
  db:
    role: keeps everything
    critical: true
    compose: db
    probes:
      ready: {kind: http, path: /ready, ready: true}
    alerts:
      - {job: db}
  web:
    role: shows it
    critical: false
    depends_on: [db]
    compose: null
    probes:
      port: {kind: tcp, ready: true}
    alerts: []
metrics:
  up:
    title: Answers
    promql: min by (job) (up)
    unit: count
    services: [db]
    warning_above: 5
    critical_above: 9
slos: {exempt: not yet}
assessment: {exempt: not yet}
severity:
  - severity: sev2
    matchers: {alertname: Down}
    offer: [restart]
  - severity: sev3
escalation:
  sev1: {respond_within: 15m, page_after: 5m, quiet_after: 30m}
  sev2: {respond_within: 30m, page_after: 30m, quiet_after: 30m}
  sev3: {respond_within: 2h, page_after: null, quiet_after: 4h}
  sev4: {respond_within: 8h, page_after: null, quiet_after: 4h}
backups: {exempt: not yet}
runbooks:
  restart:
    title: Restart one service
    risk: disruptive
    parameters:
      service: {kind: service, help: which one}
    steps:
      - compose.restart: {service: "{service}"}
      - wait.healthy: {service: "{service}", timeout: 60s}
    interrupts: "{service} is away for a moment."
    undo: A restart cannot be taken back.
schedules: {exempt: not yet}
security: {exempt: not yet}
capacity: {exempt: not yet}
refused: {exempt: nothing}
"""


def changed(old: str, new: str, text: str = SMALL) -> str:
    """Return ``text`` with its one ``old`` replaced."""
    assert text.count(old) == 1, f"{text.count(old)} times: {old}"
    return text.replace(old, new)


def marked_line(text: str) -> int:
    """Return the number of the line with the mark."""
    (number,) = [number for number, line in enumerate(text.splitlines(), 1) if MARK in line]
    return number


def profile_of(text: str) -> Profile:
    """Return the profile that ``text`` spells."""
    return build_profile(parse_document(text, FILE), known_actions=ACTIONS)


def problems_of(text: str) -> list[Problem]:
    """Return the problems of a profile that has some."""
    with pytest.raises(ConfigurationError) as caught:
        profile_of(text)
    return list(caught.value.problems)


def the_problem_of(text: str) -> tuple[str, str]:
    """Return field and message of the only problem, which must stand in the marked line."""
    (problem,) = problems_of(text)
    assert (problem.file, problem.line) == (FILE, marked_line(text)), problem
    return problem.field, problem.message
