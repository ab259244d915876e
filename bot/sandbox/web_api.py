"""The HTTP edge of the Web API: token, faults, rate limits, the method, the record of the call.

Also the two addresses Slack hands out for one-time use: response URLs and upload URLs.
"""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import format_datetime

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from bot.sandbox.arguments import read_arguments
from bot.sandbox.errors import SlackError
from bot.sandbox.faults import Fault, FaultKind, Faults
from bot.sandbox.methods.files import complete_upload, take_bytes
from bot.sandbox.methods.table import METHODS
from bot.sandbox.model import Call
from bot.sandbox.rates import RateLimits
from bot.sandbox.responses import answer_interaction
from bot.sandbox.scopes import refuse_ungranted, scope_headers
from bot.sandbox.shapes import Json
from bot.sandbox.tokens import OPEN_CONNECTION, token_refusal
from bot.sandbox.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call gets back; ``is_cut`` drops the connection instead."""

    status: int
    body: Json
    retry_after_s: int | None = None
    is_html: bool = False
    is_cut: bool = False
    delay_s: float = 0.0
    headers: Mapping[str, str] = field(default_factory=dict)


class WebApi:
    """Answers ``/api/<method>``, ``/response/<token>`` and ``/upload/<token>``."""

    def __init__(self, workspace: Workspace, faults: Faults, limits: RateLimits) -> None:
        self._workspace = workspace
        self._faults = faults
        self._limits = limits

    async def call(self, request: Request) -> Response:
        """Answer one Web API call; every call is recorded, refused ones too."""
        method = request.path_params["method"]
        try:
            args = await read_arguments(request)
        except SlackError as exc:
            return await self._send(request, Answer(200, exc.as_json()))
        token = _bearer(request) or str(args.pop("token", "") or "")
        args.pop("token", None)
        fault = self._faults.strike(method, _channel_of(args))
        answer = self._answer(method, args, token, fault)
        self._record(method, args, answer, fault)
        return await self._send(request, answer)

    async def respond(self, request: Request) -> Response:
        """Take one answer on a response URL: 404 ``expired_url`` or ``used_url`` when it is dead."""
        token = request.path_params["token"]
        try:
            args = json.loads(await request.body())
        except ValueError:
            return PlainTextResponse("invalid_payload", status_code=500)
        fault = self._faults.strike("response_url")
        answer = self._guarded(fault, lambda: answer_interaction(self._workspace, token, args))
        if answer.body.get("error") in {"expired_url", "used_url"}:
            answer = Answer(404, answer.body)
        self._record("response_url", args, answer, fault)
        return await self._send(request, answer)

    async def upload(self, request: Request) -> Response:
        """Take the bytes of an upload; 400 when the length differs from what was announced."""
        content = await request.body()
        fault = self._faults.strike("upload")
        stored = take_bytes(self._workspace, request.path_params["token"], content)
        answer = Answer(200 if stored else 400, {"ok": stored is not None})
        self._record("upload", {"bytes": len(content)}, answer, fault)
        if fault is not None and fault.kind is FaultKind.LOST_ANSWER:
            return await self._send(request, Answer(0, {}, is_cut=True))
        return PlainTextResponse(f"OK - {len(content)}" if stored else "length mismatch", status_code=answer.status)

    def _answer(self, method: str, args: Json, token: str, fault: Fault | None) -> Answer:
        refusal = token_refusal(self._workspace.config, method, token)
        if refusal is not None:
            return Answer(200, SlackError(refusal).as_json())
        if self._workspace.token_trouble and method != OPEN_CONNECTION:
            return Answer(200, SlackError(self._workspace.token_trouble).as_json())
        if method not in METHODS:
            return Answer(200, SlackError("unknown_method").as_json())
        return replace(self._granted(method, args, fault), headers=scope_headers(self._workspace, method))

    def _granted(self, method: str, args: Json, fault: Fault | None) -> Answer:
        """Answer a call whose token is good: rate limit first, then the scopes, then the work."""
        wait_s = self._limits.admit(method, _channel_of(args))
        if wait_s is not None:
            return _rate_limited(wait_s)
        try:
            refuse_ungranted(self._workspace, method, args)
        except SlackError as exc:
            return Answer(200, exc.as_json())
        if fault is not None and fault.kind is FaultKind.UNSHARED and method == "files.completeUploadExternal":
            return self._guarded(None, lambda: complete_upload(self._workspace, args, shares=False))
        return self._guarded(fault, lambda: METHODS[method](self._workspace, copy.deepcopy(args)))

    def _guarded(self, fault: Fault | None, work: Callable[[], Json]) -> Answer:
        """Do the work unless the fault comes first, and bend the answer the way the fault says."""
        if fault is not None and fault.kind is FaultKind.RATE_LIMITED:
            return _rate_limited(max(1, round(fault.seconds)))
        if fault is not None and fault.kind is FaultKind.SERVER_ERROR:
            return Answer(fault.status, {}, is_html=True)
        if fault is not None and fault.kind is FaultKind.CUT:
            return Answer(0, {}, is_cut=True)
        if fault is not None and fault.kind is FaultKind.ERROR:
            return Answer(200, {"ok": False, "error": fault.code})
        try:
            body = work()
        except SlackError as exc:
            body = exc.as_json()
        if fault is not None and fault.kind is FaultKind.LOST_ANSWER:
            return Answer(0, body, is_cut=True)
        delay_s = fault.seconds if fault is not None and fault.kind is FaultKind.SLOW else 0.0
        return Answer(200, body, delay_s=delay_s)

    def _record(self, method: str, args: Json, answer: Answer, fault: Fault | None) -> None:
        calls = self._workspace.calls
        calls.append(
            Call(
                number=len(calls) + 1,
                at=self._workspace.clock.now(),
                method=method,
                args=copy.deepcopy(args),
                status=answer.status,
                answer=copy.deepcopy(answer.body),
                fault=fault.kind.value if fault else None,
            )
        )

    async def _send(self, request: Request, answer: Answer) -> Response:
        """Send an answer with the server's time in ``Date``, which a test may move."""
        if answer.delay_s:
            await asyncio.sleep(answer.delay_s)
        if answer.is_cut:
            return _cut(request)
        headers = {**answer.headers, "date": self._date()}
        if answer.retry_after_s is not None:
            headers["Retry-After"] = str(answer.retry_after_s)
        if answer.is_html:
            page = "<!DOCTYPE html><title>Server Error</title>"
            return HTMLResponse(page, status_code=answer.status, headers=headers)
        return JSONResponse(answer.body, status_code=answer.status, headers=headers)

    def _date(self) -> str:
        """Return the machine's time, as signatures use it, moved by the skew a test set."""
        return format_datetime(datetime.now(UTC) + self._workspace.date_skew, usegmt=True)


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _channel_of(args: Json) -> str | None:
    channel = args.get("channel") or args.get("channel_id")
    return str(channel) if channel else None


def _rate_limited(seconds: int) -> Answer:
    return Answer(429, {"ok": False, "error": "ratelimited"}, retry_after_s=seconds)


def _cut(request: Request) -> Response:
    """Drop the connection; the protocol of ``bot.sandbox.server`` hands the transport over for this."""
    transport: asyncio.Transport | None = getattr(request.state, "transport", None)
    if transport is None:
        raise ConnectionResetError("the answer is cut off")  # in process there is no connection to drop
    transport.abort()
    return Response()
