"""Bolt, with every surprise switched off: one listener for each family of payloads, awaited, inside our guard.

Bolt scans its listeners in turn, reads the environment, asks who it is at the first request, and polls for the
acknowledgement unless told otherwise. Both transports, HTTP and Socket Mode, share the app built here.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.errors import PermanentError
from handlers.acks import Ack, AckFamily, Body, Listen
from handlers.errors import Guard

EVERYTHING = re.compile("")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Listeners:
    """What meets each family of payloads."""

    command: Listen
    button: Listen
    modal: Listen
    modal_closed: Listen
    shortcut: Listen
    events: Mapping[str, Listen] = field(default_factory=dict)
    """By event type; every other event is acknowledged and left."""

    async def event(self, body: Body) -> Ack:
        """Hand an event over by its type."""
        event = body.get("event")
        listen = self.events.get(str(event.get("type"))) if isinstance(event, dict) else None
        return await listen(body) if listen else Ack()


def build_bolt_app(
    client: AsyncWebClient,
    authorized: Callable[[], AuthorizeResult],
    signing_secret: str,
    listeners: Listeners,
    guard: Guard,
) -> AsyncApp:
    """Return the app; ``authorized`` returns who we are, as far as that is known, so that no request has to ask.

    Nothing here verifies: the signing secret is only named, so that none is taken from the environment. Raises
    PermanentError where the environment would turn the app into an installable one with a store of its own.
    """

    async def authorize() -> AuthorizeResult:
        return authorized()

    app = AsyncApp(
        name="watchkeeper",
        logger=logging.getLogger("slack_bolt"),
        client=client,
        authorize=authorize,
        signing_secret=signing_secret,
        token=None,
        process_before_response=True,
        raise_error_for_unhandled_request=False,
        # Done before, at our own door.
        request_verification_enabled=False,
        ssl_check_enabled=False,
        url_verification_enabled=False,
        # Our own messages are events too.
        ignoring_self_events_enabled=True,
        attaching_function_token_enabled=False,
        attaching_conversation_kwargs_enabled=False,
        oauth_settings=None,
        oauth_flow=None,
        installation_store=None,
        verification_token=None,
    )
    if app.oauth_flow is not None:
        raise PermanentError("SLACK_CLIENT_ID is set, and Bolt would install itself into other workspaces: unset it")
    app.error(_unreadable)
    app.command(EVERYTHING)(_acknowledging(guard.around(AckFamily.COMMAND, listeners.command)))
    app.action(EVERYTHING)(_acknowledging(guard.around(AckFamily.BUTTON, listeners.button)))
    app.view_submission(EVERYTHING)(_acknowledging(guard.around(AckFamily.MODAL, listeners.modal)))
    app.event(EVERYTHING)(_acknowledging(guard.around(AckFamily.EVENT, listeners.event)))
    app.shortcut(EVERYTHING)(_acknowledging(guard.around(AckFamily.SHORTCUT, listeners.shortcut)))
    app.view_closed(EVERYTHING)(_acknowledging(guard.around(AckFamily.MODAL_CLOSED, listeners.modal_closed)))
    app.options(EVERYTHING)(_acknowledging(guard.around(AckFamily.OPTIONS, _no_options)))
    return app


def _acknowledging(guarded: Listen) -> Callable[[dict[str, Any]], Awaitable[BoltResponse]]:
    """Return the listener in Bolt's shape; its response is the acknowledgement, so Bolt's own ``ack`` stays unused."""

    # Bolt hands arguments over by their names.
    async def listener(body: dict[str, Any]) -> BoltResponse:
        given = await guarded(body)
        return BoltResponse(status=200, body="" if given.body is None else dict(given.body))

    return listener


async def _unreadable(error: Exception) -> BoltResponse:
    """Return what is said to a payload of a shape that Bolt itself stumbles over: our listeners raise nothing."""
    log.error("payload_unreadable", exc_info=error)
    return BoltResponse(status=400, body={"error": "not a payload that can be read"})


async def _no_options(_: Body) -> Ack:
    """Return no options: no menu of ours asks for them."""
    return Ack({"options": []})
