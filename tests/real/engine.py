"""A private Docker engine: a real ``dockerd`` that shares nothing with an engine this machine may already run.

Its event stream is the judge of effects: what the engine says it did, whatever a ledger of ours claims.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import secrets
import shutil
import subprocess
import tarfile
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.real.processes import ServerProcess, require_part
from tests.waiting import wait_until

IMAGE = "ops/web:1"
"""A static busybox: sh, httpd, wget and 260 more, no registry needed."""

_ACTIONS = ("create", "start", "die", "oom", "kill", "stop", "destroy", "restart", "health_status")
"""Container events worth keeping; a healthcheck alone causes three ``exec_*`` events each time."""


@dataclass(frozen=True, slots=True)
class EngineEvent:
    """One thing the engine did to a container. Source: Engine API 1.41, ``GET /events``."""

    at: datetime
    action: str
    """``create``, ``start``, ``die``, ``oom``, ``kill``, ``stop``, ``destroy``, ``restart``, ``health_status: …``"""
    container: str
    attributes: Mapping[str, str]
    """The container's labels, its ``name`` and ``image``, and what belongs to the action (``exitCode``, ``signal``)."""

    @property
    def project(self) -> str:
        return self.attributes.get("com.docker.compose.project", "")

    @property
    def service(self) -> str:
        return self.attributes.get("com.docker.compose.service", "")


class DockerEngine:
    """A running private engine. ``docker_host`` is its address as ``DOCKER_HOST`` has it."""

    def __init__(self, folder: Path, *, log: Path) -> None:
        self.folder = folder
        self.socket = folder / "docker.sock"
        self.docker_host = f"unix://{self.socket}"
        self._log = log
        self._bridge = _own_bridge_name()
        self._process: ServerProcess | None = None
        self._events: EventLog | None = None

    @classmethod
    async def start(cls, log_folder: Path) -> DockerEngine:
        """Return a ready engine with the image imported; skips by name where dockerd or a static busybox is missing."""
        require_part("dockerd")
        busybox = _static_busybox()
        if os.geteuid() != 0:
            pytest.skip("part missing: dockerd (it needs root)")
        folder = Path(tempfile.mkdtemp(prefix="wk-", dir="/tmp"))  # unix sockets are limited to 107 bytes
        engine = cls(folder, log=log_folder / "dockerd.log")
        await engine.resume()
        await engine._import_image(busybox)
        return engine

    async def resume(self) -> None:
        """Start ``dockerd`` on this engine's data, for the first time or after ``suspend``; return when it answers."""
        _make_bridge(self._bridge)
        (self.folder / "pid").unlink(missing_ok=True)  # one left by a killed engine blocks the start
        argv = [require_part("dockerd"), "--data-root", f"{self.folder}/data", "--exec-root", f"{self.folder}/exec"]
        argv += ["--pidfile", f"{self.folder}/pid", "-H", self.docker_host, "--bridge", self._bridge]
        argv += ["--default-address-pool", "base=10.213.0.0/16,size=24", "--live-restore=false"]
        # Ports published on loopback need only docker-proxy; a second engine's rules would break those of a first.
        argv += ["--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false"]
        self._process = ServerProcess(argv, log=self._log)
        await self._process.ready(self._answers)
        self._events = EventLog(self.socket, earlier=self._events)
        await self._events.caught_up()

    async def stop(self) -> None:
        """Remove containers and networks, end the engine and delete its data."""
        if self._process is not None and self._process.is_running:
            await self._remove_everything()
            await self.suspend()
        _drop_bridge(self._bridge)
        shutil.rmtree(self.folder, ignore_errors=True)

    async def suspend(self) -> None:
        """End the engine politely: its containers stop with it. ``resume`` brings it back."""
        assert self._process is not None
        await self._process.stop(grace_s=30)
        if self._events is not None:
            await self._events.close()

    async def ask(self, method: str, path: str, *, body: Any = None, content: bytes | None = None) -> Any:
        """Return the engine's JSON answer (None for an empty one), asked without the SDK; fails unless 2xx."""
        async with _client(self.socket) as client:
            answer = await client.request(method, path, json=body, content=content, timeout=30)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content and "json" in answer.headers.get("content-type", "") else None

    async def events(self, since: datetime | None = None) -> Sequence[EngineEvent]:
        """Return the container events of this engine after ``since`` in order, everything done so far included."""
        assert self._events is not None
        await self._events.caught_up()
        return [event for event in self._events.seen if since is None or event.at > since]

    async def actions(self, container: str, since: datetime | None = None) -> Sequence[str]:
        """Return what the engine did to one container, such as ``["kill", "die", "stop", "start", "restart"]``."""
        return [event.action for event in await self.events(since) if event.container == container]

    async def inspect(self, container: str) -> dict[str, Any]:
        """Return the engine's own description of a container."""
        facts: dict[str, Any] = await self.ask("GET", f"/containers/{container}/json")
        return facts

    async def create_container(
        self, argv: Sequence[str], *, labels: Mapping[str, str], start: bool = False, **host_config: Any
    ) -> str:
        """Return the id of a container made without Compose, to play a foreign or a broken one."""
        body = {"Image": IMAGE, "Cmd": list(argv), "Labels": dict(labels), "HostConfig": host_config}
        made = await self.ask("POST", "/containers/create", body={**body, "NetworkDisabled": True})
        if start:
            await self.ask("POST", f"/containers/{made['Id']}/start")
        container: str = made["Id"]
        return container

    async def _remove_everything(self) -> None:
        """Networks left to a stopped engine would stay on this machine as bridges."""
        for container in await self.ask("GET", "/containers/json?all=1"):
            await self.ask("DELETE", f"/containers/{container['Id']}?force=1&v=1")
        for network in await self.ask("GET", '/networks?filters={"type":["custom"]}'):
            await self.ask("DELETE", f"/networks/{network['Id']}")

    async def _answers(self) -> bool:
        try:
            async with _client(self.socket) as client:
                return (await client.get("/_ping", timeout=2)).is_success
        except httpx.TransportError:
            return False

    async def _import_image(self, busybox: Path) -> None:
        repo, _, tag = IMAGE.partition(":")
        changes = "&".join(f"changes={quote(change)}" for change in ("ENV PATH=/bin", 'CMD ["sh"]'))
        archive = await asyncio.to_thread(_root_filesystem, busybox)
        await self.ask("POST", f"/images/create?fromSrc=-&repo={repo}&tag={tag}&{changes}", content=archive)


