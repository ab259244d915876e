"""The floor of commands and clicks: Bolt with one listener and its signature check, behind the same server.

``--mode direct`` awaits the listener (``process_before_response=True``); ``--mode default`` is Bolt as it comes.
"""

from __future__ import annotations

import re

from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.floors.serving import options, serve

WHO_WE_ARE = AuthorizeResult(enterprise_id=None, team_id="T0SANDBOX", bot_user_id="U0BOT", bot_token="xoxb-sandbox")


def application(secret: str, *, listener: str, direct: bool) -> Starlette:
    """Return the application with a listener for ``command`` or ``click``; it calls nobody."""

    async def authorize() -> AuthorizeResult:
        return WHO_WE_ARE

    async def acknowledge_command(ack: AsyncAck) -> None:
        await ack("done")

    async def acknowledge_click(ack: AsyncAck) -> None:
        await ack()

    app = AsyncApp(signing_secret=secret, authorize=authorize, process_before_response=direct)
    if listener == "command":
        app.command(re.compile(".*"))(acknowledge_command)
    else:
        app.action(re.compile(".*"))(acknowledge_click)
    handler = AsyncSlackRequestHandler(app)

    async def receive(request: Request) -> Response:
        return await handler.handle(request)

    async def ready(_request: Request) -> Response:
        return Response(status_code=200)

    return Starlette(
        routes=[Route("/slack/events", receive, methods=["POST"]), Route("/readyz", ready, methods=["GET"])]
    )


if __name__ == "__main__":
    given = options("secret", "listener", "mode")
    serve(application(given.secret, listener=given.listener, direct=given.mode == "direct"), given.port)
