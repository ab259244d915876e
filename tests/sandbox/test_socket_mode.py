"""Socket Mode of the stand-in, as the official SDK's client and a bare WebSocket see it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox import cast
from bot.sandbox.app import Sandbox
from bot.sandbox.client import Refused, SandboxClient
from bot.sandbox.clock import SandboxClock
from bot.sandbox.config import SandboxConfig
from bot.sandbox.lifetimes import Tickets
from bot.sandbox.sockets import MOST_CONNECTIONS
from tests.sandbox.stage import CONFIG, TOKEN, actions, button, served
from tests.waiting import wait_until

APP_TOKEN = "xapp-test"
SOCKETS = replace(CONFIG, app_token=APP_TOKEN, socket_mode=True)
Answer = Callable[[SocketModeRequest], dict[str, Any] | None]


@dataclass
class Stage:
    """A sandbox on a real port, with what acts on it."""

    url: str
    sandbox: Sandbox
    chat: SandboxClient
    web: AsyncWebClient
    http: aiohttp.ClientSession

    async def address(self) -> str:
        answer = await self.web.apps_connections_open(app_token=APP_TOKEN)
        return str(answer["url"])

    async def connected(self) -> Plain:
        """Return a bare connection that was greeted."""
        socket = await self.http.ws_connect(await self.address())
        plain = Plain(socket)
        plain.hello = await plain.receive()
        return plain

    async def post(self) -> dict[str, Any]:
        posted = await self.web.chat_postMessage(channel=cast.INCIDENTS, text="card", blocks=[actions(button())])
        [card] = [it for it in await self.chat.messages(cast.INCIDENTS) if it["ts"] == posted["ts"]]
        return card


@dataclass
class Plain:
    """One bare WebSocket."""

    socket: aiohttp.ClientWebSocketResponse
    hello: dict[str, Any] = field(default_factory=dict)

    async def receive(self) -> dict[str, Any]:
        message: dict[str, Any] = await self.socket.receive_json(timeout=5)
        return message

    async def ack(self, envelope: dict[str, Any], payload: dict[str, Any] | None = None) -> None:
        told = {"envelope_id": envelope["envelope_id"], **({"payload": payload} if payload else {})}
        await self.socket.send_json(told)


@asynccontextmanager
async def standing(config: SandboxConfig = SOCKETS) -> AsyncIterator[Stage]:
    async with (
        served(config) as (url, sandbox),
        SandboxClient(url) as chat,
        aiohttp.ClientSession() as http,
    ):
        web = AsyncWebClient(TOKEN, base_url=f"{url}/api/", session=http, retry_handlers=[])
        yield Stage(url, sandbox, chat, web, http)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with standing() as stage:
        yield stage


@asynccontextmanager
async def sdk(stage: Stage, answer: Answer = lambda _: None) -> AsyncIterator[list[SocketModeRequest]]:
    """Connect the SDK's own client; give what it received."""
    client = SocketModeClient(app_token=APP_TOKEN, web_client=stage.web, ping_interval=0.2)
    heard: list[SocketModeRequest] = []

    async def listen(_: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        heard.append(request)
        response = SocketModeResponse(envelope_id=request.envelope_id, payload=answer(request))
        await client.send_socket_mode_response(response)

    client.socket_mode_request_listeners.append(listen)
    await client.connect()  # type: ignore[no-untyped-call]
    try:
        yield heard
    finally:
        await client.close()  # type: ignore[no-untyped-call]


async def test_the_sdk_is_greeted_and_answers_a_command(stage: Stage) -> None:
    async with sdk(stage, lambda _: {"text": "*ok*"}) as heard:
        outcome = await stage.chat.command(cast.BEN, cast.INCIDENTS, "/ops restart payload-api")
    [line] = await stage.chat.ephemerals(cast.BEN)
    [request] = heard
    assert (outcome["status"], outcome["failure"], line["text"]) == (200, None, "*ok*")
    assert (request.type, request.payload["text"]) == ("slash_commands", "restart payload-api")
    assert request.accepts_response_payload


async def test_the_sdk_takes_clicks_and_events(stage: Stage) -> None:
    card = await stage.post()
    async with sdk(stage) as heard:
        await stage.chat.click(cast.BEN, card, action_id="ack")
        await stage.chat.say(cast.BEN, cast.INCIDENTS, "@watchkeeper status")
        await stage.chat.settle()
    assert [it.type for it in heard] == ["interactive", "events_api", "events_api"]
    assert [it.accepts_response_payload for it in heard] == [False] * 3
    assert heard[1].retry_attempt == 0
    assert await stage.chat.socket_mistakes() == []


async def test_the_sdk_comes_back_after_a_refresh_and_after_a_cut(stage: Stage) -> None:
    async with sdk(stage):
        [first] = await stage.chat.sockets()
        await stage.chat.disconnect(first["number"], "refresh_requested")
        await wait_until(lambda: stage.sandbox.courier.sockets.opened == 2, description="it opened another")
        await stage.chat.cut(2)
        await wait_until(lambda: stage.sandbox.courier.sockets.opened == 3, description="it opened a third")
        outcome = await stage.chat.command(cast.BEN, cast.INCIDENTS, "/ops status")
    assert outcome["status"] == 200


async def test_hello_says_how_many_connections_there_are(stage: Stage) -> None:
    first, second = await stage.connected(), await stage.connected()
    assert (first.hello["type"], first.hello["num_connections"]) == ("hello", 1)
    assert second.hello["num_connections"] == 2
    assert second.hello["connection_info"]["app_id"] == cast.APP
    assert second.hello["debug_info"]["approximate_connection_time"] == 3600


async def test_an_address_opens_one_connection_only(stage: Stage) -> None:
    address = await stage.address()
    await stage.http.ws_connect(address)
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await stage.http.ws_connect(address)
    assert refused.value.status == 403


def test_an_address_is_good_for_half_a_minute() -> None:
    clock = SandboxClock()
    tickets = Tickets(clock)
    early, late = tickets.issue(), tickets.issue()
    clock.advance(timedelta(seconds=29))
    assert tickets.redeem(early)
    clock.advance(timedelta(seconds=2))
    assert not tickets.redeem(late)


@pytest.mark.parametrize(
    ("token", "code"), [(TOKEN, "not_allowed_token_type"), ("xapp-of-somebody-else", "invalid_auth")]
)
async def test_only_the_apps_own_token_opens_connections(stage: Stage, token: str, code: str) -> None:
    with pytest.raises(SlackApiError) as refused:
        await stage.web.apps_connections_open(app_token=token)
    assert refused.value.response["error"] == code


async def test_the_app_token_opens_nothing_else(stage: Stage) -> None:
    with pytest.raises(SlackApiError) as refused:
        await stage.web.auth_test(token=APP_TOKEN)
    assert refused.value.response["error"] == "not_allowed_token_type"


async def test_without_a_connection_the_person_sees_a_failure_at_once(stage: Stage) -> None:
    outcome = await stage.chat.command(cast.BEN, cast.INCIDENTS, "/ops status")
    assert outcome["failure"] == "dispatch_failed"


async def test_without_an_acknowledgement_the_person_sees_a_timeout(stage: Stage) -> None:
    plain = await stage.connected()
    outcome = await stage.chat.command(cast.BEN, cast.INCIDENTS, "/ops status")
    assert (outcome["failure"], outcome["status"]) == ("operation_timeout", None)
    assert (await plain.receive())["type"] == "slash_commands"


async def test_an_event_is_brought_again_with_number_and_reason(stage: Stage) -> None:
    plain = await stage.connected()
    await stage.chat.say(cast.BEN, cast.INCIDENTS, "hello")
    envelopes = [await plain.receive() for _ in range(4)]
    await stage.chat.settle()
    assert [it["retry_attempt"] for it in envelopes] == [0, 1, 2, 3]
    assert [it["retry_reason"] for it in envelopes] == ["", "timeout", "timeout", "timeout"]
    assert len({it["envelope_id"] for it in envelopes}) == 4
    assert len({it["payload"]["event_id"] for it in envelopes}) == 1


async def test_an_acknowledgement_may_come_through_another_connection(stage: Stage) -> None:
    both = [await stage.connected(), await stage.connected()]
    asked = asyncio.create_task(stage.chat.command(cast.BEN, cast.INCIDENTS, "/ops status"))
    heard = [asyncio.create_task(plain.receive()) for plain in both]
    [first], _ = await asyncio.wait(heard, return_when=asyncio.FIRST_COMPLETED)
    other = both[1 - heard.index(first)]
    await other.ack(first.result(), {"text": "from the other side"})
    assert (await asked)["status"] == 200
    for task in heard:
        task.cancel()


async def test_what_the_protocol_has_no_place_for_is_noted(stage: Stage) -> None:
    card = await stage.post()
    plain = await stage.connected()
    click = asyncio.create_task(stage.chat.click(cast.BEN, card, action_id="ack"))
    envelope = await plain.receive()
    await plain.ack(envelope, {"text": "no"})
    await click
    await plain.ack(envelope)
    await plain.ack({"envelope_id": "of-nobody"})
    await plain.socket.send_str("{")
    await wait_until(lambda: len(stage.sandbox.courier.sockets.mistakes) == 4, description="all four are noted")
    assert [it.partition(":")[0] for it in await stage.chat.socket_mistakes()] == [
        "a payload where none is taken",
        "answered twice or late",
        "unknown envelope",
        "not an acknowledgement",
    ]


async def test_each_payload_goes_to_one_connection_and_all_get_some(stage: Stage) -> None:
    both = [await stage.connected(), await stage.connected()]
    stage.sandbox.courier.ack_timeout = timedelta(milliseconds=1)
    for _ in range(20):
        await stage.chat.command(cast.BEN, cast.INCIDENTS, "/ops status")
    sent = [it["sent"] for it in await stage.chat.sockets()]
    assert sum(sent) == 20
    assert all(sent)
    assert not any(plain.socket.closed for plain in both)


async def test_a_replaced_connection_gets_no_more_payloads_and_is_closed(stage: Stage) -> None:
    plain = await stage.connected()
    await stage.chat.disconnect(1, "refresh_requested")
    parting = await plain.receive()
    outcome = await stage.chat.command(cast.BEN, cast.INCIDENTS, "/ops status")
    closing = await plain.socket.receive(timeout=5)
    assert (parting["type"], parting["reason"]) == ("disconnect", "refresh_requested")
    assert outcome["failure"] == "dispatch_failed"
    assert closing.type is aiohttp.WSMsgType.CLOSE


async def test_after_a_warning_payloads_still_come(stage: Stage) -> None:
    plain = await stage.connected()
    await stage.chat.disconnect(1, "warning")
    assert (await plain.receive())["reason"] == "warning"
    asked = asyncio.create_task(stage.chat.command(cast.BEN, cast.INCIDENTS, "/ops status"))
    await plain.ack(await plain.receive())
    assert (await asked)["status"] == 200


async def test_the_eleventh_connection_is_one_too_many(stage: Stage) -> None:
    held = [await stage.connected() for _ in range(MOST_CONNECTIONS)]
    extra = await stage.connected()
    assert {it.hello["type"] for it in held} == {"hello"}
    assert (extra.hello["type"], extra.hello["reason"]) == ("disconnect", "too_many_websockets")
    assert len(await stage.chat.sockets()) == MOST_CONNECTIONS


async def test_turning_it_off_ends_connections_and_http_takes_over(stage: Stage) -> None:
    plain = await stage.connected()
    await stage.chat.configure(socket_mode=False)
    assert (await plain.receive())["reason"] == "link_disabled"
    late = await stage.http.ws_connect(await stage.address())
    assert (await late.receive_json(timeout=5))["reason"] == "link_disabled"
    await stage.chat.command(cast.BEN, cast.INCIDENTS, "/ops status")
    [delivery] = await stage.chat.deliveries("/ops")
    assert "x-slack-signature" in delivery["attempts"][0]["headers"]


async def test_a_ping_is_answered(stage: Stage) -> None:
    plain = await stage.connected()
    await plain.socket.ping(b"are you there")
    plain.socket._autoping = False
    answer = await plain.socket.receive(timeout=5)
    assert (answer.type, answer.data) == (aiohttp.WSMsgType.PONG, b"are you there")


async def test_a_cut_connection_ends_without_a_close(stage: Stage) -> None:
    plain = await stage.connected()
    await stage.chat.cut(1)
    ended = await plain.socket.receive(timeout=5)
    assert ended.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)
    with pytest.raises(Refused, match="no open connection 1"):
        await stage.chat.cut(1)


async def test_a_delivery_can_be_sent_again_and_tampered_with(stage: Stage) -> None:
    plain = await stage.connected()
    asked = asyncio.create_task(stage.chat.command(cast.BEN, cast.INCIDENTS, "/ops status"))
    await plain.ack(await plain.receive())
    await asked
    again = asyncio.create_task(stage.chat.resend(1, body="{broken"))
    message = await plain.socket.receive(timeout=5)
    assert '"payload": {broken}' in message.data
    same = asyncio.create_task(stage.chat.resend(1))
    assert json.loads((await plain.socket.receive(timeout=5)).data)["payload"]["text"] == "status"
    assert [(await it)["failure"] for it in (again, same)] == ["operation_timeout"] * 2


async def test_a_duplicate_is_two_envelopes(stage: Stage) -> None:
    plain = await stage.connected()
    await stage.chat.fault("duplicate", target="commands")
    asked = asyncio.create_task(stage.chat.command(cast.BEN, cast.INCIDENTS, "/ops status"))
    first, second = await plain.receive(), await plain.receive()
    assert first["envelope_id"] != second["envelope_id"]
    assert first["payload"] == second["payload"]
    await asked
