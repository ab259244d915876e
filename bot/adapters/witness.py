"""The witness in a file of the data folder, and in the log stream.

The file has to be right after a power cut (synced, renamed into place), under several writers (one process's threads,
or processes that share a folder) and in spite of late ones (it never goes back). The log line is the second witness:
it leaves the machine by another road than the state store does.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import msgspec

from bot.domain.errors import PermanentError, TemporaryError
from bot.ports.witness import WitnessMark

log = logging.getLogger(__name__)

FILE_NAME = "witness.json"
_LOG_INTERVAL = timedelta(seconds=1)


class FileWitness:
    """Keeps the mark in ``<data_dir>/witness.json`` (JSON: installation, epoch, audit_seq; mode 0600).

    Each new head is logged as ``audit_head`` (installation, epoch, seq, and hash when given), at most once a second:
    a head that came too soon after the last line is told by the next ``write``, also one of the same mark.
    ``clock`` returns seconds and never goes back.
    """

    def __init__(self, data_dir: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = data_dir / FILE_NAME
        self._clock = clock
        self._told: tuple[WitnessMark, str | None] | None = None
        self._told_at = 0.0

    async def read(self) -> WitnessMark | None:
        """Return the newest mark kept, or None when there never was one."""
        return await asyncio.to_thread(self._read)

    async def write(self, mark: WitnessMark, *, head_hash: str | None = None) -> None:
        """Keep ``mark`` unless a newer one of its line is kept; see the port for the errors."""
        if await asyncio.to_thread(self._advance, mark) == mark:
            self._tell(mark, head_hash)

    async def reset(self, mark: WitnessMark) -> None:
        """Keep ``mark`` whatever was kept before, an unreadable file included."""
        await asyncio.to_thread(self._replace, mark)
        self._tell(mark, None)

    def _advance(self, mark: WitnessMark) -> WitnessMark:
        """Return the mark that is on disk afterwards: ``mark``, or the newer one that was there."""
        with self._locked():
            kept = self._read()
            if kept is None:
                self._store(mark)
                return mark
            if not kept.is_of_same_line(mark):
                raise PermanentError(
                    f"{self._path} is of installation {kept.installation}, epoch {kept.epoch}; the mark to keep is of "
                    f"installation {mark.installation}, epoch {mark.epoch}: a person has to clear this first"
                )
            if mark.audit_seq <= kept.audit_seq:
                return kept
            self._store(mark)
            return mark

    def _replace(self, mark: WitnessMark) -> None:
        with self._locked():
            self._store(mark)

    def _read(self) -> WitnessMark | None:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=WitnessMark)
        except FileNotFoundError:
            return None
        except OSError as exc:
            raise TemporaryError(f"{self._path}: cannot be read ({exc.strerror}); check its folder's rights") from exc
        except (msgspec.MsgspecError, UnicodeDecodeError) as exc:
            raise PermanentError(
                f"{self._path}: is not a witness mark ({exc}); check that the state store is the newest one, "
                "then move this file away and start again"
            ) from exc

    def _store(self, mark: WitnessMark) -> None:
        """Write beside, sync, rename, sync the folder: a power cut leaves the old mark or the new one."""
        beside = self._path.with_suffix(".tmp")
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(msgspec.json.encode(mark))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)
        self._sync_folder()

    def _sync_folder(self) -> None:
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the one right to write; a lock of the open file, so that threads exclude each other too."""
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open(os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                yield
        except OSError as exc:
            raise TemporaryError(
                f"{self._path}: cannot be written ({exc.strerror}); check its folder's rights and free space"
            ) from exc

    def _tell(self, mark: WitnessMark, head_hash: str | None) -> None:
        if not self._is_news(mark, head_hash):
            return
        now = self._clock()
        if self._told is not None and now - self._told_at < _LOG_INTERVAL.total_seconds():
            return
        self._told, self._told_at = (mark, head_hash), now
        head: dict[str, object] = {"installation": mark.installation, "epoch": mark.epoch, "seq": mark.audit_seq}
        log.info("audit_head", extra=head if head_hash is None else {**head, "hash": head_hash})

    def _is_news(self, mark: WitnessMark, head_hash: str | None) -> bool:
        if self._told is None:
            return True
        told_mark, told_hash = self._told
        if mark != told_mark:
            # Two writes may come back in the other order; the line of the older one has nothing to add.
            return not mark.is_of_same_line(told_mark) or mark.audit_seq > told_mark.audit_seq
        return head_hash is not None and head_hash != told_hash
