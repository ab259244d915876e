"""Real servers as children of the tests: own session, kept log, ready by asking, ended by their own pid."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import httpx
import pytest

from tests.waiting import wait_until

PARTS: Mapping[str, tuple[str, ...]] = {
    "dockerd": ("dockerd",),
    "alertmanager": ("prometheus-alertmanager", "alertmanager"),
    "prometheus": ("prometheus",),
    "redis-server": ("redis-server",),
    "mmdebstrap": ("mmdebstrap",),
    "haproxy": ("haproxy",),
    "chromium": ("chromium", "chromium-browser", "google-chrome"),
    "busybox-static": ("busybox",),
}
"""Each real part, as ``@pytest.mark.part`` names it, with the names its program goes by."""


def require_part(name: str) -> str:
    """Return the path of the part's program; skip the test by the part's name where this machine lacks it."""
    for program in PARTS[name]:
        if found := shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin"):
            return found
    pytest.skip(f"part missing: {name}")


def free_port() -> int:
    """Return a loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def answers_ok(url: str) -> bool:
    """Return whether a GET of ``url`` is answered with 2xx right now."""
    async with httpx.AsyncClient(trust_env=False, timeout=2) as client:
        try:
            return (await client.get(url)).is_success
        except httpx.TransportError:
            return False


class ServerProcess:
    """One server process. It dies with the tests' process, and its log tells why it did not start."""

    def __init__(self, argv: Sequence[str], *, log: Path, env: Mapping[str, str] | None = None) -> None:
        """Start ``argv`` with nothing on its stdin; both outputs are appended to ``log``."""
        self.argv = tuple(argv)
        self.log = log
        with log.open("ab") as sink:
            self._child = subprocess.Popen(
                [*_dying_with_us(), *argv],
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=None if env is None else dict(env),
            )

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def is_running(self) -> bool:
        return self._child.poll() is None

    async def ready(self, answers: Callable[[], Awaitable[bool]], *, timeout_s: float = 20) -> None:
        """Return once ``answers`` says so; fail with the end of the log when it does not, or the server ended."""

        async def answered_or_ended() -> bool:
            return not self.is_running or await answers()

        try:
            await wait_until(answered_or_ended, description=f"{self.argv[0]} answers", timeout_s=timeout_s)
            assert self.is_running, f"{self.argv[0]} ended with {self._child.returncode}"
        except AssertionError as exc:
            await self.kill()
            raise AssertionError(f"{exc}\n{self.log_tail()}") from exc

    async def stop(self, *, grace_s: float = 15) -> None:
        """End it politely, and by force after ``grace_s``."""
        if self.is_running:
            self._child.send_signal(signal.SIGTERM)
            try:
                await wait_until(lambda: not self.is_running, description="it ends", timeout_s=grace_s)
            except AssertionError:
                await self.kill()

    async def kill(self) -> None:
        """End it as a crash would: SIGKILL, nothing flushed."""
        if self.is_running:
            self._child.kill()
        await wait_until(lambda: not self.is_running, description=f"{self.argv[0]} is killed")

    def log_tail(self, lines: int = 40) -> str:
        """Return the last lines the server wrote."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def _dying_with_us() -> Sequence[str]:
    """Return the prefix that lets the kernel end a server whose tests were killed; empty without util-linux."""
    setpriv = shutil.which("setpriv")
    return (setpriv, "--pdeathsig", "TERM", "--") if setpriv else ()
