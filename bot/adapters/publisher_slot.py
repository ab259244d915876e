"""The name under which a process competes for the publisher's lease.

A process that was killed holds the lease for its whole life, and its successor should not wait for that. So the name
says which folder it belongs to and which life this is, and a new life of the same folder follows the old one at once.
That is right only while nobody else lives there: the kernel's lock on the folder decides, and whoever does not get it
competes under a name of its own.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.adapters.folder_locks import OwnerLock
from bot.domain.ids import new_ulid

LOCK_NAME = "publisher.lock"


@contextmanager
def publisher_holder(folder: Path) -> Iterator[str]:
    """Give this process's name, ``slot#life`` where it is the only one on the data folder, for as long as it lasts."""
    lock = OwnerLock(folder / LOCK_NAME)
    if not lock.acquire():
        yield new_ulid()
        return
    try:
        yield f"{socket.gethostname()}:{folder.resolve()}#{new_ulid()}"
    finally:
        lock.release()
