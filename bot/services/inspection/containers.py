"""The containers of a platform: the engine, the Compose project, and its services against the profile."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

from bot.domain.checks import Check, CheckFinding, fail, ok, warn
from bot.domain.profiles import Profile
from bot.domain.settings import ComposeRuntime, SimulatedRuntime
from bot.ports.inspection import EngineFacts, EngineRefused, EngineTrouble


def files(unreadable: Mapping[Path, str], runtime: ComposeRuntime, *, subject: str) -> list[CheckFinding]:
    """Return whether every configured Compose file can be read."""
    check = Check.RUNTIME_FILES
    where = f"runtime.compose.files of {subject} in watchkeeper.yaml (relative to that file)"
    if unreadable:
        return [
            fail(check, f"{path} {why}", fix=f"correct {where}, or put the file there", subject=subject)
            for path, why in unreadable.items()
        ]
    return [ok(check, f"every Compose file is there: {', '.join(map(str, runtime.files))}", subject=subject)]


def engine_refused(refusal: EngineRefused, runtime: ComposeRuntime, us: str, *, subject: str) -> list[CheckFinding]:
    """Return what it means that the engine cannot be asked."""
    check, host = Check.RUNTIME_ENGINE, runtime.docker_host
    match refusal.trouble:
        case EngineTrouble.PERMISSION:
            group = refusal.socket_group
            number = f'"{group}"' if group is not None else "the socket's group id"
            fix = (
                f"in a container add `group_add: [{number}]` to the bot's service in compose.yaml; "
                f"on the host `sudo usermod -aG docker {us}` and start Watchkeeper anew"
            )
            return [fail(check, f"{us} may not use {host}", fix=fix, subject=subject)]
        case EngineTrouble.NO_SOCKET:
            fix = (
                "start the engine (`sudo systemctl start docker`), mount its socket into the bot's container, or "
                f"correct runtime.compose.docker_host of {subject} in watchkeeper.yaml"
            )
            return [fail(check, f"there is no socket at {host}", fix=fix, subject=subject)]
        case EngineTrouble.AWAY | EngineTrouble.UNREADABLE:
            where = f"runtime.compose.docker_host of {subject} in watchkeeper.yaml"
            fix = f"start the engine behind {host}, or correct {where}"
            return [fail(check, f"the engine at {host} {refusal}", fix=fix, subject=subject)]


def simulated(why: str, runtime: SimulatedRuntime, *, subject: str) -> list[CheckFinding]:
    """Return whether the simulated platform answers; ``why`` says what is wrong, empty where it answers."""
    check = Check.RUNTIME_ENGINE
    if not why:
        return [ok(check, f"the simulated platform answers at {runtime.url}", subject=subject)]
    fix = (
        f"start one with `watchkeeper sandbox --platform {subject}`, or correct runtime.simulated.url of {subject} in "
        "watchkeeper.yaml"
    )
    return [fail(check, why, fix=fix, subject=subject)]


def project(facts: EngineFacts, runtime: ComposeRuntime, profile: Profile, *, subject: str) -> list[CheckFinding]:
    """Return whether the project is there with the services of the profile."""
    found = [ok(Check.RUNTIME_ENGINE, f"Docker {facts.version} answers at {runtime.docker_host}", subject=subject)]
    if not facts.running and not facts.stopped:
        return [*found, _no_project(facts, runtime, subject)]
    named = f"the Compose project {runtime.project} is there"
    return [*found, ok(Check.RUNTIME_PROJECT, named, subject=subject), *_services(facts, runtime, profile, subject)]


def _no_project(facts: EngineFacts, runtime: ComposeRuntime, subject: str) -> CheckFinding:
    others = f"; the engine has {', '.join(facts.projects)}" if facts.projects else "; the engine has none"
    near = get_close_matches(runtime.project, facts.projects, n=1) or list(
        facts.projects[:1] if len(facts.projects) == 1 else ()
    )
    start = f"start it with `docker compose -p {runtime.project} up -d`"
    fix = f"set runtime.compose.project of {subject} to {near[0]} in watchkeeper.yaml, or {start}" if near else start
    return fail(Check.RUNTIME_PROJECT, f"no Compose project {runtime.project}{others}", fix=fix, subject=subject)


def _services(facts: EngineFacts, runtime: ComposeRuntime, profile: Profile, subject: str) -> list[CheckFinding]:
    check, there = Check.RUNTIME_SERVICES, facts.running | facts.stopped
    wanted = {it.compose_service: it for it in profile.services.values() if it.compose_service is not None}
    extra = sorted(there - wanted.keys())
    troubled = [
        _missing(name, wanted[name].critical, extra, runtime, subject) for name in wanted if name not in there
    ] + [
        warn(check, f"{name} is stopped", fix=f"`docker compose -p {runtime.project} start {name}`", subject=subject)
        for name in wanted
        if name in facts.stopped
    ]
    if troubled:
        return troubled
    beside = f"; not in the profile: {', '.join(extra)}" if extra else ""
    return [ok(check, f"all {len(wanted)} services of {profile.name} run{beside}", subject=subject)]


def _missing(name: str, critical: bool, extra: list[str], runtime: ComposeRuntime, subject: str) -> CheckFinding:
    near = get_close_matches(name, extra, n=1)
    called = f" (there is {near[0]}, which the profile does not know)" if near else ""
    fix = (
        f"`docker compose -p {runtime.project} up -d {name}`; where it has another name, say so with "
        f"`overrides: {{services: {{{name}: {{compose: <its name>}}}}}}` of {subject} in watchkeeper.yaml"
    )
    say = fail if critical else warn
    return say(Check.RUNTIME_SERVICES, f"the project has no container of {name}{called}", fix=fix, subject=subject)
