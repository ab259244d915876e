"""Proof of a driver's death: each driver holds a lock on its own file, which the kernel frees when it dies."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType

from bot.domain.ids import new_ulid

FOLDER = "drivers"


class DriverLocks:
    """This process's driver, and what its data folder says of the others. Implements `bot.ports.runs.Drivers`."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / FOLDER
        self.name = f"driver-{new_ulid()}"
        self._held: int | None = None

    def __enter__(self) -> DriverLocks:
        """Take the lock of this process's driver."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._held = os.open(self._path(self.name), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._held, fcntl.LOCK_EX)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Free the lock; the file stays, as the proof."""
        if self._held is not None:
            os.close(self._held)
            self._held = None

    def _path(self, driver: str) -> Path:
        return self._folder / f"{driver}.lock"

    def is_proven_dead(self, driver: str) -> bool:
        """Return whether a driver of this machine is gone for certain; False where its file is not here."""
        if not driver or driver == self.name or "/" in driver:
            return False
        try:
            handle = os.open(self._path(driver), os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        finally:
            os.close(handle)
        return True
