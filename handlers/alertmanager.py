"""The door for Alertmanager: `POST /alertmanager/{platform}`.

Alertmanager retries after 5xx only; any other answer but 2xx, 429 and redirects included, loses the alert for good. So
this door keeps the body first, answers in milliseconds, says 503 whenever it could not keep it, and 4xx only for what
can never be kept.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Protocol

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from bot.domain.errors import TemporaryError
from bot.domain.ids import PlatformName
from bot.domain.webhook import UnreadableWebhook, read_webhook
from bot.ports.intake import Intake, Refusal

MAX_BODY_BYTES = 5_000_000
AT_A_TIME = 32
"""Webhooks read and stored at once. Alertmanager sends hundreds in parallel; bodies in memory stay below 160 MB."""
WAIT_FOR_TURN = timedelta(seconds=4)
READ_WITHIN = timedelta(seconds=5)
"""Alertmanager cancels and sends again after 10 s at the earliest."""
NOTED_CHARACTERS = 64

log = logging.getLogger(__name__)


class IntakeOutcome(StrEnum):
    """What became of one request; a label of metrics."""

    ACCEPTED = "accepted"
    KNOWN = "known"
    """Repeated only what had been accepted before."""
    OVERSIZED = "oversized"
    """Over the cap and not read; the reconciler looks instead."""
    UNREADABLE = "unreadable"
    UNKNOWN_PLATFORM = "unknown_platform"
    BAD_CREDENTIALS = "bad_credentials"
    UNAVAILABLE = "unavailable"
    """The state store is away."""
    OVERLOADED = "overloaded"
    """Too many at once for too long."""
    INCOMPLETE = "incomplete"
    """The sender went away, or was too slow with the body."""


class IntakeMetrics(Protocol):
    """Told about every request."""

    def on_accept(self, seconds: float, outcome: IntakeOutcome) -> None:
        """Take what became of one request and how long that took."""
        ...


@dataclass(frozen=True, slots=True)
class PlatformIntake:
    """Who may send webhooks for a platform."""

    secrets: tuple[bytes, ...] = field(repr=False)
    """The current secret, and the previous one while it is being replaced."""
    user: bytes | None = None
    """The user name of basic authentication; None takes any, because the secret is what counts."""

    def __post_init__(self) -> None:
        if not self.secrets or not all(self.secrets):
            raise ValueError("a platform takes webhooks only with a secret; an empty one opens the door to everybody")

    def admits(self, authorization: bytes | None) -> bool:
        """Return whether the header carries one of the secrets, as bearer or basic; in time that tells nothing."""
        scheme, _, credentials = (authorization or b"").partition(b" ")
        match scheme.lower():
            case b"bearer":
                return self._has_secret(credentials.strip())
            case b"basic":
                return self._admits_basic(credentials.strip())
        return False

    def _admits_basic(self, credentials: bytes) -> bool:
        try:
            user, _, password = base64.b64decode(credentials, validate=True).partition(b":")
        except ValueError:
            return False
        is_user = self.user is None or hmac.compare_digest(user, self.user)
        return self._has_secret(password) and is_user

    def _has_secret(self, given: bytes) -> bool:
        # Every secret is compared, whichever fits: which one is current must not show either.
        return sum([hmac.compare_digest(given, secret) for secret in self.secrets]) > 0


@dataclass(frozen=True, slots=True)
class _Oversized:
    size_bytes: int
    """Announced, or read so far."""


STATUS_OF = {
    IntakeOutcome.ACCEPTED: 200,
    IntakeOutcome.KNOWN: 200,
    IntakeOutcome.OVERSIZED: 200,
    IntakeOutcome.UNREADABLE: 400,
    IntakeOutcome.BAD_CREDENTIALS: 401,
    IntakeOutcome.UNKNOWN_PLATFORM: 404,
    IntakeOutcome.UNAVAILABLE: 503,
    IntakeOutcome.OVERLOADED: 503,
    IntakeOutcome.INCOMPLETE: 503,
}
ERROR_OF = {
    IntakeOutcome.BAD_CREDENTIALS: "credentials: not one of this platform's secrets",
    IntakeOutcome.UNKNOWN_PLATFORM: "platform: no platform of this name takes webhooks",
    IntakeOutcome.UNAVAILABLE: "nothing was kept: the state store is away; send again",
    IntakeOutcome.OVERLOADED: "nothing was kept: too many webhooks at once; send again",
    IntakeOutcome.INCOMPLETE: "nothing was kept: the body did not arrive in time; send again",
}
NONE_SENT = "credentials: none were sent"
CHALLENGE = {"www-authenticate": 'Bearer realm="watchkeeper", Basic realm="watchkeeper"'}


def alertmanager_routes(
    platforms: Mapping[PlatformName, PlatformIntake], intake: Intake, metrics: IntakeMetrics
) -> list[Route]:
    """Return the routes that take webhooks for ``platforms`` and keep them in ``intake``."""
    edge = AlertmanagerEdge(platforms, intake, metrics)
    # Both spellings: Alertmanager follows the redirect from one to the other with a GET, which loses the alert.
    return [
        Route("/alertmanager/{platform}", edge.receive, methods=["POST"]),
        Route("/alertmanager/{platform}/", edge.receive, methods=["POST"]),
    ]


class AlertmanagerEdge:
    """Takes webhooks."""

    def __init__(
        self,
        platforms: Mapping[PlatformName, PlatformIntake],
        intake: Intake,
        metrics: IntakeMetrics,
        *,
        at_a_time: int = AT_A_TIME,
        wait_for_turn: timedelta = WAIT_FOR_TURN,
        read_within: timedelta = READ_WITHIN,
    ) -> None:
        """Take who may send, where webhooks are kept and who counts them; the bounds are for tests."""
        self._platforms = platforms
        self._intake = intake
        self._metrics = metrics
        self._turns = asyncio.Semaphore(at_a_time)
        self._wait_for_turn = wait_for_turn
        self._read_within = read_within

    async def receive(self, request: Request) -> Response:
        """Answer one webhook and report what became of it."""
        started = time.perf_counter()
        error: str | None
        name = PlatformName(request.path_params["platform"])
        try:
            outcome = await self._take(name, request)
            error = NONE_SENT if outcome is IntakeOutcome.BAD_CREDENTIALS and _sent_none(request) else None
        except UnreadableWebhook as exc:
            outcome, error = IntakeOutcome.UNREADABLE, str(exc)
            log.warning("webhook_unreadable", extra={"platform": name, "reason": error})
        except TemporaryError as exc:
            outcome, error = IntakeOutcome.UNAVAILABLE, None
            log.warning("webhook_not_kept", extra={"platform": name, "reason": str(exc)})
        self._metrics.on_accept(time.perf_counter() - started, outcome)
        return _response(outcome, error)

    async def _take(self, name: PlatformName, request: Request) -> IntakeOutcome:
        platform = self._platforms.get(name)
        if platform is None:
            await self._note_refused(name, Refusal.UNKNOWN_PLATFORM)
            return IntakeOutcome.UNKNOWN_PLATFORM
        if not platform.admits(_authorization(request)):
            await self._note_refused(name, Refusal.BAD_CREDENTIALS)
            return IntakeOutcome.BAD_CREDENTIALS
        if not await self._has_turn():
            return IntakeOutcome.OVERLOADED
        try:
            return await self._keep(name, request)
        finally:
            self._turns.release()

    async def _keep(self, name: PlatformName, request: Request) -> IntakeOutcome:
        try:
            async with asyncio.timeout(self._read_within.total_seconds()):
                body = await _body(request)
        except (TimeoutError, ClientDisconnect):
            return IntakeOutcome.INCOMPLETE
        if isinstance(body, _Oversized):
            await self._intake.note_oversized(name, body.size_bytes)
            log.warning("webhook_oversized", extra={"platform": name, "size_bytes": body.size_bytes})
            return IntakeOutcome.OVERSIZED
        group = read_webhook(name, body)
        if not group.alerts:
            return IntakeOutcome.KNOWN
        accepted = await self._intake.accept(group, body)
        return IntakeOutcome.KNOWN if accepted.known else IntakeOutcome.ACCEPTED

    async def _has_turn(self) -> bool:
        """Return whether this request may go on; the caller then releases its turn."""
        if not self._turns.locked():
            return await self._turns.acquire()
        try:
            async with asyncio.timeout(self._wait_for_turn.total_seconds()):
                return await self._turns.acquire()
        except TimeoutError:
            return False

    async def _note_refused(self, name: PlatformName, reason: Refusal) -> None:
        try:
            await self._intake.note_refused(name[:NOTED_CHARACTERS], reason)
        except TemporaryError as exc:
            # The answer is the same with or without the note, and the metric counts it.
            log.warning("refusal_not_noted", extra={"reason": reason, "why": str(exc)})


def _authorization(request: Request) -> bytes | None:
    """Return the header as bytes; None where it is missing or, as no honest sender does, given twice."""
    values = [value for key, value in request.scope["headers"] if key == b"authorization"]
    return values[0] if len(values) == 1 else None


def _sent_none(request: Request) -> bool:
    return "authorization" not in request.headers


async def _body(request: Request) -> bytes | _Oversized:
    """Return the body, or its size as soon as it is known to pass the cap."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > MAX_BODY_BYTES:
        return _Oversized(int(announced))
    chunks: list[bytes] = []
    size_bytes = 0
    async for chunk in request.stream():
        size_bytes += len(chunk)
        if size_bytes > MAX_BODY_BYTES:
            return _Oversized(size_bytes)
        chunks.append(chunk)
    return b"".join(chunks)


def _response(outcome: IntakeOutcome, error: str | None) -> Response:
    error = error or ERROR_OF.get(outcome)
    content = {"status": outcome.value} if error is None else {"error": error}
    return Response(
        msgspec.json.encode(content),
        status_code=STATUS_OF[outcome],
        media_type="application/json",
        headers=CHALLENGE if outcome is IntakeOutcome.BAD_CREDENTIALS else None,
    )
