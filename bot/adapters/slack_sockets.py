"""Slack's Socket Mode: a few WebSockets that we open and keep open, instead of an address that Slack posts to.

Slack replaces each connection about once an hour, networks cut them, and whatever Slack sent into one that we had
already given up is a click that fails in somebody's hand. So a successor is greeted before its predecessor goes, a
predecessor is read until Slack itself closes it, and an answer that outlives its connection leaves through another one.
The SDK's own client closes first and opens then, repeats an address that is good for one use, and drops running
answers when it is closed (`docs/decisions/0011`); only its call of ``apps.connections.open`` is used here.
Source: docs.slack.dev, apis/events-api/using-socket-mode.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from enum import StrEnum
from typing import Any, Protocol

import aiohttp
import msgspec
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.slack_calls import within_our_words
from bot.domain.errors import TemporaryError
from bot.ports.workspace import Gone, Throttled, Unreachable

GREETED_WITHIN = timedelta(seconds=10)
PING_EVERY = timedelta(seconds=10)
"""A connection that leaves one ping unanswered for half of this is taken for dead."""
CLOSED_WITHIN = timedelta(seconds=2)
READ_ON = timedelta(seconds=15)
"""How long a replaced connection is read; Slack warns about ten seconds ahead."""
ANSWER_WITHIN = timedelta(seconds=3)
"""How long Slack waits for an answer, and so for how long one waits for a connection."""
STEADY_AFTER = timedelta(seconds=30)
"""A connection that lived this long was a good one: the next is opened at once."""
SHORTEST_LIFE = timedelta(seconds=1)
"""However often Slack replaces a connection, this much lies between two of them."""
LONGEST_PAUSE = timedelta(seconds=30)
CROWDED_PAUSE = timedelta(seconds=30)
REFUSED_PAUSE = timedelta(minutes=1)

METHOD = "apps.connections.open"
TOKEN_CODES = frozenset(
    {
        "access_denied",
        "account_inactive",
        "invalid_auth",
        "missing_scope",
        "not_allowed_token_type",
        "not_authed",
        "token_expired",
        "token_revoked",
    }
)
REFUSAL = (
    "Slack refuses SLACK_APP_TOKEN ({code}), so no command and no click arrives; at https://api.slack.com/apps make an "
    "app-level token (`xapp-…`) with the scope connections:write under Basic Information, set it, and start again"
)
DISABLED = (
    "Socket Mode is off for the app, so no command and no click arrives; turn it on under Settings, Socket Mode, or "
    "unset SLACK_APP_TOKEN and let Slack post to /slack/events"
)
CROWDED = (
    "Slack gives an app ten connections, and all are taken; run fewer processes that serve Slack, or set slack.sockets "
    "lower in the configuration"
)
UNTIL_THEN = "commands fail with dispatch_failed until then"

log = logging.getLogger(__name__)

Receive = Callable[[str], Awaitable[str | None]]
"""Takes one frame, returns the acknowledgement, or None where there is none to give."""


class SocketEnd(StrEnum):
    """Why a connection ended; a label of metrics."""

    REFRESHED = "refreshed"
    """Slack replaces it, as it does each hour."""
    LOST = "lost"
    """It was cut, or closed without a word."""
    CROWDED = "crowded"
    """The app has more connections than Slack allows."""
    DISABLED = "disabled"
    """Socket Mode was turned off for the app."""


_ENDS = {
    "warning": SocketEnd.REFRESHED,
    "refresh_requested": SocketEnd.REFRESHED,
    "link_disabled": SocketEnd.DISABLED,
    "too_many_websockets": SocketEnd.CROWDED,
}


class SocketMetrics(Protocol):
    """Told about every change."""

    def on_sockets(self, count: int) -> None:
        """Take how many connections take payloads now."""
        ...

    def on_socket_end(self, reason: SocketEnd) -> None:
        """Take why one ended that we did not end ourselves."""
        ...


class RefusedSocket(TemporaryError):
    """Slack will not let us in until a person changes something."""


class CrowdedSocket(TemporaryError):
    """Slack has no connection left for the app."""


class _Word(msgspec.Struct):
    """What of a frame is about the connection itself."""

    type: str = ""
    reason: str = ""


def _word(frame: str) -> _Word:
    try:
        return msgspec.json.decode(frame.encode(errors="surrogatepass"), type=_Word)
    except (ValueError, RecursionError):
        return _Word()


class _Socket:
    """One connection: reads frames, lets each be answered in a task of its own, says when its end has come."""

    def __init__(self, stream: aiohttp.ClientWebSocketResponse, receive: Receive, say: Callable[..., Awaitable[None]]):
        loop = asyncio.get_running_loop()
        self.opened_at = time.monotonic()
        self.greeted: asyncio.Future[None] = loop.create_future()
        self.ending: asyncio.Future[SocketEnd] = loop.create_future()
        """Done as soon as Slack says that it closes, or did so without a word."""
        self._stream = stream
        self._receive = receive
        self._say = say
        self._answers: set[asyncio.Task[None]] = set()
        self.reader = asyncio.create_task(self._read(), name="slack socket")

    @property
    def is_open(self) -> bool:
        return not self._stream.closed

    async def send(self, text: str) -> bool:
        """Return whether it left."""
        try:
            await self._stream.send_str(text)
        except (ConnectionError, aiohttp.ClientError, RuntimeError):
            return False
        return True

    async def finish(self, within: timedelta) -> None:
        """Close it as soon as nothing is being answered; what arrives meanwhile is answered too."""
        deadline = time.monotonic() + within.total_seconds()
        while self._answers and (left := deadline - time.monotonic()) > 0:
            await asyncio.wait(set(self._answers), timeout=left)
        for task in set(self._answers):
            task.cancel()
        await self._stream.close()
        await self.reader

    async def _read(self) -> None:
        try:
            async for message in self._stream:
                if message.type is aiohttp.WSMsgType.TEXT:
                    self._hear(message.data)
        finally:
            self._end(SocketEnd.LOST)

    def _hear(self, frame: str) -> None:
        word = _word(frame)
        if word.type == "hello":
            if not self.greeted.done():
                self.greeted.set_result(None)
        elif word.type == "disconnect":
            self._end(_ENDS.get(word.reason, SocketEnd.REFRESHED))
        else:
            task = asyncio.create_task(self._answer(frame))
            self._answers.add(task)
            task.add_done_callback(self._answers.discard)

    async def _answer(self, frame: str) -> None:
        answer = await self._receive(frame)
        if answer is not None:
            await self._say(self, answer)

    def _end(self, reason: SocketEnd) -> None:
        if not self.ending.done():
            self.ending.set_result(reason)


class SlackSockets:
    """Keeps ``count`` connections open between `open` and `close`, whatever becomes of each.

    Slack being away, or refusing us, is logged and tried again; nothing is raised.
    """

    def __init__(
        self,
        client: AsyncWebClient,
        session: aiohttp.ClientSession,
        app_token: str,
        receive: Receive,
        metrics: SocketMetrics,
        *,
        count: int,
    ) -> None:
        self._client = client
        self._session = session
        self._app_token = app_token
        self._receive = receive
        self._metrics = metrics
        self._count = count
        self._keepers: list[asyncio.Task[None]] = []
        self._retiring: set[asyncio.Task[None]] = set()
        self._sockets: set[_Socket] = set()
        """Every one that is not closed, replaced ones included."""
        self._current: set[_Socket] = set()
        """Those that take payloads."""
        self._is_served = asyncio.Event()

    def open(self) -> None:
        """Begin to open the connections, unless that was done already; one that nobody keeps any more is kept anew."""
        self._keepers = [keeper for keeper in self._keepers if not _has_failed(keeper)]
        missing = self._count - len(self._keepers)
        self._keepers += [asyncio.create_task(self._keep(), name="slack sockets") for _ in range(missing)]

    async def close(self, within: timedelta) -> None:
        """Open no more, wait for the answers under way, close. Raises nothing."""
        tasks = [*self._keepers, *self._retiring]
        self._keepers = []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._sockets:
            log.info("slack_sockets_closing", extra={"sockets": len(self._sockets)})
        await asyncio.gather(*(socket.finish(within) for socket in list(self._sockets)))
        self._sockets.clear()
        self._leave(*self._current)

    # -- one place among ``count`` -------------------------------------------------------------------------------

    async def _keep(self) -> None:
        """Keep one connection open: the next is greeted before the last is let go."""
        last: _Socket | None = None
        pauses = _Pauses()
        while True:
            try:
                socket = await self._greeted()
            except (TemporaryError, Unreachable, Gone) as exc:
                pause = _wait_after(exc, pauses.next())
                last = await self._give_way(last, exc, pause)
                await asyncio.sleep(pause.total_seconds())
                continue
            self._enter(socket)
            if last is not None:
                self._retire(last)
            last = await self._until_end(socket, pauses)

    async def _until_end(self, socket: _Socket, pauses: _Pauses) -> _Socket:
        """Return the connection once its end was announced, after the pause that is due before the next."""
        reason = await asyncio.shield(socket.ending)
        self._leave(socket)
        self._metrics.on_socket_end(reason)
        lived = timedelta(seconds=time.monotonic() - socket.opened_at)
        log.info("slack_socket_ended", extra={"reason": reason, "lived_s": round(lived.total_seconds())})
        pause = pauses.after(lived) if reason is SocketEnd.LOST else max(timedelta(0), SHORTEST_LIFE - lived)
        if reason in (SocketEnd.CROWDED, SocketEnd.DISABLED):
            log.error("slack_socket_refused", extra={"why": CROWDED if reason is SocketEnd.CROWDED else DISABLED})
            pause = CROWDED_PAUSE
        await asyncio.sleep(pause.total_seconds())
        return socket

    async def _give_way(self, last: _Socket | None, why: Exception, pause: timedelta) -> _Socket | None:
        """Log why there is no successor until ``pause`` is over; a predecessor in its place ends first."""
        if isinstance(why, RefusedSocket):
            log.error("slack_socket_refused", extra={"why": str(why)})
        else:
            wait = {"why": str(why), "wait_s": round(pause.total_seconds(), 1)}
            log.warning("slack_socket_waits", extra=wait if self._current else wait | {"hint": UNTIL_THEN})
        if last is None or not isinstance(why, CrowdedSocket) or not last.is_open:
            return last
        await self._finish(last)
        return None

    async def _greeted(self) -> _Socket:
        """Return a new connection that Slack greeted; TemporaryError or Unreachable with the reason otherwise."""
        url = await self._address()
        with within_our_words("Socket Mode"):
            stream = await self._session.ws_connect(
                url,
                heartbeat=PING_EVERY.total_seconds(),
                timeout=aiohttp.ClientWSTimeout(ws_close=CLOSED_WITHIN.total_seconds()),
                proxy=self._client.proxy,
                ssl=True if self._client.ssl is None else self._client.ssl,
            )
        socket = _Socket(stream, self._receive, self._say)
        self._sockets.add(socket)
        socket.reader.add_done_callback(lambda _: self._sockets.discard(socket))
        try:
            return await self._welcome(socket)
        except BaseException:
            await stream.close()
            raise

    async def _welcome(self, socket: _Socket) -> _Socket:
        waits: set[asyncio.Future[Any]] = {socket.greeted, socket.ending}
        await asyncio.wait(waits, timeout=GREETED_WITHIN.total_seconds(), return_when=asyncio.FIRST_COMPLETED)
        if socket.greeted.done() and not socket.ending.done():
            return socket
        if not socket.ending.done():
            raise TemporaryError(f"Socket Mode: no greeting within {GREETED_WITHIN.total_seconds():g} s")
        match socket.ending.result():
            case SocketEnd.CROWDED:
                raise CrowdedSocket(CROWDED, retry_after=CROWDED_PAUSE)
            case SocketEnd.DISABLED:
                raise RefusedSocket(DISABLED, retry_after=REFUSED_PAUSE)
            case _:
                raise TemporaryError("Socket Mode: closed before it was greeted")

    async def _address(self) -> str:
        """Return where to connect: an address for one use, within seconds."""
        with within_our_words(METHOD):
            try:
                answer = await self._client.apps_connections_open(app_token=self._app_token)
            except SlackApiError as exc:
                if (code := _code(exc)) in TOKEN_CODES:
                    raise RefusedSocket(REFUSAL.format(code=code), retry_after=REFUSED_PAUSE) from exc
                raise
            return str(answer["url"])

    # -- all of them ---------------------------------------------------------------------------------------------

    def _enter(self, socket: _Socket) -> None:
        self._current.add(socket)
        self._is_served.set()
        self._metrics.on_sockets(len(self._current))
        log.info("slack_socket_open", extra={"sockets": len(self._current)})

    def _leave(self, *sockets: _Socket) -> None:
        self._current -= set(sockets)
        if not self._current:
            self._is_served.clear()
        self._metrics.on_sockets(len(self._current))

    def _retire(self, socket: _Socket) -> None:
        """Read a replaced connection until Slack closes it: what is under way to us still arrives there."""

        async def read_on() -> None:
            await asyncio.wait({socket.reader}, timeout=READ_ON.total_seconds())
            await self._finish(socket)

        task = asyncio.create_task(read_on(), name="slack socket retires")
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)

    async def _finish(self, socket: _Socket) -> None:
        await socket.finish(ANSWER_WITHIN)

    async def _say(self, received_by: _Socket, answer: str) -> None:
        """Answer through the connection the question came by, else through any other, as soon as there is one."""
        if received_by.is_open and await received_by.send(answer):
            return
        try:
            async with asyncio.timeout(ANSWER_WITHIN.total_seconds()):
                while True:
                    await self._is_served.wait()
                    for socket in list(self._current):
                        if await socket.send(answer):
                            return
                    await asyncio.sleep(0)
        except TimeoutError:
            log.warning("slack_answer_lost", extra={"why": "no connection was open in time"})


class _Pauses:
    """How long to wait before the next connection: not at all after a good one, longer after each bad one."""

    def __init__(self) -> None:
        self._bad = 0

    def after(self, lived: timedelta) -> timedelta:
        """Return the pause after a connection that lived so long."""
        if lived >= STEADY_AFTER:
            self._bad = 0
        pause = self.next() if self._bad else timedelta(0)
        self._bad = max(self._bad, 1)
        return pause

    def next(self) -> timedelta:
        """Return the pause after one more failure: 1, 2, 4 … 30 s, each shortened by up to half."""
        seconds = min(2**self._bad, LONGEST_PAUSE.total_seconds())
        self._bad = min(self._bad + 1, 5)
        # Processes that lost Slack in the same moment must not come back in the same moment.
        return timedelta(seconds=seconds * random.uniform(0.5, 1))  # noqa: S311 - spreads, hides nothing


def _has_failed(keeper: asyncio.Task[None]) -> bool:
    """Return whether a keeper is gone, and log over what: it goes on for ever unless something nobody meant happens."""
    if not keeper.done():
        return False
    error = None if keeper.cancelled() else keeper.exception()
    log.error("slack_socket_unkept", exc_info=error)
    return True


def _wait_after(exc: Exception, pause: timedelta) -> timedelta:
    if isinstance(exc, Throttled | RefusedSocket | CrowdedSocket):
        return exc.retry_after
    return REFUSED_PAUSE if isinstance(exc, Unreachable) else pause


def _code(exc: SlackApiError) -> str:
    # For a body that is no JSON the SDK hands over the bare HTTP response.
    data = getattr(exc.response, "data", None)
    return str(data.get("error", "")) if isinstance(data, dict) else ""
