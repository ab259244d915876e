"""Keeps other websites out: a page in the same browser must not reach the control API, not even by DNS rebinding."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

LOCAL_NAMES = frozenset({"127.0.0.1", "localhost"})
_OPEN_PATHS = ("/api/", "/response/", "/upload/", "/link/")
"""What the bot calls: guarded by its token or an unguessable address instead."""


class LocalOnly:
    """ASGI middleware: answers 403 unless Host names this machine and Origin, if sent, equals it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] in ("http", "websocket") and not scope["path"].startswith(_OPEN_PATHS):
            connection = HTTPConnection(scope)
            if not is_local(connection.headers.get("host", ""), connection.headers.get("origin")):
                await PlainTextResponse("only for pages of this machine", status_code=403)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def is_local(host: str, origin: str | None) -> bool:
    """Return whether a request with these headers may see the page and the control API."""
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:
        return False
    if name not in LOCAL_NAMES:
        return False
    return origin is None or origin == f"http://{host}"
