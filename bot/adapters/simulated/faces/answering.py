"""How a stopped service looks through a port that other services share: the connection breaks without an answer."""

from __future__ import annotations

from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

CUT = "simulated.cut"
"""ASGI extension of `bot.adapters.simulated.serving`: a function that resets the connection of a request."""


class AnsweringWhile:
    """Passes requests to an app while a condition holds, and resets their connection while it does not."""

    def __init__(self, app: ASGIApp, condition: Callable[[], bool]) -> None:
        self._app = app
        self._condition = condition

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or cut one request."""
        if self._condition():
            await self._app(scope, receive, send)
            return
        scope["extensions"][CUT]()
        # The server learns of the reset as of any lost client; returning before would make it answer 500.
        while (await receive())["type"] != "http.disconnect":
            pass
