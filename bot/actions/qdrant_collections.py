"""``qdrant.collections_ready``: after a restart, wait until no collection is in trouble."""

from __future__ import annotations

from datetime import timedelta

from bot.actions.action import Arguments, LooksOnly, Observation, StepCancelled, StepContext
from bot.domain.errors import PermanentError
from bot.domain.findings import Finding, Verdict
from bot.domain.plans import Cancelling
from bot.domain.profiles import Probe, ProbeKind, Service
from bot.ports.platforms import PlatformPorts

TIMEOUT = timedelta(seconds=60)
LOOK_EVERY = timedelta(seconds=2)


class QdrantCollectionsReady(LooksOnly):
    """Looks only. Yellow is fine: an optimiser at work or a snapshot being taken; red is not."""

    name = "qdrant.collections_ready"
    parameters = frozenset({"service"})
    cancel = Cancelling.SAFE_POINT

    def timeout(self, arguments: Arguments, platform: PlatformPorts) -> timedelta:
        """Return how long to wait."""
        self._probe(arguments, platform)
        return TIMEOUT

    def _probe(self, arguments: Arguments, platform: PlatformPorts) -> tuple[Service, Probe]:
        service = platform.service(arguments.get("service") or "qdrant")
        for probe in service.probes:
            if probe.kind is ProbeKind.QDRANT_COLLECTIONS:
                return service, probe
        raise PermanentError(f"{service.name}: the profile has no probe of its collections")

    async def observe(self, arguments: Arguments, platform: PlatformPorts) -> Observation:
        """Return what will be waited for."""
        service, _ = self._probe(arguments, platform)
        return Observation(title=f"Check the collections of {service.name}", current="", wanted="no collection red")

    async def run(self, arguments: Arguments, platform: PlatformPorts, context: StepContext) -> str:
        """Return what the collections say; PermanentError when one is still in trouble at the end."""
        service, probe = self._probe(arguments, platform)
        waited = timedelta()
        while True:
            finding = await platform.probes.ask(service.name, probe)
            if finding.verdict in (Verdict.OK, Verdict.WARNING):
                return finding.evidence
            if context.is_cancelled():
                raise StepCancelled
            if waited >= TIMEOUT:
                raise _not_ready(service, finding)
            await context.sleep(LOOK_EVERY)
            waited += LOOK_EVERY


def _not_ready(service: Service, finding: Finding) -> PermanentError:
    return PermanentError(f"{service.name}: {finding.evidence}; see `/ops status` and the service's log")
