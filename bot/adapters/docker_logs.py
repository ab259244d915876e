"""Reads the engine's log stream: which stream each message came from, where lines end, and no more of it than wanted.

Without a terminal the engine frames each message (8 bytes: stream, three zeros, length); with one it sends plain bytes.
It starts every message with a time of nanoseconds, and it cuts a line longer than 16 KB into several messages.
Source: Engine API 1.41, ``ContainerAttach``, "Stream format".
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from bot.domain.containers import LogLine
from bot.domain.errors import PermanentError

MAX_LINES = 20_000
MAX_BYTES = 5 * 1024 * 1024
MAX_LINE_BYTES = 64 * 1024
"""What follows in a longer line is dropped."""

_STREAMS = {0: "stdout", 1: "stdout", 2: "stderr"}
_ENGINE_FAILED = 3
"""Stream of the engine's own words: it could not read on."""


@dataclass(frozen=True, slots=True)
class LogMessage:
    """One message of the engine: a line, or a piece of one where ``text`` does not end with a newline."""

    at: datetime
    stream: str
    text: bytes


class NewestLines:
    """The newest lines of a log within bounds on count and bytes; what is older falls out while more is read."""

    def __init__(self, wanted: int) -> None:
        self.limit = min(wanted, MAX_LINES)
        self._whole: deque[LogMessage] = deque(maxlen=self.limit)
        self._open: dict[str, LogMessage] = {}
        self._size_bytes = 0

    def take(self, message: LogMessage) -> None:
        """Add the next message of the log, joined to the unfinished line of its stream."""
        begun = self._open.pop(message.stream, None)
        if begun is not None:
            message = replace(begun, text=begun.text + message.text)
        if message.text.endswith(b"\n"):
            self._keep(message)
        else:
            self._open[message.stream] = replace(message, text=message.text[:MAX_LINE_BYTES])

    def lines(self) -> Sequence[LogLine]:
        """Return the lines oldest first, those not yet ended included; invalid UTF-8 is replaced."""
        for message in self._open.values():
            self._keep(message)
        self._open.clear()
        ordered = sorted(self._whole, key=lambda message: message.at)
        return [LogLine(message.at, message.text.decode("utf-8", "replace"), message.stream) for message in ordered]

    def _keep(self, message: LogMessage) -> None:
        if len(self._whole) == self.limit:
            self._size_bytes -= len(self._whole[0].text)  # appending to a full deque drops it
        line = replace(message, text=message.text.rstrip(b"\r\n")[:MAX_LINE_BYTES])
        self._whole.append(line)
        self._size_bytes += len(line.text)
        while self._size_bytes > MAX_BYTES:
            self._size_bytes -= len(self._whole.popleft().text)


def log_messages(chunks: Iterable[bytes], *, tty: bool) -> Iterator[LogMessage]:
    """Yield the messages of an answer that comes in ``chunks`` of any size.

    Raises PermanentError where the engine says that its log is broken, or sends what is no log.
    """
    return _plain(chunks) if tty else _framed(chunks)


def _framed(chunks: Iterable[bytes]) -> Iterator[LogMessage]:
    unread = bytearray()
    for chunk in chunks:
        unread += chunk
        while len(unread) >= 8:
            kind, size = struct.unpack(">BxxxL", unread[:8])
            if len(unread) < 8 + size:
                break
            payload = bytes(unread[8 : 8 + size])
            del unread[: 8 + size]
            yield _message(kind, payload)


def _plain(chunks: Iterable[bytes]) -> Iterator[LogMessage]:
    unread = b""
    for chunk in chunks:
        *whole, unread = (unread + chunk).split(b"\n")
        for line in whole:
            yield _message(1, line + b"\n")
        unread = unread[: 2 * MAX_LINE_BYTES]  # a progress bar never ends its line
    if unread:
        yield _message(1, unread)


def _message(kind: int, payload: bytes) -> LogMessage:
    if kind == _ENGINE_FAILED:
        raise PermanentError("The engine cannot read the whole log; ask for fewer lines, or look at its log driver")
    stamp, _, text = payload.partition(b" ")
    try:
        at = datetime.fromisoformat(stamp.decode("ascii", "replace")).astimezone(UTC)
        return LogMessage(at, _STREAMS[kind], text)
    except (ValueError, KeyError) as exc:
        raise PermanentError("The engine sent a log without times; its API differs from what is known here") from exc
