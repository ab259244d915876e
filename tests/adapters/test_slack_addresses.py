"""Permalinks that we make are the ones Slack would have answered with."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.slack_addresses import ASK_AGAIN_AFTER, SlackAddresses
from bot.domain.ids import ChannelId
from bot.ports.outbox import MessageRef
from tests.sandbox.stage import served

ROOM = ChannelId("C0INC")


@pytest.fixture
async def client() -> AsyncIterator[AsyncWebClient]:
    async with served() as (url, _), aiohttp.ClientSession() as session:
        yield AsyncWebClient(token="xoxb-test", base_url=f"{url}/api/", session=session, retry_handlers=[])


@pytest.mark.parametrize("is_reply", [False, True])
async def test_a_made_permalink_is_the_one_slack_answers_with(client: AsyncWebClient, is_reply: bool) -> None:
    parent: Any = await client.chat_postMessage(channel=ROOM, text="A card.")
    thread = str(parent["ts"])
    posted: Any = await client.chat_postMessage(channel=ROOM, text="A reply.", thread_ts=thread)
    ts = str(posted["ts"]) if is_reply else thread
    answered: Any = await client.chat_getPermalink(channel=ROOM, message_ts=ts)
    made = await SlackAddresses(client).of(MessageRef(ROOM, ts), thread)
    assert made == answered["permalink"]


@dataclass
class AwayClient:
    """Nobody answers; counts the questions."""

    asked: int = 0

    async def auth_test(self) -> Any:
        self.asked += 1
        raise aiohttp.ClientError("refused")


@dataclass
class Seconds:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


async def test_a_workspace_that_is_away_is_asked_again_after_a_while() -> None:
    client, seconds = AwayClient(), Seconds()
    addresses = SlackAddresses(client, monotonic=seconds)  # type: ignore[arg-type]  # one call of it is enough
    for _ in range(3):
        assert await addresses.of(MessageRef(ROOM, "1.1")) == ""
    assert client.asked == 1
    seconds.now += ASK_AGAIN_AFTER.total_seconds()
    await addresses.of(MessageRef(ROOM, "1.1"))
    assert client.asked == 2
