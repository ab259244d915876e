"""The two locks of a data folder: who owns it, and which server runs on it.

Both are the kernel's, so they end with their process, however it ends; no pid in a file is ever believed.
"""

from __future__ import annotations

import fcntl
import os
import struct
import sys
from pathlib import Path


class OwnerLock:
    """The right to run a server on a folder, held by one object of one process from ``acquire`` to ``release``."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd: int | None = None

    def acquire(self) -> bool:
        """Return whether the lock is ours now; never waits."""
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            return False
        os.ftruncate(fd, 0)
        os.write(fd, str(os.getpid()).encode())
        self._fd = fd
        os.register_at_fork(after_in_child=self._let_go)
        return True

    def release(self) -> None:
        """Give the lock back; harmless when it is not held."""
        if self._fd is not None:
            os.ftruncate(self._fd, 0)
        self._let_go()

    def owner(self) -> str:
        """Return the owner's pid as it wrote it, for a message to a person; "unknown" while it writes."""
        return self._path.read_text() or "unknown"

    def _let_go(self) -> None:
        # In a forked child too: a worker that outlives us must not keep the folder from our successor.
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


if sys.platform == "darwin":
    _FLOCK = struct.Struct("qqihh")

    def _question() -> bytes:
        return _FLOCK.pack(0, 0, 0, fcntl.F_WRLCK, os.SEEK_SET)

    def _answer(raw: bytes) -> tuple[int, int]:
        _start, _length, pid, kind, _whence = _FLOCK.unpack(raw)
        return kind, pid
else:
    _FLOCK = struct.Struct("hhqqi4x")

    def _question() -> bytes:
        return _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)

    def _answer(raw: bytes) -> tuple[int, int]:
        kind, _whence, _start, _length, pid = _FLOCK.unpack(raw)
        return kind, pid


def server_pid(path: Path) -> int | None:
    """Return the pid of the server that holds the lock file ``path``, or None when none does.

    0 or less is a server that this process cannot name (another container's). Never call this in a process that
    holds the lock itself: closing the file would end its lock.
    """
    try:
        fd = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        kind, pid = _answer(fcntl.fcntl(fd, fcntl.F_GETLK, _question()))
    finally:
        os.close(fd)
    return None if kind == fcntl.F_UNLCK else pid
