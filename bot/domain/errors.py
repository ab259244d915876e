"""The one tree of errors: what a person can fix, what passes by itself, and what trying again cannot help.

Adapters translate foreign errors into these at the border; nobody else catches a vendor's class.
"""

from __future__ import annotations

from datetime import timedelta


class BotError(Exception):
    """Anything Watchkeeper raises on purpose. Names the thing, the fact and the next move; never a secret."""


class UserError(BotError):
    """The person can fix it; shown as written, only to them."""


class UsageError(UserError):
    """The command could not be read."""


class UnknownName(UserError):
    """No such platform, service, runbook, incident, approval or run."""


class NotAllowed(UserError):
    """Policy said no, and why."""


class TemporaryError(BotError):
    """A dependency is away; queued work tries again after ``retry_after``."""

    def __init__(self, message: str, *, retry_after: timedelta = timedelta(seconds=5)) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class PermanentError(BotError):
    """Trying again cannot help: the step fails, the plan stops, a person is told."""
