"""A real Valkey 9 for the whole suite: one server for the session, emptied before each test that asks for a client.

Name the two fixtures in a ``conftest.py`` (``from tests.valkey_fixture import redis_client, valkey_url``) or list this
module in ``pytest_plugins``. The server ends with the test process, killed or not.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from bot.adapters.embedded_valkey import server_command
from bot.adapters.valkey_folder import socket_url

_READY_WITHIN_S = 20.0
_POLL_S = 0.01


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    """Return the URL of a Valkey without persistence, on a unix socket in a temp folder."""
    folder = Path(tempfile.mkdtemp(prefix="watchkeeper-tests-"))
    path = folder / "valkey.sock"
    log = folder / "valkey.log"
    server = subprocess.Popen(_command(folder, path, log), stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        _wait_until_it_answers(server, path, log)
        yield socket_url(path)
    finally:
        server.terminate()
        server.wait(10)
        shutil.rmtree(folder)


@pytest_asyncio.fixture
async def redis_client(valkey_url: str) -> AsyncIterator[Redis]:
    """Return a client (answers are bytes) of an empty Valkey."""
    client = Redis.from_url(valkey_url, decode_responses=False)
    try:
        await client.flushall()
        yield client
    finally:
        await client.aclose()


def _command(folder: Path, path: Path, log: Path) -> list[str]:
    # Persistence costs time and proves nothing here; eviction must be as in production.
    settings = {
        "port": "0",
        "unixsocket": os.fspath(path),
        "unixsocketperm": "700",
        "dir": os.fspath(folder),
        "logfile": os.fspath(log),
        "save": "",
        "appendonly": "no",
        "maxmemory-policy": "noeviction",
    }
    options = [word for name, value in settings.items() for word in (f"--{name}", value)]
    return server_command(options, lock=folder / "valkey.server.lock")


def _wait_until_it_answers(server: subprocess.Popen[bytes], path: Path, log: Path) -> None:
    # Polled, without an event loop: a session's fixture must leave the tests' loops alone.
    deadline = time.monotonic() + _READY_WITHIN_S
    while not _answers(path):
        if server.poll() is not None or time.monotonic() > deadline:
            written = log.read_text() if log.exists() else "nothing"
            raise AssertionError(f"no Valkey for the tests; it ended with {server.returncode} and wrote: {written}")
        time.sleep(_POLL_S)


def _answers(path: Path) -> bool:
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1.0)
            connection.connect(os.fspath(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
    except OSError:
        return False
