"""Who we are in the workspace: asked at the start, and again until it is known, so that no request has to ask."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.slack_calls import answer_of
from bot.domain.errors import TemporaryError
from bot.ports.workspace import Unreachable

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=1), timedelta(seconds=30)
AT_START = timedelta(seconds=3)
"""How long a start waits for the answer: webhooks must not wait for the workspace."""

log = logging.getLogger(__name__)


async def who_we_are(client: AsyncWebClient) -> AuthorizeResult:
    """Return our own bot and user id; TemporaryError when the workspace is away."""
    answer = await answer_of("auth.test", client.auth_test)
    return AuthorizeResult(
        enterprise_id=None,
        team_id=str(answer["team_id"]),
        bot_id=str(answer.get("bot_id", "")),
        bot_user_id=str(answer["user_id"]),
        bot_token=client.token,
    )


class SlackIdentity:
    """Who we are, as far as that is known; until then we serve all the same, deaf to our own name."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client
        self._known: AuthorizeResult | None = None

    def authorized(self) -> AuthorizeResult:
        """Return what the framework is told of us."""
        if self._known is not None:
            return self._known
        return AuthorizeResult(enterprise_id=None, team_id=None, bot_token=self._client.token)

    def user_id(self) -> str:
        """Return our own user id; empty until it is known."""
        return str(self.authorized().bot_user_id or "")

    async def ask(self) -> bool:
        """Ask once; return whether it is known now."""
        try:
            self._known = self._known or await who_we_are(self._client)
        except (TemporaryError, Unreachable) as exc:
            log.error("slack_identity_unknown", extra={"why": str(exc)})
        return self._known is not None

    async def ask_at_start(self) -> None:
        """Ask once, and go on without an answer that takes long."""
        try:
            async with asyncio.timeout(AT_START.total_seconds()):
                await self.ask()
        except TimeoutError:
            log.error("slack_identity_unknown", extra={"why": f"no answer in {AT_START.total_seconds():g} s"})

    async def learn(self) -> None:
        """Ask until it is known, then stay: never returns."""
        pause = FIRST_PAUSE
        while self._known is None:
            await asyncio.sleep(pause.total_seconds())
            pause = min(2 * pause, LONGEST_PAUSE)
            if await self.ask():
                log.info("slack_identity_known", extra={"user": self.user_id()})
        await asyncio.Event().wait()
