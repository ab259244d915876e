"""The official client works against the sandbox over a real connection, in each of its argument styles."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox import cast
from tests.sandbox.stage import TOKEN, section, served


@pytest.fixture
async def client() -> AsyncIterator[AsyncWebClient]:
    async with served() as (url, _), aiohttp.ClientSession() as session:
        yield AsyncWebClient(TOKEN, base_url=f"{url}/api/", session=session, retry_handlers=[])


async def test_json_style_posts_and_updates(client: AsyncWebClient) -> None:
    posted = await client.chat_postMessage(channel=cast.INCIDENTS, text="hello", blocks=[section()])
    updated = await client.chat_update(channel=cast.INCIDENTS, ts=posted["ts"], text="new", blocks=[section("new")])
    assert updated["message"]["blocks"][0]["text"]["text"] == "new"


async def test_query_style_with_an_empty_body_reacts_and_opens(client: AsyncWebClient) -> None:
    posted = await client.chat_postMessage(channel=cast.INCIDENTS, text="hello")
    assert (await client.reactions_add(channel=cast.INCIDENTS, timestamp=posted["ts"], name="eyes"))["ok"]
    assert (await client.conversations_open(users=cast.BEN))["channel"]["id"] == "D0BEN"
    assert (await client.auth_test())["user_id"] == cast.BOT_USER


async def test_get_style_reads_with_metadata(client: AsyncWebClient) -> None:
    metadata = {"event_type": "card", "event_payload": {"id": "01"}}
    posted = await client.chat_postMessage(channel=cast.INCIDENTS, text="hello", metadata=metadata)
    read = await client.conversations_replies(channel=cast.INCIDENTS, ts=posted["ts"], include_all_metadata=True)
    assert read["messages"][0]["metadata"] == metadata


async def test_form_style_uploads_into_a_thread(client: AsyncWebClient) -> None:
    posted = await client.chat_postMessage(channel=cast.INCIDENTS, text="hello")
    await client.files_upload_v2(channel=cast.INCIDENTS, thread_ts=posted["ts"], filename="log.txt", content="abc")
    replies = await client.conversations_replies(channel=cast.INCIDENTS, ts=posted["ts"])
    assert replies["messages"][1]["files"][0]["name"] == "log.txt"


async def test_home_view_is_published(client: AsyncWebClient) -> None:
    answer = await client.views_publish(user_id=cast.BEN, view={"type": "home", "blocks": [section()]})
    assert answer["view"]["hash"]


async def test_refusal_raises_with_the_code(client: AsyncWebClient) -> None:
    with pytest.raises(SlackApiError) as refused:
        await client.chat_postMessage(channel=cast.GENERAL, text="x")
    assert refused.value.response["error"] == "not_in_channel"
