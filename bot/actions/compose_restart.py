"""``compose.restart``: restart every container of a service, through the engine, by label."""

from __future__ import annotations

from datetime import timedelta

from bot.actions.action import Arguments, Observation, StepContext, StepVerdict, VerdictKind
from bot.actions.containers import SHORT_ID, binding_facts, containers_of, in_words, started, target_of
from bot.domain.durations import parse_duration
from bot.domain.errors import UnknownName
from bot.domain.plans import Cancelling, Effect, Facts
from bot.domain.profiles import Service
from bot.ports.platforms import PlatformPorts

ENGINE_TIME = timedelta(seconds=15)
"""What an engine may need besides the stop grace."""


class ComposeRestart:
    """Restarts what is there: no changed configuration or image is applied."""

    name = "compose.restart"
    parameters = frozenset({"service", "grace"})
    effect = Effect.ONCE
    cancel = Cancelling.BEFORE

    def timeout(self, arguments: Arguments, platform: PlatformPorts) -> timedelta:
        """Return stop grace and the engine's own time."""
        return self._grace(arguments, platform.service(arguments["service"])) + ENGINE_TIME

    def _grace(self, arguments: Arguments, service: Service) -> timedelta:
        return parse_duration(arguments["grace"]) if arguments.get("grace") else service.stop_grace

    async def observe(self, arguments: Arguments, platform: PlatformPorts) -> Observation:
        """Return the containers that would restart."""
        service = platform.service(arguments["service"])
        found = await containers_of(service, platform)
        grace_s = self._grace(arguments, service).total_seconds()
        return Observation(
            title=f"Restart {service.name}",
            current="; ".join(f"container {it.number}: {in_words(it)}" for it in found),
            wanted=f"restarted with the same image and configuration, at most {grace_s:g} s to stop",
            target=target_of(service, platform),
            binds=binding_facts(found),
            shows={f"restarts {it.number}": str(it.restart_count) for it in found},
        )

    async def run(self, arguments: Arguments, platform: PlatformPorts, context: StepContext) -> str:
        """Restart the containers that still run since the moment stored before; others have had theirs."""
        service = platform.service(arguments["service"])
        grace = self._grace(arguments, service)
        restarted = 0
        for container in await containers_of(service, platform):
            if started(container) == context.before.get(f"started {container.number}"):
                await platform.runtime.restart(container.id, grace=grace)
                restarted += 1
        now = await containers_of(service, platform)
        return f"{restarted} of {len(now)} restarted; " + "; ".join(in_words(it) for it in now)

    async def verdict(self, arguments: Arguments, platform: PlatformPorts, before: Facts) -> StepVerdict:
        """Compare start times: all moved on is done, some or none is not done, anything else nobody can tell."""
        if "looping" in before.values():
            return StepVerdict(VerdictKind.UNKNOWN, "it was crash-looping before: its start time moves by itself")
        service = platform.service(arguments["service"])
        now = {str(it.number): it for it in await containers_of(service, platform)}
        moved: list[str] = []
        still: list[str] = []
        for number in _numbers(before):
            container = now.get(number)
            if container is None or container.id[:SHORT_ID] != before[f"container {number}"]:
                return StepVerdict(VerdictKind.UNKNOWN, f"container {before[f'container {number}']} is gone")
            if container.is_looping:
                return StepVerdict(VerdictKind.UNKNOWN, f"container {number} is crash-looping now")
            unmoved = started(container) == before.get(f"started {number}") or not container.is_up
            (still if unmoved else moved).append(f"container {number}: {in_words(container)}")
        kind = VerdictKind.DONE if not still else VerdictKind.NOT_DONE
        return StepVerdict(kind, "; ".join([*moved, *still]))


def _numbers(before: Facts) -> list[str]:
    """Return the numbers of the containers whose facts were stored."""
    prefix = "container "
    numbers = [name.removeprefix(prefix) for name in before if name.startswith(prefix)]
    if not numbers:
        raise UnknownName("no container facts were stored before the restart")
    return numbers
