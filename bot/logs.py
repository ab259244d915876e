"""Logs as one JSON object a line: the event is a constant, what varies is a field, no secret gets through."""

from __future__ import annotations

import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import IO

import msgspec

from bot.domain.redaction import Redactor

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}

bound: ContextVar[dict[str, str] | None] = ContextVar("bound", default=None)
"""Ids that ride along with every line of one request: ``request_id``, ``actor``, ``incident``."""

QUIET = ("slack_sdk", "httpx", "httpcore", "docket", "urllib3", "docker", "uvicorn.error", "asyncio")
"""Libraries whose debug output names tokens, or says nothing an operator needs."""


class JsonLines(logging.Formatter):
    """Formats a record as JSON, redacted."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            "logger": record.name,
            **(bound.get() or {}),
        }
        line |= {name: value for name, value in record.__dict__.items() if name not in _STANDARD}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return self._redactor.clean(msgspec.json.encode(line, enc_hook=str).decode())


def log_to(stream: IO[str] | None = None, *, redactor: Redactor, level: int = logging.INFO) -> None:
    """Send every log line to ``stream`` (standard error by default)."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines(redactor))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    # It warns at every start that we pass it what we mean to pass.
    logging.getLogger("slack_bolt").setLevel(logging.ERROR)
