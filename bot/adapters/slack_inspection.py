"""Slack asked about itself: whom the tokens belong to, what they may do, and where the bot is a member.

The bot's own calls translate Slack's codes into what to do next; here the codes themselves are the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.adapters.foreign_shapes import promised
from bot.adapters.slack_calls import UNREADABLE, slack_client
from bot.domain.ids import ChannelId, GroupId, TeamId, UserId
from bot.ports.inspection import ChannelFacts, GroupFacts, NotAnswered, PersonFacts, RefusedBySlack, SlackIdentity

HALF_A_SECOND = timedelta(milliseconds=500)
"""A date header is cut to the second: what it says is half a second old on average."""

_API = "Slack's API"
_NOT_SLACK = "answers something that is not Slack's API; check SLACK_API_URL and any proxy"


class SlackInspectionApi:
    """One workspace; fits `bot.ports.inspection.SlackInspection`."""

    def __init__(self, token: str, app_token: str, api_url: str, session: aiohttp.ClientSession) -> None:
        """Take the two tokens (empty where there is none) and a session whose timeout bounds each call."""
        self._client = slack_client(token, api_url, session)
        self._app = slack_client(app_token, api_url, session)

    async def identity(self) -> SlackIdentity:
        """Return whom the bot token belongs to."""
        asked_at = datetime.now(UTC)
        answer = await _call(self._client, "auth.test", http_verb="POST")
        between = asked_at + (datetime.now(UTC) - asked_at) / 2
        dated = _date(answer)
        with promised(_API):
            return SlackIdentity(
                team=TeamId(str(answer["team_id"])),
                team_name=str(answer.get("team", "")),
                user=UserId(str(answer["user_id"])),
                user_name=str(answer.get("user", "")),
                scopes=_scopes(answer),
                ahead=dated + HALF_A_SECOND - between if dated else None,
            )

    async def socket_mode(self) -> None:
        """Return when Slack accepts the app token for Socket Mode; the address that comes back is thrown away."""
        await _call(self._app, "apps.connections.open", http_verb="POST")

    async def channel(self, channel: ChannelId) -> ChannelFacts:
        """Return how the bot stands to a channel.

        Where the app may not ask for a channel's state, its history answers whether the bot is a member.
        """
        try:
            answer = await _call(self._client, "conversations.info", params={"channel": channel})
        except RefusedBySlack as refusal:
            if refusal.code != "missing_scope":
                raise
            return await self._by_history(channel)
        with promised(_API):
            facts = answer["channel"]
            is_member, is_archived = bool(facts.get("is_member")), bool(facts.get("is_archived"))
            return ChannelFacts(str(facts.get("name", "")), is_member, is_archived)

    async def _by_history(self, channel: ChannelId) -> ChannelFacts:
        await _call(self._client, "conversations.history", params={"channel": channel, "limit": 1})
        return ChannelFacts("", is_member=True, is_archived=None)

    async def groups(self) -> Mapping[GroupId, GroupFacts]:
        """Return every user group of the workspace with its members, disabled ones too."""
        wanted = {"include_disabled": "true", "include_users": "true"}
        answer = await _call(self._client, "usergroups.list", params=wanted)
        with promised(_API):
            return {
                GroupId(str(it["id"])): GroupFacts(
                    handle=str(it.get("handle", "")),
                    is_disabled=bool(it.get("date_delete")),
                    members=frozenset(UserId(str(user)) for user in it.get("users") or ()),
                )
                for it in answer["usergroups"]
            }

    async def person(self, user: UserId) -> PersonFacts:
        """Return what the workspace says of somebody."""
        answer = await _call(self._client, "users.info", params={"user": user})
        with promised(_API):
            return _person(user, answer["user"])


def _person(user: UserId, facts: Mapping[str, Any]) -> PersonFacts:
    return PersonFacts(
        id=user,
        name=str(facts.get("real_name") or facts.get("name") or user),
        team=TeamId(str(facts.get("team_id", ""))),
        is_bot=bool(facts.get("is_bot")),
        is_guest=bool(facts.get("is_restricted") or facts.get("is_ultra_restricted")),
        is_deactivated=bool(facts.get("deleted")),
    )


async def _call(
    client: AsyncWebClient, method: str, *, http_verb: str = "GET", params: dict[str, Any] | None = None
) -> AsyncSlackResponse:
    try:
        return await client.api_call(method, http_verb=http_verb, params=params)
    except SlackApiError as exc:
        raise _refusal(exc) from exc
    except aiohttp.ClientConnectorDNSError as exc:
        raise NotAnswered("has a name that does not resolve") from exc
    except aiohttp.ClientConnectorError as exc:
        raise NotAnswered("cannot be reached") from exc
    except (TimeoutError, aiohttp.ClientError, OSError) as exc:
        raise NotAnswered("does not answer") from exc
    except UNREADABLE as exc:
        raise NotAnswered(_NOT_SLACK) from exc


def _refusal(exc: SlackApiError) -> RefusedBySlack | NotAnswered:
    # For a body that is no JSON the SDK hands over the bare HTTP response, which has another shape.
    data = exc.response.data if isinstance(exc.response, AsyncSlackResponse) else None
    if not isinstance(data, dict) or not data.get("error"):
        return NotAnswered(_NOT_SLACK)
    return RefusedBySlack(str(data["error"]), needed=str(data.get("needed", "")))


def _headers(answer: AsyncSlackResponse) -> Mapping[str, str]:
    return {str(name).lower(): str(value) for name, value in answer.headers.items()}


def _scopes(answer: AsyncSlackResponse) -> frozenset[str] | None:
    named = _headers(answer).get("x-oauth-scopes")
    if named is None:
        return None
    return frozenset(scope.strip() for scope in named.split(",") if scope.strip())


def _date(answer: AsyncSlackResponse) -> datetime | None:
    try:
        return parsedate_to_datetime(_headers(answer)["date"]).astimezone(UTC)
    except (KeyError, OverflowError, ValueError):
        return None
