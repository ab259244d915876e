"""The framework's surprises, by their number in the list we keep of them, each shown to be switched off."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp.web
import pytest
from redis.asyncio import Redis
from slack_bolt.async_app import AsyncBoltRequest
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.errors import PermanentError
from handlers.acks import Ack, AckFamily, AckOutcome, Body
from handlers.background import Background
from handlers.bolt_app import Listeners, build_bolt_app
from handlers.errors import Guard
from handlers.telling import Teller
from tests.handlers.slack_stage import (
    BEN,
    SECRET,
    TEAM,
    US,
    CountingMetrics,
    FakeConversation,
    Stage,
    click_body,
    command_body,
    event_body,
    form_body,
    interaction,
    mention_body,
    replaced,
    said,
    staged,
)

AUTHORIZED = AuthorizeResult(enterprise_id=None, team_id=TEAM, bot_user_id=US, bot_id="B0BOT", bot_token="xoxb-test")


async def quietly(_: Body) -> Ack:
    return Ack()


async def breaks(_: Body) -> Ack:
    raise ZeroDivisionError("hunter2")


@pytest.fixture
async def stage(redis_client: Redis) -> AsyncIterator[Stage]:
    async with staged(redis_client) as made:
        yield made


@pytest.mark.parametrize("text", ["restart payload-api", "payload={}", "payload"])
async def test_1_the_word_payload_is_a_word(stage: Stage, text: str) -> None:
    answer = await stage.send(command_body(text))
    assert answer.status_code == 200
    assert stage.verbs.asked[0].text == text


async def test_2_an_error_after_the_effect_does_not_lose_the_acknowledgement(redis_client: Redis) -> None:
    done: list[str] = []

    async def acts_and_breaks(body: Body) -> Ack:
        done.append(body["trigger_id"])
        raise ZeroDivisionError

    async with staged(redis_client, change=replaced(command=acts_and_breaks)) as stage:
        began = time.monotonic()
        answer = await stage.send(command_body())
    assert answer.status_code == 200
    assert time.monotonic() - began < 2.5
    assert "may or may not have happened" in said(answer.json())
    assert len(done) == 1


BODIES = {
    AckFamily.COMMAND: command_body(),
    AckFamily.BUTTON: click_body("x", "y"),
    AckFamily.MODAL: form_body("x", "", {}),
    AckFamily.MODAL_CLOSED: interaction("view_closed", view={"id": "V1", "callback_id": "x", "type": "modal"}),
    AckFamily.SHORTCUT: interaction("shortcut", callback_id="x"),
    AckFamily.EVENT: mention_body(f"<@{US}> status"),
}


@pytest.mark.parametrize("family", BODIES)
async def test_2_whatever_breaks_the_payload_is_acknowledged_and_counted(
    redis_client: Redis, family: AckFamily, caplog: pytest.LogCaptureFixture
) -> None:
    bad = replaced(
        command=breaks,
        button=breaks,
        modal=breaks,
        modal_closed=breaks,
        shortcut=breaks,
        events={"app_mention": breaks},
    )
    with caplog.at_level(logging.ERROR):
        async with staged(redis_client, change=bad) as stage:
            answer = await stage.send(BODIES[family])
    (record,) = [it for it in caplog.records if it.getMessage() == "request_failed"]
    told = answer.text + "".join(stage.told())
    assert answer.status_code == 200
    assert "hunter2" not in told
    assert stage.metrics.acks == [(family, AckOutcome.FAILED)]
    if family not in (AckFamily.EVENT, AckFamily.MODAL_CLOSED):
        assert record.__dict__["token"] in told


async def test_3_no_payload_meets_two_listeners(redis_client: Redis) -> None:
    met: list[AckFamily] = []

    def noting(family: AckFamily) -> Callable[[Body], Awaitable[Ack]]:
        async def listen(_: Body) -> Ack:
            met.append(family)
            return Ack()

        return listen

    change = replaced(
        command=noting(AckFamily.COMMAND),
        button=noting(AckFamily.BUTTON),
        modal=noting(AckFamily.MODAL),
        modal_closed=noting(AckFamily.MODAL_CLOSED),
        shortcut=noting(AckFamily.SHORTCUT),
        events={"app_mention": noting(AckFamily.EVENT)},
    )
    async with staged(redis_client, change=change) as stage:
        for body in BODIES.values():
            await stage.send(body)
    assert met == list(BODIES)


async def test_4_and_12_the_listener_is_awaited_instead_of_polled_for(redis_client: Redis) -> None:
    async with staged(redis_client, change=replaced(command=quietly)) as stage:
        began = time.monotonic()
        for _ in range(50):
            await stage.send(command_body())
    # Polling alone would take 50 times 10 ms, and on a busy machine this still has room.
    assert time.monotonic() - began < 10
    assert stage.metrics.acks == [(AckFamily.COMMAND, AckOutcome.ANSWERED)] * 50


async def test_5_work_in_the_background_is_held_and_finished(stage: Stage) -> None:
    done = asyncio.Event()

    async def work() -> None:
        await asyncio.sleep(0)
        done.set()

    stage.background.start(work())
    assert stage.background.busy == 1
    await stage.background.drain()
    assert done.is_set()


async def test_6_what_the_framework_stumbles_over_is_answered_by_us(stage: Stage) -> None:
    answer = await stage.send(event_body({"type": 1}))
    assert answer.status_code == 400


@pytest.mark.parametrize("event", ["message", "member_joined_channel", "app_uninstalled", "channel_archive"])
async def test_7_events_nobody_listens_to_are_not_called_unhandled(stage: Stage, event: str) -> None:
    answer = await stage.send(event_body({"type": event, "user": BEN, "text": "x"}))
    assert (answer.status_code, answer.content) == (200, b"")


async def test_8_twenty_first_requests_ask_nobody_who_we_are(redis_client: Redis) -> None:
    calls: list[str] = []

    async def count(request: aiohttp.web.Request) -> aiohttp.web.Response:
        calls.append(request.path)
        return aiohttp.web.json_response({"ok": True})

    application = aiohttp.web.Application()
    application.router.add_route("*", "/{path:.*}", count)
    runner = aiohttp.web.AppRunner(application)
    await runner.setup()
    site = aiohttp.web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0]
    try:
        async with staged(redis_client, client=AsyncWebClient(base_url=f"http://{host}:{port}/api/")) as stage:
            answers = await asyncio.gather(*(stage.send(command_body()) for _ in range(20)))
    finally:
        await runner.cleanup()
    assert [answer.status_code for answer in answers] == [200] * 20
    assert calls == []


def test_9_there_is_one_listener_for_each_family() -> None:
    metrics, conversation, background = CountingMetrics(), FakeConversation(), Background()
    listeners = Listeners(quietly, quietly, quietly, quietly, quietly)
    guard = Guard(metrics, Teller(conversation, background))
    app = build_bolt_app(AsyncWebClient(), lambda: AUTHORIZED, SECRET, listeners, guard)
    assert len(app._async_listeners) == len(AckFamily)


async def test_10_our_own_messages_and_those_of_other_bots_are_not_answered(stage: Stage) -> None:
    await stage.send(mention_body(f"<@{US}> status", user=US))
    await stage.send(mention_body(f"<@{US}> status", bot_id="B0OTHER"))
    assert stage.verbs.asked == []


async def test_12_a_slow_listener_is_not_asked_a_second_time(redis_client: Redis) -> None:
    asked = 0

    async def slow(_: Body) -> Ack:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0.1)
        return Ack()

    async with staged(redis_client, change=replaced(button=slow)) as stage:
        answer = await stage.send(click_body("x", "y"))
    assert (answer.status_code, asked) == (200, 1)


def test_13_the_environment_decides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_SIGNING_SECRET", "of somebody else")
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-of-somebody-else")
    guard = Guard(CountingMetrics(), Teller(FakeConversation(), Background()))
    listeners = Listeners(quietly, quietly, quietly, quietly, quietly)
    app = build_bolt_app(AsyncWebClient(token="xoxb-ours"), lambda: AUTHORIZED, SECRET, listeners, guard)
    assert app._signing_secret == SECRET
    assert app.client.token == "xoxb-ours"


def test_13_an_installable_app_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_CLIENT_ID", "1.2")
    monkeypatch.setenv("SLACK_CLIENT_SECRET", "x")
    guard = Guard(CountingMetrics(), Teller(FakeConversation(), Background()))
    listeners = Listeners(quietly, quietly, quietly, quietly, quietly)
    with pytest.raises(PermanentError, match="SLACK_CLIENT_ID"):
        build_bolt_app(AsyncWebClient(), lambda: AUTHORIZED, SECRET, listeners, guard)


async def test_socket_mode_takes_the_same_path(redis_client: Redis) -> None:
    """The other transport hands over dictionaries: no signature, no form, the same listeners."""
    async with staged(redis_client) as stage:
        guard = Guard(stage.metrics, Teller(stage.chat, stage.background))
        asked: list[str] = []

        async def command(body: Body) -> Ack:
            asked.append(body["text"])
            return Ack({"text": "heard"})

        listeners = Listeners(command, quietly, quietly, quietly, quietly)
        app = build_bolt_app(AsyncWebClient(), lambda: AUTHORIZED, SECRET, listeners, guard)
        body = {"command": "/ops", "text": "restart payload-api", "team_id": TEAM, "user_id": BEN, "trigger_id": "t"}
        answer = await app.async_dispatch(AsyncBoltRequest(mode="socket_mode", body=body))
    assert (answer.status, answer.body) == (200, '{"text": "heard"}')
    assert asked == ["restart payload-api"]
