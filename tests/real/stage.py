"""Everything a test of the path on real parts acts on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.installation import PLATFORM, WEBHOOK_TOKEN, Installation, PlatformAddresses, installed
from tests.real.compose import ComposeProject, qdrant_like
from tests.real.engine import DockerEngine
from tests.real.factories import MakesAlertmanager, MakesProject
from tests.real.monitoring import Alertmanager, webhook_config
from tests.real.processes import free_port

STOP_GRACE_S = 2


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything a test of the path acts on."""

    it: Installation
    project: ComposeProject
    engine: DockerEngine
    alertmanager: Alertmanager

    async def restarts(self) -> int:
        """Return how many restarts the engine did to qdrant, by its own event stream."""
        container = await self.project.container_id("qdrant")
        return list(await self.engine.actions(container)).count("restart")


@asynccontextmanager
async def staged(
    folder: Path,
    engine: DockerEngine,
    compose_project: MakesProject,
    alertmanager: MakesAlertmanager,
    *,
    environ: Mapping[str, str] | None = None,
) -> AsyncIterator[Stage]:
    """Yield a real project and a real Alertmanager with a bot that is not started."""
    port = free_port()
    project = await compose_project({"qdrant": qdrant_like()}, name="search")
    source = await alertmanager(
        webhook_config(f"http://127.0.0.1:{port}/alertmanager/{PLATFORM}", credentials=WEBHOOK_TOKEN)
    )
    addresses = addresses_of(project, source.url, f"http://127.0.0.1:{free_port()}")
    async with installed(folder, addresses, bot_port=port, environ=environ) as installation:
        yield Stage(installation, project, engine, source)


def addresses_of(project: ComposeProject, alertmanager: str, prometheus: str) -> PlatformAddresses:
    """Return where the bot finds a real project; the rest of the profile's services has no address."""
    compose = {"project": project.name, "files": [str(project.file)], "docker_host": project.docker_host}
    return PlatformAddresses(
        runtime={"compose": compose},
        alertmanager=alertmanager,
        prometheus=prometheus,
        services={"qdrant": project.url("qdrant")},
        overrides={"services": {"qdrant": {"stop_grace": f"{STOP_GRACE_S}s"}}},
    )


async def fire(stage: Stage) -> None:
    """Let the real Alertmanager fire for qdrant."""
    await stage.alertmanager.post("ServiceDown", job="qdrant", platform=PLATFORM, severity="critical")
