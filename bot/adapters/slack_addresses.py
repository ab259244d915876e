"""Permalinks, made instead of asked for: a home tab full of them would be a call for each.

Their form is the one that ``chat.getPermalink`` answers with: ``<workspace>/archives/<channel>/p<ts without its dot>``,
and for a reply its parent as ``thread_ts``.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import timedelta

from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.slack_calls import answer_of
from bot.domain.errors import TemporaryError
from bot.ports.outbox import MessageRef
from bot.ports.workspace import Unreachable

ASK_AGAIN_AFTER = timedelta(minutes=1)

log = logging.getLogger(__name__)


class SlackAddresses:
    """Makes permalinks once the workspace has said where it is."""

    def __init__(self, client: AsyncWebClient, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._monotonic = monotonic
        self._workspace = ""
        self._asked_at: float | None = None

    async def of(self, message: MessageRef, thread: str | None = None) -> str:
        """Return the permalink, empty while the workspace does not answer."""
        workspace = self._workspace or await self._asked()
        if not workspace:
            return ""
        link = f"{workspace}archives/{message.channel}/p{message.ts.replace('.', '')}"
        is_reply = thread is not None and thread != message.ts
        return f"{link}?thread_ts={thread}&cid={message.channel}" if is_reply else link

    async def _asked(self) -> str:
        """Ask where the workspace is; a card does not wait again for one that did not answer a moment ago."""
        now = self._monotonic()
        if self._asked_at is not None and now - self._asked_at < ASK_AGAIN_AFTER.total_seconds():
            return ""
        self._asked_at = now
        try:
            url = (await answer_of("auth.test", self._client.auth_test)).get("url")
        except (TemporaryError, Unreachable) as exc:
            log.info("workspace_address_unknown", extra={"why": str(exc)})
            return ""
        self._workspace = f"{url.rstrip('/')}/" if isinstance(url, str) and url.startswith("http") else ""
        return self._workspace
