"""The addresses of a platform's services: what its probes answer right now."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.checks import Check, CheckFinding, Level, fail, ok, warn
from bot.domain.findings import Finding, Verdict
from bot.domain.profiles import Service
from bot.domain.settings import Platform

_LEVELS = {Verdict.OK: Level.OK, Verdict.WARNING: Level.WARN, Verdict.CRITICAL: Level.FAIL, Verdict.UNKNOWN: Level.FAIL}


def addresses(platform: Platform) -> list[CheckFinding]:
    """Return the services that have probes and no address to send them to."""
    check, subject = Check.SERVICE_ADDRESSES, platform.name
    lacking = [it.name for it in platform.profile.services.values() if it.probes and it.name not in platform.services]
    if lacking:
        fix = f"name them in services of {subject} in watchkeeper.yaml: `{lacking[0]}: {{url: http://<host>:<port>}}`"
        said = f"without an address and never probed: {', '.join(lacking)}"
        return [warn(check, said, fix=fix, subject=subject)]
    return [ok(check, f"all {len(platform.services)} services have an address", subject=subject)]


def probed(service: Service, answers: Sequence[Finding], url: str, *, subject: str) -> list[CheckFinding]:
    """Return one finding of a service: its worst answer, or all of them where they are fine."""
    check = Check.SERVICE_PROBES
    worst = max(answers, key=lambda answer: list(_LEVELS).index(answer.verdict))
    if worst.verdict is Verdict.OK:
        said = ", ".join(f"{answer.name} {answer.evidence}" for answer in answers)
        return [ok(check, f"{service.name}: {said}", subject=subject)]
    where = f"services.{service.name}.url of {subject} in watchkeeper.yaml"
    fix = worst.suggestion or f"start {service.name}, or correct {where}"
    say = fail if _LEVELS[worst.verdict] is Level.FAIL else warn
    return [say(check, f"{service.name} at {url}: {worst.name} {worst.evidence}", fix=fix, subject=subject)]
