"""The machine we run on, and our own address on it: permissions, room, and who answers where we should."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import httpx

from bot.adapters.http_calls import NoAnswer, Trouble, ask, joined
from bot.adapters.valkey_folder import ValkeyFolder, server_program
from bot.domain.errors import PermanentError
from bot.domain.settings import Secret
from bot.ports.inspection import FileFacts, FolderFacts, Listening

WITHIN = timedelta(seconds=4)
_NOBODY = frozenset({Trouble.REFUSED, Trouble.UNREACHABLE, Trouble.SLOW})


class LocalMachine:
    """This machine; fits `bot.ports.inspection.Machine`."""

    def file(self, path: Path, secrets: Sequence[Secret]) -> FileFacts | None:
        """Return a file's permissions and whether one of the secrets is written in it; None where it is unreadable."""
        try:
            text = path.read_text("utf-8", "replace")
            mode = stat.S_IMODE(path.stat().st_mode)
        except OSError:
            return None
        return FileFacts(path, mode, any(secret.reveal() in text for secret in secrets))

    def folder(self, path: Path) -> FolderFacts:
        """Return what is to be known of the data folder, or of where it would be made."""
        folder = ValkeyFolder.of(path)
        there = _nearest(folder.path)
        exists = there == folder.path
        found = there.stat()
        return FolderFacts(
            path=folder.path,
            exists=exists,
            is_writable=there.is_dir() and os.access(there, os.W_OK | os.X_OK),
            mode=stat.S_IMODE(found.st_mode) if exists else 0,
            owner=_user(found.st_uid) if exists else "",
            us=self.us(),
            free_bytes=shutil.disk_usage(there).free,
            was_used=exists and os.access(there, os.R_OK | os.X_OK) and folder.config.exists(),
        )

    def us(self) -> str:
        """Return the operating system user we are."""
        return _user(os.geteuid())

    def why_no_embedded_store(self) -> str:
        """Return why no Valkey can be embedded here; empty where one can."""
        try:
            server_program()
        except PermanentError as exc:
            return str(exc)
        return ""


class HttpDoorstep:
    """Our own HTTP address; fits `bot.ports.inspection.Doorstep`."""

    def __init__(self, client: httpx.AsyncClient, *, within: timedelta = WITHIN) -> None:
        """Take a client that somebody else closes, and the longest time a question may take."""
        self._client = client
        self._within = within

    async def who_answers(self, url: str) -> Listening:
        """Return who answers at ``url``, told by the words of our health routes."""
        try:
            health = await ask(self._client, joined(url, "healthz"), within=self._within, max_bytes=4096)
            ready = await ask(self._client, joined(url, "readyz"), within=self._within, max_bytes=4096)
        except NoAnswer as exc:
            return Listening.NOBODY if exc.trouble in _NOBODY else Listening.SOMEBODY_ELSE
        if health.status != httpx.codes.OK or b'"alive"' not in health.body:
            return Listening.SOMEBODY_ELSE
        return Listening.WATCHKEEPER if ready.status == httpx.codes.OK else Listening.NOT_READY


def _nearest(path: Path) -> Path:
    """Return the path, or the nearest folder above it that exists."""
    return next(step for step in (path, *path.parents) if step.exists())


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
