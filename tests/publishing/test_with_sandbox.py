"""The whole way out: state in Valkey, the loop, the Slack adapter, and the sandbox in its own process, limits on."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from redis.asyncio import Redis

from bot.adapters.redis_outbox import RedisOutbox
from bot.adapters.redis_store import RedisStore
from bot.adapters.slack_workspace import SlackWorkspace, slack_client
from bot.domain.cards import CardView
from bot.domain.effects import CardKind, Channel, NoticeKind, Place, card_id, notice
from bot.domain.ids import CardId, ChannelId, new_ulid
from bot.loops.publisher import PublisherLoop
from bot.sandbox import cast
from bot.sandbox.client import SandboxClient
from bot.sandbox.shapes import Json
from bot.services.publishing import Publishing
from tests.messages.builders import an_incident_card
from tests.publishing.desk import Metrics
from tests.real.processes import ServerProcess, answers_ok, free_port
from tests.waiting import wait_until

CHANNELS = {
    Channel.INCIDENTS: ChannelId(cast.INCIDENTS),
    Channel.APPROVALS: ChannelId(cast.APPROVALS),
    Channel.ADMIN: ChannelId(cast.ADMIN),
    Channel.REPORTS: ChannelId(cast.REPORTS),
}


@pytest.fixture
async def chat(tmp_path: Path) -> AsyncIterator[tuple[str, SandboxClient]]:
    """A sandbox in its own process: its address and its people."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    argv = [sys.executable, "-m", "bot.sandbox", "--port", str(port), "--signing-secret", "shh", "--rate-limits"]
    process = ServerProcess(argv, log=tmp_path / "sandbox.log")
    try:
        await process.ready(lambda: answers_ok(f"{url}/control/state"))
        async with SandboxClient(url) as client:
            yield url, client
    finally:
        await process.stop()


@dataclass
class Installation:
    outbox: RedisOutbox
    chat: SandboxClient

    async def incident(self) -> CardId:
        card = card_id(CardKind.INCIDENT, new_ulid())
        await self.outbox.touch(card, Place(channel=Channel.INCIDENTS), 3)
        return card

    async def everything_is_out(self) -> None:
        await wait_until(self._is_clean, description="nothing waits any more", timeout_s=60, interval_s=0.1)

    async def _is_clean(self) -> bool:
        backlog = await self.outbox.backlog()
        return backlog.cards == backlog.notices == 0

    async def roots(self) -> list[str]:
        """Return the ids that the channel's messages carry, in their order."""
        return [carried(message) for message in await self.chat.messages(cast.INCIDENTS)]


def carried(message: Json) -> str:
    return str(message["metadata"]["event_payload"]["id"])


@pytest.fixture
async def installation(chat: tuple[str, SandboxClient], redis_client: Redis) -> AsyncIterator[Installation]:
    url, people = chat
    outbox = RedisOutbox(RedisStore(redis_client))

    async def view(card: CardId) -> CardView:
        return an_incident_card()

    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        client = slack_client(cast.BOT_TOKEN, f"{url}/api/", session)
        workspace = SlackWorkspace(client, CHANNELS, call_timeout=timedelta(seconds=5))
        publishing = Publishing(outbox, workspace, view, Metrics())
        running = asyncio.create_task(PublisherLoop(publishing, outbox, holder="here#1").run())
        yield Installation(outbox, people)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_lost_answers_and_throttling_lose_nothing_and_double_nothing(installation: Installation) -> None:
    await installation.chat.fault("lost_answer", target="chat.postMessage", times=2)
    await installation.chat.fault("server_error", target="chat.postMessage", status=503)
    await installation.chat.fault("rate_limited", target="chat.postMessage", seconds=1.0)
    cards = [await installation.incident() for _ in range(6)]
    await installation.everything_is_out()
    assert sorted(await installation.roots()) == sorted(cards)


async def test_a_burst_stays_inside_the_limits(installation: Installation) -> None:
    cards = [await installation.incident() for _ in range(8)]
    await installation.everything_is_out()
    assert sorted(await installation.roots()) == sorted(cards)
    assert 429 not in [call["status"] for call in await installation.chat.calls()]


async def test_a_notice_finds_the_thread_of_a_card_that_was_deleted_meanwhile(installation: Installation) -> None:
    card = await installation.incident()
    await installation.everything_is_out()
    [shown] = await installation.chat.messages(cast.INCIDENTS)
    await installation.chat.delete(cast.ADA, shown)
    said = notice(NoticeKind.OPERATIONS, Place(thread_of=card), text="Still burning")
    await installation.outbox.say(said)
    await installation.everything_is_out()
    [again] = await installation.chat.messages(cast.INCIDENTS)
    assert carried(again) == card
    assert [carried(reply) for reply in await installation.chat.thread(cast.INCIDENTS, again["ts"])] == [said.id]


async def test_an_invitation_lets_the_backlog_out(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.services.publishing_memory.RESTS", (timedelta(seconds=0.3),))
    await installation.chat.change_channel(cast.INCIDENTS, remove=[cast.BOT_USER])
    card = await installation.incident()
    await wait_until(lambda: installation.chat.messages(cast.ADMIN), description="the administrators are told")
    await installation.chat.change_channel(cast.INCIDENTS, add=[cast.BOT_USER])
    await installation.everything_is_out()
    assert await installation.roots() == [card]
