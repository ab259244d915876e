"""The processes that are measured: started with a log of their own, ready by asking, ended by their own pid."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import sys
import time
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.load import HOST

ROOT = Path(__file__).parents[1]
_POLL_S = 0.002
_STOP_WITHIN_S = 30.0


class NotMeasured(Exception):
    """A part could not be measured, and why."""


@dataclass(slots=True)
class Child:
    """One running process."""

    name: str
    process: Process
    log: Path
    started_at: float
    """Of `time.monotonic`."""
    started_wall: float
    """Of `time.time`, to compare with what other processes note."""
    port: int = 0
    ready_path: str = "/readyz"

    @property
    def pid(self) -> int:
        """Return its process id."""
        return self.process.pid

    async def ready(self, *, within_s: float = 30.0) -> float:
        """Return the seconds from its start to the first 200 of its ready path; NotMeasured without one in time."""
        request = f"GET {self.ready_path} HTTP/1.1\r\nhost: {HOST}\r\nconnection: close\r\n\r\n".encode()
        while await _status(self.port, request) != b"200":
            if self.process.returncode is not None:
                raise NotMeasured(f"{self.name} ended with {self.process.returncode}: {self.last_lines()}")
            if time.monotonic() - self.started_at > within_s:
                raise NotMeasured(f"{self.name} is not ready after {within_s:.0f} s: {self.last_lines()}")
            await asyncio.sleep(_POLL_S)
        return time.monotonic() - self.started_at

    async def stop(self) -> None:
        """End it as an operator would, and by force after half a minute."""
        self._send(signal.SIGTERM)
        try:
            async with asyncio.timeout(_STOP_WITHIN_S):
                await self.process.wait()
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        """End it as a crash would."""
        self._send(signal.SIGKILL)
        await self.process.wait()

    def last_lines(self, count: int = 3) -> str:
        """Return the end of what it wrote."""
        return " / ".join(self.log.read_text(errors="replace").splitlines()[-count:]) or "it wrote nothing"

    def _send(self, signal_: signal.Signals) -> None:
        if self.process.returncode is None:
            self.process.send_signal(signal_)


async def start(
    name: str, argv: Sequence[str], folder: Path, *, port: int = 0, environ: Mapping[str, str] | None = None
) -> Child:
    """Return a started process; its output goes to a log in ``folder``, and it ends with this process."""
    log = folder / f"{name}.log"
    began, wall = time.monotonic(), time.time()
    with log.open("ab") as sink:
        process = await asyncio.create_subprocess_exec(
            *(*_dying_with_us(), *argv),
            stdin=DEVNULL,
            stdout=sink,
            stderr=STDOUT,
            cwd=ROOT,
            env=clean_environment() | dict(environ or {}),
            start_new_session=True,
        )
    return Child(name, process, log, began, wall, port)


@asynccontextmanager
async def running(
    name: str, argv: Sequence[str], folder: Path, *, port: int, ready_path: str = "/readyz"
) -> AsyncIterator[Child]:
    """Yield a process that is ready, and stop it afterwards."""
    child = await start(name, argv, folder, port=port)
    child.ready_path = ready_path
    try:
        await child.ready()
        yield child
    finally:
        await child.stop()


@asynccontextmanager
async def floor(module: str, folder: Path, *, name: str = "", **options: str) -> AsyncIterator[Child]:
    """Yield a running floor: ``bench.floors.<module>`` with its options."""
    port = free_port()
    async with running(f"floor-{name or module}", floor_command(module, port, **options), folder, port=port) as child:
        yield child


def floor_command(module: str, port: int, **options: str) -> list[str]:
    """Return the command that runs a floor."""
    flat = [part for option, value in options.items() for part in (f"--{option}", value)]
    return [sys.executable, "-m", f"bench.floors.{module}", "--port", str(port), *flat]


def clean_environment() -> dict[str, str]:
    """Return our environment without what would change how a measured process behaves."""
    foreign = ("SLACK_", "WATCHKEEPER_", "REDIS_", "PYTHON", "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)}


def free_port() -> int:
    """Return a loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


async def _status(port: int, request: bytes) -> bytes:
    """Return the status of the answer to ``request``; empty while nobody answers."""
    try:
        reader, writer = await asyncio.open_connection(HOST, port)
        try:
            writer.write(request)
            return (await reader.readline())[9:12]
        finally:
            writer.close()
    except OSError:
        return b""


def _dying_with_us() -> Sequence[str]:
    """Return the prefix that lets the kernel end a process whose parent was killed; empty without util-linux."""
    setpriv = shutil.which("setpriv")
    return (setpriv, "--pdeathsig", "TERM", "--") if setpriv else ()