class EventLog:
    """Every container event since the engine first started; the engine itself remembers only the last 256."""

    def __init__(self, socket: Path, *, earlier: EventLog | None) -> None:
        self.seen: list[EngineEvent] = [] if earlier is None else earlier.seen
        self._socket = socket
        self._marks: set[str] = set()
        self._thread = threading.Thread(target=self._follow, name="engine-events", daemon=True)
        self._thread.start()

    async def caught_up(self) -> None:
        """Return when everything the engine did before this call has been seen.

        Events come in order, so an event caused now (a volume made and removed) is the last of them.
        """
        mark = f"mark-{secrets.token_hex(6)}"

        async with _client(self._socket) as client:
            (await client.post("/volumes/create", json={"Name": mark})).raise_for_status()
            (await client.delete(f"/volumes/{mark}")).raise_for_status()
        await wait_until(lambda: mark in self._marks, description="the engine's event stream caught up")

    async def close(self) -> None:
        """Return when the stream has ended, which it does with the engine."""
        await asyncio.to_thread(self._thread.join, 10)

    def _follow(self) -> None:
        filters = json.dumps({"type": ["container", "volume"], "event": _ACTIONS})
        transport = httpx.HTTPTransport(uds=str(self._socket))
        try:
            with (
                httpx.Client(transport=transport, base_url="http://engine", timeout=None) as client,
                client.stream("GET", "/events", params={"filters": filters, "since": "1"}) as answer,
            ):
                for line in answer.iter_lines():
                    self._take(json.loads(line))
        except httpx.TransportError:
            return  # the engine is gone

    def _take(self, entry: dict[str, Any]) -> None:
        actor = entry["Actor"]
        if entry["Type"] == "volume":
            self._marks.add(actor["ID"])
            return
        at = datetime.fromtimestamp(entry["timeNano"] / 1e9, UTC)
        self.seen.append(EngineEvent(at, entry["Action"], actor["ID"], actor["Attributes"]))


def _client(socket: Path) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=str(socket)), base_url="http://engine")


def _static_busybox() -> Path:
    busybox = Path(require_part("busybox-static"))
    if b"/ld-" in busybox.read_bytes()[:4096]:  # it names a loader, so it would find no libraries in the image
        pytest.skip("part missing: busybox-static")
    return busybox


def _root_filesystem(busybox: Path) -> bytes:
    """Return the image's tar: busybox, a link per applet, and two users."""
    applets = subprocess.run([busybox, "--list"], check=True, capture_output=True, text=True).stdout.split()
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for folder in ("bin", "etc", "var", "var/www", "tmp", "data"):
            tar.addfile(_member(folder, type=tarfile.DIRTYPE, mode=0o755))
        program = busybox.read_bytes()
        tar.addfile(_member("bin/busybox", mode=0o755, size=len(program)), io.BytesIO(program))
        for applet in set(applets) - {"busybox"}:  # a link of its own name would replace the program by itself
            tar.addfile(_member(f"bin/{applet}", type=tarfile.SYMTYPE, linkname="busybox"))
        users = b"root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n"
        tar.addfile(_member("etc/passwd", mode=0o644, size=len(users)), io.BytesIO(users))
    return archive.getvalue()


def _member(name: str, **fields: Any) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    for field, value in fields.items():
        setattr(member, field, value)
    return member


def _own_bridge_name() -> str:
    """Return ``none``, or the name for a bridge of our own where another engine has its ``docker0``.

    An engine started with ``--bridge=none`` deletes ``docker0``, whoever made it.
    """
    return f"wk{secrets.token_hex(4)}" if Path("/sys/class/net/docker0").exists() else "none"


def _make_bridge(name: str) -> None:
    if name == "none" or Path("/sys/class/net", name).exists():
        return
    address = f"10.214.{secrets.randbelow(250)}.1/24"
    for argv in (["link", "add", name, "type", "bridge"], ["addr", "add", address, "dev", name]):
        subprocess.run(["ip", *argv], check=True, capture_output=True)


def _drop_bridge(name: str) -> None:
    if name != "none":
        subprocess.run(["ip", "link", "delete", name], check=True, capture_output=True)
