"""A real Valkey as our child, for the installation that has no Redis of its own.

Three things must never happen: two servers on one folder, a server that nobody watches, and a write that was
acknowledged and is gone. So the owner of a folder holds a lock, the server holds another for as long as it lives, the
kernel ends the server (cleanly) when its owner dies, the next owner waits for that or takes the server over, a server
that dies is started again, and everything acknowledged is synced to disk.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import time
from asyncio.subprocess import STDOUT, Process
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from bot.adapters import embedded_valkey_launcher
from bot.adapters.folder_locks import OwnerLock, server_pid
from bot.adapters.valkey_folder import ValkeyFolder, server_program, socket_url
from bot.domain.errors import BotError, PermanentError, TemporaryError

log = logging.getLogger(__name__)

CONFIG_FROM_STDIN = ("-", "--port", "0")
"""The server's arguments. It would take a path for a pattern (`?`, `[`) and, where that matches no file, run on
defaults: open on TCP and forgetful. The port is said here too, so that no mistake with the configuration opens one."""

_POLL_S = 0.02
_ANSWER_WITHIN_S = 1.0
# A process of ours that is between fork and exec holds our locks for that moment, also when we die in it.
_OWNER_LOCK_WITHIN_S = 0.5
# A server that was told to end with its owner is gone by then; one that still answers was not told.
_SETTLED_AFTER_S = 0.5
_TAKE_OVER_WITHIN_S = 10.0
_STOP_WITHIN_S = 10.0
# The append-only file is read first: seconds for hundreds of megabytes.
_READY_WITHIN_S = 120.0
_BACKOFF_FIRST_S = 0.05
_BACKOFF_MAX_S = 5.0
_STEADY_AFTER_S = 10.0


class EmbeddedValkey:
    """The owner of a data folder and its server, as an async context manager: inside it, a server answers at ``url``.

    Entering starts a server, or takes over the one that an owner left behind. It raises PermanentError when another
    owner lives, when the folder cannot be used or when the server does not start, and TemporaryError when the server
    before us is out of our reach. While inside, a server that dies is started again within about a second (the
    pause grows to 5 s when it keeps dying), at the same URL; each time, ``embedded_valkey_restarted`` is logged and
    ``on_restart`` called, which must not raise. Leaving stops the server.

    Enter it in a thread that lives as long as the process, such as the main one: on Linux the server ends with the
    thread that started it. Where the kernel has no such service (macOS), an owner that is killed leaves its server
    running until the next owner takes it over.
    """

    def __init__(self, data_dir: Path, *, on_restart: Callable[[], None] | None = None) -> None:
        self._folder = ValkeyFolder.of(data_dir)
        self._on_restart = on_restart
        self._owner = OwnerLock(self._folder.owner_lock)
        self._socket: Path | None = None
        self._server: _Server | None = None
        self._supervision: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """``unix://…`` for redis-py; the same for as long as the folder stays where it is."""
        if self._socket is None:
            raise RuntimeError("the embedded Valkey has no URL before it is entered")
        return socket_url(self._socket)

    @property
    def pid(self) -> int:
        """The process id of the server; another one after each restart."""
        if self._server is None:
            raise RuntimeError("the embedded Valkey has no process before it is entered")
        return self._server.pid

    async def __aenter__(self) -> Self:
        self._folder.prepare()
        await self._become_owner()
        try:
            self._socket = self._folder.socket()
            self._server = await self._take_over_or_start(self._socket)
        except BaseException:
            self._owner.release()
            raise
        self._supervision = asyncio.create_task(
            self._supervise(self._server, self._socket), name="embedded-valkey-supervision"
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        supervision, server = self._supervision, self._server
        if supervision is None or server is None:
            return
        try:
            supervision.cancel()
            await asyncio.wait({supervision})
            # The supervision may have replaced the server until it ended.
            await (self._server or server).stop()
        finally:
            self._owner.release()
        if not supervision.cancelled():
            supervision.result()

    async def _become_owner(self) -> None:
        deadline = time.monotonic() + _OWNER_LOCK_WITHIN_S
        while not self._owner.acquire():
            if time.monotonic() > deadline:
                raise PermanentError(
                    f"{self._folder.path} belongs to the Watchkeeper that runs as process {self._owner.owner()}; "
                    "stop that one first, or give this one a folder of its own"
                )
            await asyncio.sleep(_POLL_S)

    async def _take_over_or_start(self, socket: Path) -> _Server:
        began = time.monotonic()
        while (pid := server_pid(self._folder.server_lock)) is not None:
            waited_s = time.monotonic() - began
            if waited_s > _SETTLED_AFTER_S and pid > 0 and await _answers(socket):
                log.info("embedded_valkey_reattached", extra={"server_pid": pid})
                return _Server(pid, self._folder.server_lock)
            if waited_s > _TAKE_OVER_WITHIN_S:
                await self._end_unresponsive(pid)
            await asyncio.sleep(_POLL_S)
        return await self._start(socket)

    async def _end_unresponsive(self, pid: int) -> None:
        """End a server that neither ends nor answers. It is ours to end: we own its folder, and it loses nothing."""
        if pid <= 0:
            raise TemporaryError(
                f"a Valkey that this process cannot see, such as another container's, runs on {self._folder.path}; "
                "stop that container first"
            )
        log.warning("embedded_valkey_unresponsive", extra={"server_pid": pid})
        await _Server(pid, self._folder.server_lock).stop()

    async def _supervise(self, server: _Server, socket: Path) -> None:
        quick_ends = 0
        while True:
            up_since = time.monotonic()
            ended_pid, exit_code = server.pid, await server.gone()
            quick_ends = 0 if time.monotonic() - up_since > _STEADY_AFTER_S else quick_ends + 1
            self._server = server = await self._start_again(socket, quick_ends)
            log.warning(
                "embedded_valkey_restarted",
                extra={"ended_pid": ended_pid, "exit_code": exit_code, "server_pid": server.pid},
            )
            if self._on_restart is not None:
                self._on_restart()

    async def _start_again(self, socket: Path, failures: int) -> _Server:
        while True:
            await asyncio.sleep(min(_BACKOFF_MAX_S, _BACKOFF_FIRST_S * 2 ** min(failures, 10)))
            try:
                return await self._start(socket)
            except BotError as exc:
                failures += 1
                log.error("embedded_valkey_start_failed", extra={"reason": str(exc), "failures": failures})

    async def _start(self, socket: Path) -> _Server:
        """Return a server of our own once it answers; one that does not is ended before the error is raised."""
        server = _Server.of_child(await self._spawn(socket), self._folder.server_lock)
        try:
            await self._until_ready(server, socket)
        except BaseException:
            await server.stop()
            raise
        return server

    async def _spawn(self, socket: Path) -> Process:
        try:
            with self._folder.write_config(socket) as config, self._folder.open_log() as output:
                return await asyncio.create_subprocess_exec(
                    *server_command(CONFIG_FROM_STDIN, lock=self._folder.server_lock),
                    cwd=self._folder.path,
                    stdin=config,
                    stdout=output,
                    stderr=STDOUT,
                    # Ctrl-C goes to every process of a terminal's group; when to stop is for the owner to say.
                    start_new_session=True,
                )
        except OSError as exc:
            raise TemporaryError(
                f"Valkey on {self._folder.path} cannot be started ({exc.strerror}); check the disk and process limits"
            ) from exc

    async def _until_ready(self, server: _Server, socket: Path) -> None:
        deadline = time.monotonic() + _READY_WITHIN_S
        while not (server_pid(self._folder.server_lock) == server.pid and await _answers(socket)):
            if server.has_ended:
                raise PermanentError(
                    f"Valkey on {self._folder.path} ended while it started: {self._folder.last_log_line()}; "
                    f"see {self._folder.log}"
                )
            if time.monotonic() > deadline:
                raise TemporaryError(
                    f"Valkey on {self._folder.path} (process {server.pid}) does not answer "
                    f"after {_READY_WITHIN_S:.0f} s; see {self._folder.log}"
                )
            await asyncio.sleep(_POLL_S)


async def attach(data_dir: Path) -> str:
    """Return the URL of the server that runs on ``data_dir``; never starts one.

    Raises TemporaryError when no server answers there, PermanentError when we may not look.
    """
    folder = ValkeyFolder.of(data_dir)
    try:
        socket = folder.known_socket()
        pid = server_pid(folder.server_lock)
    except PermissionError as exc:
        raise PermanentError(f"{folder.path} belongs to another user; run this command as that user") from exc
    if socket is not None and await _answers(socket):
        return socket_url(socket)
    if pid is not None:
        raise TemporaryError(
            f"Valkey (process {pid}) runs on {folder.path} but does not answer yet; try again in a few seconds"
        )
    raise TemporaryError(f"no Watchkeeper is running on {folder.path}; start `watchkeeper serve` first")


def server_command(arguments: Sequence[str], *, lock: Path) -> list[str]:
    """Return the command that runs the shipped server with ``arguments`` as a child that ends with this process.

    The server holds ``lock`` for as long as it lives, and waits for it before it starts.
    """
    launcher = embedded_valkey_launcher.__file__
    return [
        *(sys.executable, "-I", "-S", launcher, str(os.getpid()), os.fspath(lock)),
        *(os.fspath(server_program()), *arguments),
    ]


class _Server:
    """A running server: our child, or one that outlived its owner, which only its lock tells us about."""

    def __init__(self, pid: int, lock: Path, child: Process | None = None) -> None:
        self.pid = pid
        self._lock = lock
        self._child = child

    @classmethod
    def of_child(cls, child: Process, lock: Path) -> _Server:
        return cls(child.pid, lock, child)

    @property
    def has_ended(self) -> bool:
        if self._child is not None:
            return self._child.returncode is not None
        return server_pid(self._lock) != self.pid

    async def gone(self) -> int | None:
        """Return once the server has ended: its exit code (below 0: the signal), or None when it is not our child."""
        if self._child is not None:
            return await self._child.wait()
        while not self.has_ended:  # noqa: ASYNC110 -- the kernel tells only a parent
            await asyncio.sleep(_POLL_S)
        return None

    async def stop(self) -> None:
        """Ask it to end, insist after ten seconds, and return when it is gone."""
        self._send(signal.SIGTERM)
        try:
            async with asyncio.timeout(_STOP_WITHIN_S):
                await self.gone()
        except TimeoutError:
            self._send(signal.SIGKILL)
            await self.gone()

    def _send(self, signal_: signal.Signals) -> None:
        if self.has_ended:
            return
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal_)


async def _answers(socket: Path) -> bool:
    """Return whether a server that is ready for commands answers at ``socket``."""
    try:
        async with asyncio.timeout(_ANSWER_WITHIN_S):
            reader, writer = await asyncio.open_unix_connection(socket)
            try:
                writer.write(b"PING\r\n")
                return await reader.readline() == b"+PONG\r\n"
            finally:
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()
    except OSError:
        return False
