"""One question over HTTP: bounded in time and size, never redirected, and when it fails, why, in plain words.

A monitoring call has many ways to come back without data (refused, reset, slow, a proxy's login page), and people act
differently on each. The adapters that read monitoring ask through here so that all of them tell these apart alike.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TypeVar

import httpx
import msgspec

CONNECT_WITHIN = timedelta(seconds=2)
MOST_BYTES = 32 * 1024 * 1024
"""Above any answer that monitoring gives, below what would hurt this process."""
SHOWN_CHARACTERS = 200

T = TypeVar("T")


class Trouble(StrEnum):
    """Why there is no answer that can be read."""

    REFUSED = "refused"
    RESET = "reset"
    SLOW = "slow"
    UNREACHABLE = "unreachable"
    """No such name, or no way there."""
    UNREADABLE = "unreadable"


class NoAnswer(Exception):
    """There is no answer that can be read. ``why`` completes a sentence: ``did not answer within 5 s``.

    Each adapter translates it into what its port promises; it never leaves them.
    """

    def __init__(self, trouble: Trouble, why: str) -> None:
        super().__init__(why)
        self.trouble = trouble
        self.why = why


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    content_type: str
    body: bytes
    """Decoded; at most as long as was asked for."""
    is_cut: bool
    """Whether there was more of the body."""

    @property
    def text(self) -> str:
        """The body as one short line for people. Untrusted."""
        return one_line(self.body.decode("utf-8", "replace"))

    @property
    def looks_like_html(self) -> bool:
        """Whether this is a page for people instead of data."""
        return "html" in self.content_type or self.body.lstrip()[:1] == b"<"


def new_client() -> httpx.AsyncClient:
    """Return a client for calls to the platforms' own parts; the caller closes it.

    It ignores proxy settings of the environment: they are meant for the internet, and a proxy in front of a service
    on the next host turns "refused" into the proxy's error page.
    """
    return httpx.AsyncClient(trust_env=False, follow_redirects=False)


def address(url: str) -> str:
    """Return the address without user, password and query: fit for messages."""
    try:
        return str(httpx.URL(url).copy_with(userinfo=b"", query=None, fragment=None))
    except httpx.InvalidURL:
        return "an address that is no URL"


def joined(base: str, path: str) -> str:
    """Return ``path`` below ``base``, which may itself have a path (a server behind a prefix)."""
    return f"{base.rstrip('/')}/{path.lstrip('/')}"


def seconds(span: timedelta) -> str:
    """Return the span for people: ``5 s``, ``0.2 s``."""
    return f"{max(span.total_seconds(), 0):.2g} s"


def one_line(text: str, limit: int = SHOWN_CHARACTERS) -> str:
    """Return foreign text as one line of at most ``limit`` characters, without what is not printable."""
    printable = "".join(char if char.isprintable() else " " for char in text[: limit * 4])
    line = " ".join(printable.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


async def ask(
    client: httpx.AsyncClient,
    url: str,
    *,
    within: timedelta,
    form: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    max_bytes: int = MOST_BYTES,
) -> Answer:
    """GET ``url``, or POST ``form`` to it, and return whatever HTTP answer comes within the time; NoAnswer otherwise.

    The time covers everything from connecting to the last byte. The body is read up to ``max_bytes``.
    """
    # A connection for each question: one that was kept may have been closed by a restart meanwhile, which reads as a
    # reset of a service that is fine.
    own_headers = {"connection": "close", **(headers or {})}
    try:
        async with (
            asyncio.timeout(within.total_seconds()),
            client.stream(
                "GET" if form is None else "POST",
                url,
                data=form,
                headers=own_headers,
                timeout=httpx.Timeout(within.total_seconds(), connect=min(CONNECT_WITHIN, within).total_seconds()),
                follow_redirects=False,
            ) as response,
        ):
            body, is_cut = await _read(response, max_bytes)
            return Answer(response.status_code, response.headers.get("content-type", ""), body, is_cut)
    except httpx.ConnectTimeout as exc:
        why = f"did not accept a connection within {seconds(min(CONNECT_WITHIN, within))}"
        raise NoAnswer(Trouble.SLOW, why) from exc
    except (TimeoutError, httpx.TimeoutException) as exc:
        raise NoAnswer(Trouble.SLOW, f"did not answer within {seconds(within)}") from exc
    except (httpx.HTTPError, httpx.InvalidURL) as exc:
        raise no_answer(exc) from exc


async def _read(response: httpx.Response, max_bytes: int) -> tuple[bytes, bool]:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > max_bytes:
            return bytes(body[:max_bytes]), True
    return bytes(body), False


def no_answer(exc: Exception) -> NoAnswer:
    """Return what a failed call means: the reason is what the operating system said, wherever it hides in ``exc``."""
    for cause in _causes(exc):
        match cause:
            case ConnectionRefusedError():
                return NoAnswer(Trouble.REFUSED, "refused the connection")
            case ConnectionResetError() | BrokenPipeError():
                return NoAnswer(Trouble.RESET, "reset the connection")
            case socket.gaierror():
                return NoAnswer(Trouble.UNREACHABLE, "has a name that does not resolve")
            case ssl.SSLError():
                return NoAnswer(Trouble.UNREADABLE, f"failed the TLS handshake ({one_line(cause.reason or 'unknown')})")
    if isinstance(exc, httpx.RemoteProtocolError) and str(exc).startswith("Server disconnected"):
        return NoAnswer(Trouble.RESET, "closed the connection without an answer")
    if isinstance(exc, httpx.UnsupportedProtocol | httpx.InvalidURL | UnicodeError):
        return NoAnswer(Trouble.UNREACHABLE, "has no usable address in watchkeeper.yaml")
    if isinstance(exc, httpx.NetworkError | OSError):
        return NoAnswer(Trouble.UNREACHABLE, "could not be reached")
    return NoAnswer(Trouble.UNREADABLE, "answered something that is not HTTP, or broke off in the middle")


def _causes(exc: BaseException) -> Iterator[BaseException]:
    """Yield ``exc`` and everything behind it; the transport wraps, and groups where a name has several addresses."""
    seen: list[BaseException] = [exc]
    for error in seen:
        yield error
        if isinstance(error, BaseExceptionGroup):
            seen.extend(error.exceptions)
        behind = error.__cause__ or error.__context__
        if behind is not None and behind not in seen:
            seen.append(behind)


def decoded(answer: Answer, decoder: msgspec.json.Decoder[T]) -> T:
    """Return the JSON of a good answer; NoAnswer says what came instead."""
    if answer.is_cut:
        raise NoAnswer(Trouble.UNREADABLE, f"answered more than {len(answer.body) // 1024} KiB")
    if answer.status != httpx.codes.OK:
        raise NoAnswer(Trouble.UNREADABLE, refused_status(answer))
    try:
        return decoder.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise NoAnswer(Trouble.UNREADABLE, _not_json(answer, exc)) from exc


def refused_status(answer: Answer) -> str:
    """Return what an unexpected status says, with the next move where there is one."""
    if answer.status in {401, 403}:
        return f"answered HTTP {answer.status}: check its credentials in watchkeeper.yaml"
    if 300 <= answer.status < 400:
        return f"answered HTTP {answer.status}, a redirect: is a proxy in the way?"
    if answer.looks_like_html:
        return f"answered HTTP {answer.status} with HTML, not JSON: is a proxy in the way?"
    return f"answered HTTP {answer.status}" + (f": {answer.text}" if answer.text else "")


def _not_json(answer: Answer, exc: Exception) -> str:
    if answer.looks_like_html:
        return "answered HTML, not JSON: is a proxy in the way?"
    if isinstance(exc, msgspec.ValidationError):
        return f"answered JSON of another shape: {one_line(str(exc))}"
    return "answered something that is not JSON"
