"""Becomes the Valkey server, after arranging what only the new process itself can arrange.

A server that outlives its owner would be met by the next owner's server on the same files. So this small program asks
the kernel to end it with its parent, takes the lock that says "a server runs on this folder", and turns into the
server, which keeps both. It runs in an interpreter of its own (`python -I -S`): code between fork and exec of a process
with threads can hang.

Usage: ``embedded_valkey_launcher.py <pid of the parent> <lock file> <program> [argument …]``
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(parent: int, lock: str, program: str, *arguments: str) -> None:
    """Turn into ``program``; returns only when the parent is gone already."""
    os.umask(0o077)
    _end_with_parent()
    # The signal is not sent for a parent that died before it was asked for.
    if os.getppid() != parent:
        return
    _lock_until_exit(lock)
    # No environment: the server needs none, and its owner's holds secrets.
    os.execve(program, [program, *arguments], {})  # noqa: S606


def _end_with_parent() -> None:
    """Have SIGTERM (a clean stop) sent when the thread that started us ends. Linux only; elsewhere nothing happens."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _lock_until_exit(path: str) -> None:
    """Wait for the lock, then hold it for the rest of this process's life, through exec.

    A POSIX record lock: it stays with this process alone, so a child that the server forks to rewrite its files does
    not prolong it, and the kernel tells others the holder's pid.
    """
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.lockf(lock, fcntl.LOCK_EX)
    os.set_inheritable(lock, True)


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
