"""Who we are in the workspace, asked once at the start, so that no request has to ask."""

from __future__ import annotations

from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.slack_calls import answer_of


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
