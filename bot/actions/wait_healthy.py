"""``wait.healthy``: wait until a service's containers run and its readiness probes answer well."""

from __future__ import annotations

from datetime import timedelta

from bot.actions.action import Arguments, LooksOnly, Observation, StepCancelled, StepContext
from bot.actions.containers import containers_of, in_words
from bot.domain.containers import Health
from bot.domain.durations import format_duration, parse_duration
from bot.domain.errors import PermanentError, TemporaryError
from bot.domain.findings import Verdict
from bot.domain.plans import Cancelling
from bot.domain.profiles import Service
from bot.ports.platforms import PlatformPorts

LOOK_EVERY = timedelta(seconds=1)
DEFAULT_TIMEOUT = "60s"


class WaitHealthy(LooksOnly):
    """Looks only; a person may call it off at any look."""

    name = "wait.healthy"
    parameters = frozenset({"service", "timeout"})
    cancel = Cancelling.SAFE_POINT

    def timeout(self, arguments: Arguments, platform: PlatformPorts) -> timedelta:
        """Return how long to wait."""
        platform.service(arguments["service"])
        return parse_duration(arguments.get("timeout") or DEFAULT_TIMEOUT)

    async def observe(self, arguments: Arguments, platform: PlatformPorts) -> Observation:
        """Return what will be waited for."""
        service = platform.service(arguments["service"])
        probes = [probe.name for probe in service.probes if probe.ready]
        asked = f" and {', '.join(probes)} good" if probes else ""
        limit = format_duration(self.timeout(arguments, platform))
        return Observation(
            title=f"Wait until {service.name} is healthy",
            current="",
            wanted=f"containers up{asked}, within {limit}",
        )

    async def run(self, arguments: Arguments, platform: PlatformPorts, context: StepContext) -> str:
        """Look every second until all is well; PermanentError with the last look when the time is over."""
        service = platform.service(arguments["service"])
        limit = self.timeout(arguments, platform)
        waited = timedelta()
        while True:
            trouble = await self._trouble(service, platform)
            if not trouble:
                return f"healthy after {waited.total_seconds():.0f} s"
            if context.is_cancelled():
                raise StepCancelled
            if waited >= limit:
                raise PermanentError(f"{service.name}: not healthy within {format_duration(limit)}: {trouble}")
            await context.sleep(LOOK_EVERY)
            waited += LOOK_EVERY

    async def _trouble(self, service: Service, platform: PlatformPorts) -> str:
        """Return what is not well yet; empty when all is."""
        try:
            containers = await containers_of(service, platform)
        except TemporaryError as exc:
            return str(exc)
        for container in containers:
            if not container.is_up or container.health is Health.STARTING:
                return f"container {container.number} is {in_words(container)}"
        for probe in service.probes:
            if probe.ready:
                finding = await platform.probes.ask(service.name, probe)
                if finding.verdict is not Verdict.OK:
                    return f"{probe.name}: {finding.evidence}"
        return ""
