"""A Docker engine asked what runs of one Compose project, and when it cannot be asked, why.

`bot.adapters.docker_engine` tells its callers only whether to try again; here it matters whether the socket is missing,
forbidden, or nobody listens.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.domain.settings import ComposeRuntime
from bot.ports.inspection import EngineFacts, EngineRefused, EngineTrouble

WITHIN = timedelta(seconds=4)

_PROJECT = "com.docker.compose.project"
_SERVICE = "com.docker.compose.service"
_UNIX = "unix://"


class DockerInspection:
    """One project on one engine; fits `bot.ports.inspection.EngineInspection`."""

    def __init__(self, runtime: ComposeRuntime, *, within: timedelta = WITHIN) -> None:
        """``within`` bounds each wait for the engine."""
        self._runtime = runtime
        self._within_s = within.total_seconds()

    async def facts(self) -> EngineFacts:
        """Return what runs of the project. Raises EngineRefused."""
        return await asyncio.to_thread(self._facts)

    def unreadable_files(self) -> Mapping[Path, str]:
        """Return the configured Compose files that cannot be read, and why."""
        found: dict[Path, str] = {}
        for path in self._runtime.files:
            try:
                with path.open("rb"):
                    pass
            except FileNotFoundError:
                found[path] = "does not exist"
            except OSError as exc:
                found[path] = f"cannot be read ({exc.strerror})"
        return found

    def _facts(self) -> EngineFacts:
        from docker import APIClient
        from docker.errors import DockerException
        from requests import RequestException

        self._knock()
        try:
            engine = APIClient(
                base_url=self._runtime.docker_host,
                version="auto",
                timeout=self._within_s,  # type: ignore[arg-type]  # requests takes fractions of a second
                use_ssh_client=True,
            )
        except (DockerException, RequestException, OSError) as exc:
            raise EngineRefused(EngineTrouble.AWAY, "does not answer") from exc
        try:
            engine.trust_env = False  # no proxy and no netrc decides how the engine is reached
            listed = engine.containers(all=True, filters={"label": [_PROJECT]})
            return _read(listed, str(engine.version()["Version"]), self._runtime.project)
        except (DockerException, RequestException, OSError) as exc:
            raise EngineRefused(EngineTrouble.UNREADABLE, "does not list its containers") from exc
        finally:
            engine.close()

    def _knock(self) -> None:
        """Raise EngineRefused where the unix socket is missing, forbidden or dead."""
        if not self._runtime.docker_host.startswith(_UNIX):
            return
        path = Path(self._runtime.docker_host.removeprefix(_UNIX))
        with socket.socket(socket.AF_UNIX) as knock:
            knock.settimeout(self._within_s)
            try:
                knock.connect(str(path))
            except FileNotFoundError as exc:
                raise EngineRefused(EngineTrouble.NO_SOCKET, "has no socket") from exc
            except PermissionError as exc:
                raise EngineRefused(EngineTrouble.PERMISSION, "is closed to us", socket_group=_group(path)) from exc
            except OSError as exc:
                raise EngineRefused(EngineTrouble.AWAY, "does not answer: nobody listens on its socket") from exc


def _group(path: Path) -> int | None:
    try:
        return path.stat().st_gid
    except OSError:
        return None


def _read(listed: Sequence[Mapping[str, Any]], version: str, project: str) -> EngineFacts:
    ours = [entry for entry in listed if entry["Labels"].get(_PROJECT) == project]
    running = {entry["Labels"].get(_SERVICE, "") for entry in ours if entry["State"] == "running"}
    there = {entry["Labels"].get(_SERVICE, "") for entry in ours}
    return EngineFacts(
        version=version,
        running=frozenset(running),
        stopped=frozenset(there - running),
        projects=tuple(sorted({str(entry["Labels"][_PROJECT]) for entry in listed})),
    )
