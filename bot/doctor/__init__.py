"""``watchkeeper doctor``: everything that would fail at the first incident, found before it.

Reads beside a running process and before the first start; starts nothing, changes nothing, shows no secret.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import IO

from bot.actions.catalogue import KNOWN_ACTIONS
from bot.doctor.sections import all_sections
from bot.doctor.showing import JsonReport, LineReport, Report
from bot.domain.checks import CheckFinding, Level, worst
from bot.services.doctor import examine
from bot.settings import examine as examine_settings

FINE, BROKEN, UNREADABLE = 0, 1, 2


async def consult(
    to: IO[str], *, scopes: Sequence[str], strict: bool, as_json: bool, environ: Mapping[str, str] = os.environ
) -> int:
    """Examine the installation, write what was found, and return the exit code. ``scopes``: what the manifest asks for.

    0: nothing is broken; 1: something is, or with ``strict`` something is worth a warning; 2: the configuration cannot
    be used.
    """
    told = examine_settings(environ, known_actions=KNOWN_ACTIONS)
    report: Report = JsonReport(to, told) if as_json else LineReport(to, told)
    async with all_sections(told, scopes) as sections:
        async for examined in examine(sections):
            report.section(examined)
    code = exit_code(report.findings, strict=strict, is_readable=told.settings is not None)
    report.end(code)
    return code


def exit_code(findings: Sequence[CheckFinding], *, strict: bool, is_readable: bool) -> int:
    """Return what scripts read."""
    if not is_readable:
        return UNREADABLE
    level = worst(findings)
    return BROKEN if level is Level.FAIL or (strict and level is Level.WARN) else FINE
