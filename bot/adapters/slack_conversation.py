"""Direct answers to one person through Slack: windows, response addresses, ephemerals, the home tab."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any

import aiohttp
import httpx
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.ids import ChannelId, UserId
from bot.ports.conversation import Payload

OPEN_WITHIN = timedelta(seconds=2.5)
"""A trigger lives for 3 s; a window that opens later than that never does."""
ANSWER_WITHIN = timedelta(seconds=5)

log = logging.getLogger(__name__)


class SlackConversation:
    """Implements `bot.ports.conversation.Conversation`.

    ``client`` makes no tries of its own: an answer that comes a second time confuses more than one that is missing.
    ``http`` posts to response addresses, which carry their permission in themselves: they are never logged.
    """

    def __init__(
        self,
        client: AsyncWebClient,
        http: httpx.AsyncClient,
        *,
        open_within: timedelta = OPEN_WITHIN,
        answer_within: timedelta = ANSWER_WITHIN,
    ) -> None:
        self._client = client
        self._http = http
        self._open_within = open_within
        self._answer_within = answer_within

    async def open_view(self, trigger: str, view: Payload) -> str | None:
        """Open a window for the person behind ``trigger``; return its id, None if not."""
        opened = await self._call(
            "views.open", self._client.views_open(trigger_id=trigger, view=dict(view)), self._open_within
        )
        shown = opened.get("view") if opened is not None else None
        return str(shown["id"]) if isinstance(shown, dict) and "id" in shown else None

    async def update_view(self, view_id: str, view: Payload) -> bool:
        """Show something else in an open window; return whether it is shown."""
        call = self._client.views_update(view_id=view_id, view=dict(view))
        return await self._call("views.update", call, self._answer_within) is not None

    async def ephemeral(self, channel: ChannelId, user: UserId, message: Payload, thread: str | None = None) -> bool:
        """Say something to one person in a channel or thread; return whether it was taken."""
        call = self._client.chat_postEphemeral(channel=channel, user=user, thread_ts=thread, **_arguments(message))
        return await self._call("chat.postEphemeral", call, self._answer_within) is not None

    async def publish_home(self, user: UserId, view: Payload) -> bool:
        """Show a person their home tab; return whether it is shown."""
        call = self._client.views_publish(user_id=user, view=dict(view))
        return await self._call("views.publish", call, self._answer_within) is not None

    async def _call(self, method: str, call: Awaitable[Any], within: timedelta) -> Any | None:
        """Return what a method answers; None, with the reason in the log, where it does not."""
        try:
            async with asyncio.timeout(within.total_seconds()):
                return await call
        except SlackApiError as exc:
            log.warning("slack_refused", extra={"method": method, "why": _refusal(exc)})
        except TimeoutError:
            log.warning("slack_slow", extra={"method": method, "seconds": within.total_seconds()})
        except (SlackClientError, aiohttp.ClientError, OSError) as exc:
            log.warning("slack_away", extra={"method": method, "why": type(exc).__name__})
        return None

    async def respond(
        self, response_url: str, message: Payload, *, public: bool = False, replace: bool = False
    ) -> bool:
        """Answer a click or a command where it happened; return whether it is shown."""
        body = {
            "response_type": "in_channel" if public else "ephemeral",
            "replace_original": replace,
            **_arguments(message),
        }
        try:
            async with asyncio.timeout(self._answer_within.total_seconds()):
                answer = await self._http.post(response_url, json=body)
        except TimeoutError:
            log.warning("slack_slow", extra={"method": "response_url", "seconds": self._answer_within.total_seconds()})
            return False
        except (httpx.HTTPError, httpx.InvalidURL) as exc:
            log.warning("slack_away", extra={"method": "response_url", "why": type(exc).__name__})
            return False
        if answer.is_success:
            return True
        log.warning(
            "slack_refused", extra={"method": "response_url", "why": f"{answer.status_code} {answer.text[:80]}"}
        )
        return False


def _arguments(message: Payload) -> dict[str, Any]:
    """Return what is said; links in it are never fetched."""
    return {**message, "unfurl_links": False, "unfurl_media": False}


def _refusal(exc: SlackApiError) -> str:
    """Return Slack's word for it, and the fields it points at."""
    error, details = exc.response.get("error"), exc.response.get("response_metadata") or {}
    return " ".join([str(error), *map(str, details.get("messages", ()))])
