"""The state store of the measurements: the Valkey that Watchkeeper ships, everything acknowledged synced to disk."""

from __future__ import annotations

import asyncio
import os
import time
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from redis.asyncio import Redis
from redis.exceptions import RedisError

from bench.children import NotMeasured
from bot.adapters.embedded_valkey import server_command
from bot.adapters.valkey_folder import socket_url

_READY_WITHIN_S = 20.0


@dataclass(frozen=True, slots=True)
class Store:
    """A running Valkey."""

    url: str
    pid: int
    redis: Redis
    """A client of our own."""

    async def round_trips(self) -> int:
        """Return how often clients have sent something: commands inside scripts do not count, a pipeline counts once.

        A request above 16 KiB arrives in several pieces and counts more than once.
        """
        stats = await self.redis.info("stats")
        return int(stats["total_reads_processed"])


@asynccontextmanager
async def running_store(folder: Path) -> AsyncIterator[Store]:
    """Yield a Valkey of its own on a unix socket below ``folder``."""
    place = folder / f"store-{time.monotonic_ns()}"
    place.mkdir()
    socket = place / "valkey.sock"
    process = await asyncio.create_subprocess_exec(
        *server_command(_options(place, socket), lock=place / "lock"), stdin=DEVNULL, start_new_session=True
    )
    redis = Redis.from_url(socket_url(socket))
    try:
        await _until_ready(redis, place)
        yield Store(socket_url(socket), process.pid, redis)
    finally:
        await redis.aclose()
        process.terminate()
        await process.wait()


def _options(place: Path, socket: Path) -> list[str]:
    settings = {
        "port": "0",
        "unixsocket": os.fspath(socket),
        "unixsocketperm": "700",
        "dir": os.fspath(place),
        "logfile": os.fspath(place / "valkey.log"),
        "save": "",
        "appendonly": "yes",
        "appendfsync": "always",
        # Rewriting would fall into one measurement and not into another.
        "auto-aof-rewrite-percentage": "0",
        "maxmemory-policy": "noeviction",
    }
    return [word for name, value in settings.items() for word in (f"--{name}", value)]


async def _until_ready(redis: Redis, place: Path) -> None:
    deadline = time.monotonic() + _READY_WITHIN_S
    while True:
        try:
            await cast(Any, redis.ping())
            return
        except (RedisError, OSError) as exc:
            if time.monotonic() > deadline:
                raise NotMeasured(f"no Valkey for the measurements ({exc}); see {place.name}/valkey.log") from exc
            await asyncio.sleep(0.01)
