"""``evidence.collect``: write down how services stand before anything is done to them."""

from __future__ import annotations

from datetime import timedelta

from bot.actions.action import Arguments, LooksOnly, Observation, StepContext
from bot.actions.containers import in_words
from bot.domain.errors import BotError
from bot.domain.findings import Verdict
from bot.domain.plans import Cancelling
from bot.domain.profiles import Service
from bot.ports.platforms import PlatformPorts

TIMEOUT = timedelta(seconds=30)


class EvidenceCollect(LooksOnly):
    """Looks only. What does not answer is named; it stops nothing."""

    name = "evidence.collect"
    parameters = frozenset({"services", "logs"})
    cancel = Cancelling.BEFORE

    def timeout(self, arguments: Arguments, platform: PlatformPorts) -> timedelta:
        """Return how long all looks together may take."""
        self._services(arguments, platform)
        return TIMEOUT

    def _services(self, arguments: Arguments, platform: PlatformPorts) -> list[Service]:
        return [platform.service(name.strip()) for name in arguments["services"].split(",")]

    async def observe(self, arguments: Arguments, platform: PlatformPorts) -> Observation:
        """Return what will be looked at."""
        names = ", ".join(service.name for service in self._services(arguments, platform))
        return Observation(
            title=f"Write down how {names} stands", current="", wanted="state, probes and last lines kept with the run"
        )

    async def run(self, arguments: Arguments, platform: PlatformPorts, context: StepContext) -> str:
        """Return a line for each service: containers, and probes that are not well."""
        tail = int(arguments.get("logs") or "0")
        return "; ".join([await self._line(service, platform, tail) for service in self._services(arguments, platform)])

    async def _line(self, service: Service, platform: PlatformPorts, tail: int) -> str:
        try:
            containers = await platform.runtime.containers(service.name)
            stands = ", ".join(in_words(container) for container in containers) or "no container"
            lines = [await platform.runtime.logs(container.id, tail=tail) for container in containers if tail]
        except BotError as exc:
            stands, lines = str(exc), []
        findings = [await platform.probes.ask(service.name, probe) for probe in service.probes]
        unwell = [f"{it.name}: {it.evidence}" for it in findings if it.verdict is not Verdict.OK]
        probes = "; ".join(unwell) if unwell else f"{len(findings)} probes answer well"
        kept = f"; {sum(map(len, lines))} log lines looked through" if lines else ""
        return f"{service.name}: {stands}; {probes}{kept}"
