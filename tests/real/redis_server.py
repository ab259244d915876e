"""Debian's ``redis-server`` with append-only persistence, to be stopped, killed, emptied and started again."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import redis.asyncio as redis

from tests.real.processes import ServerProcess, free_port, require_part


class RedisServer:
    """One server with data of its own. ``url`` is what ``REDIS_URL`` would hold."""

    def __init__(self, log_folder: Path, *, tcp: bool = False, flags: Sequence[str] = ()) -> None:
        """It listens on a unix socket, or with ``tcp`` on a loopback port; ``flags`` are further server options."""
        self.folder = Path(tempfile.mkdtemp(prefix="wk-", dir="/tmp"))  # unix sockets are limited to 107 bytes
        self.data = self.folder / "data"
        self.port = free_port() if tcp else 0
        self.url = f"redis://127.0.0.1:{self.port}/0" if tcp else f"unix://{self.folder}/redis.sock"
        self._listen = ("--bind", "127.0.0.1", "--port", str(self.port))
        self._flags = tuple(flags)
        self._log = log_folder / f"{self.folder.name}.log"
        self._process: ServerProcess | None = None

    async def start(self) -> None:
        """Start on the data that is there; return when it has loaded them and answers."""
        self.data.mkdir(exist_ok=True)
        argv = [require_part("redis-server"), *self._listen, "--unixsocket", f"{self.folder}/redis.sock"]
        argv += ["--dir", str(self.data), "--appendonly", "yes", "--appendfsync", "always", "--save", ""]
        argv += ["--maxmemory-policy", "noeviction", "--daemonize", "no", *self._flags]
        self._process = ServerProcess(argv, log=self._log)
        await self._process.ready(self._answers)

    async def stop(self) -> None:
        """End it politely; its data stay."""
        if self._process is not None:
            await self._process.stop()

    async def kill(self) -> None:
        """End it as a crash would; what it has acknowledged stays."""
        if self._process is not None:
            await self._process.kill()

    async def restart(self, *, keep_data: bool) -> None:
        """Stop and start it, on its data or emptied."""
        await self.stop()
        if not keep_data:
            shutil.rmtree(self.data)
        await self.start()

    async def discard(self) -> None:
        """End it and delete its data."""
        await self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    async def _answers(self) -> bool:
        client = redis.Redis.from_url(self.url)
        try:
            return bool(await client.ping())
        except redis.RedisError:
            return False
        finally:
            await client.aclose()
