"""The door for Slack: whoever cannot sign gets one answer and reaches nothing; what is signed is read by ourselves."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Mapping
from urllib.parse import urlencode

import httpx
import pytest
from redis.asyncio import Redis

from handlers.slack_dispatch import MAX_BODY_BYTES, EdgeRefusal
from tests.handlers.slack_stage import FORM, JSON, Stage, command_body, event_body, said, signed, staged


@pytest.fixture
async def stage(redis_client: Redis) -> AsyncIterator[Stage]:
    async with staged(redis_client) as made:
        yield made


BODY = command_body()


def bad_headers() -> dict[str, Mapping[str, str | bytes]]:
    """Return headers that must be refused, made now: a signature is as old as the moment it was made in."""
    good = signed(BODY)
    return {
        "nothing": {},
        "no signature": {"x-slack-request-timestamp": good["x-slack-request-timestamp"]},
        "no timestamp": {"x-slack-signature": good["x-slack-signature"]},
        "forged": signed(BODY, secret="guessed"),
        "of another body": signed(BODY + b"x"),
        "truncated": {**good, "x-slack-signature": good["x-slack-signature"][:-1]},
        "without version": {**good, "x-slack-signature": good["x-slack-signature"][3:]},
        "of another version": {**good, "x-slack-signature": "v1" + good["x-slack-signature"][2:]},
        "in capitals": {**good, "x-slack-signature": good["x-slack-signature"].upper()},
        "not ASCII": {**good, "x-slack-signature": "v0=ü".encode()},
        "not UTF-8": {**good, "x-slack-signature": b"v0=\xff"},
        "empty": {**good, "x-slack-signature": ""},
        "six minutes old": signed(BODY, at=time.time() - 360),
        "six minutes ahead": signed(BODY, at=time.time() + 360),
        "not a number": {**good, "x-slack-request-timestamp": "soon"},
        "not a Latin number": {**good, "x-slack-request-timestamp": "١٢٣".encode()},
        "a fraction": {**good, "x-slack-request-timestamp": f"{time.time()}"},
        "negative": {**good, "x-slack-request-timestamp": "-1"},
        "endless": {**good, "x-slack-request-timestamp": "9" * 5000},
    }


@pytest.mark.parametrize("trouble", bad_headers())
async def test_every_bad_signature_gets_the_same_answer_and_reaches_nobody(
    stage: Stage, trouble: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    headers = bad_headers()[trouble]
    given = [(name.encode(), value if isinstance(value, bytes) else value.encode()) for name, value in headers.items()]
    sent = [(b"content-type", FORM["content-type"].encode()), *given]
    answer = await stage.http.post("/slack/events", content=BODY, headers=sent)
    assert answer.status_code == 401
    assert answer.content == b'{"error":"not signed by the workspace"}'
    assert len(stage.metrics.refusals) == 1
    assert stage.verbs.asked == []
    assert "trigger-" not in caplog.text
    assert "Traceback" not in caplog.text


async def test_a_doubled_signature_is_refused(stage: Stage) -> None:
    good = signed(BODY)
    headers = [*FORM.items(), *good.items(), ("x-slack-signature", good["x-slack-signature"])]
    answer = await stage.http.post("/slack/events", content=BODY, headers=headers)
    assert answer.status_code == 401
    assert stage.metrics.refusals == [EdgeRefusal.HEADERS]


async def test_a_body_over_the_cap_is_refused_while_it_is_read(stage: Stage) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 100_000
            yield b"x" * 100_000

    request = stage.http.build_request("POST", "/slack/events", content=endless(), headers={**FORM, **signed(BODY)})
    app = stage.http._transport.app  # type: ignore[attr-defined]
    chunks = request.stream.__aiter__()  # type: ignore[union-attr]
    status: list[int] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": await anext(chunks), "more_body": True}

    async def send(message: dict[str, object]) -> None:
        if message["type"] == "http.response.start":
            status.append(int(str(message["status"])))

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/slack/events",
        "headers": [(key.lower(), value) for key, value in request.headers.raw],
        "query_string": b"",
    }
    await app(scope, receive, send)
    assert status == [401]
    assert sent <= MAX_BODY_BYTES + 200_000
    assert stage.metrics.refusals == [EdgeRefusal.OVERSIZED]


async def test_a_sender_who_goes_away_reaches_nobody(stage: Stage) -> None:
    app = stage.http._transport.app  # type: ignore[attr-defined]
    headers = [(key.encode(), value.encode()) for key, value in {**FORM, **signed(BODY)}.items()]
    scope = {"type": "http", "method": "POST", "path": "/slack/events", "headers": headers, "query_string": b""}

    async def receive() -> dict[str, object]:
        return {"type": "http.disconnect"}

    async def send(message: dict[str, object]) -> None:
        pass

    await app(scope, receive, send)
    assert stage.metrics.refusals == [EdgeRefusal.INCOMPLETE]


UNREADABLE = {
    "bad JSON": (JSON, b"{"),
    "a list": (JSON, b"[]"),
    "a number": (JSON, b"1"),
    "empty": (JSON, b""),
    "not UTF-8 in JSON": (JSON, b'{"type":"\xff"}'),
    "half a surrogate": (JSON, b'{"type":"\\ud800"}'),
    "very deep": (JSON, b"[" * 200_000),
    "not a number": (JSON, b'{"type":NaN}'),
    "not UTF-8 in a form": (FORM, b"command=\xff"),
    "escaped, and not UTF-8": (FORM, b"command=%ff"),
    "bad JSON in a payload": (FORM, b"payload=%7B"),
    "a list in a payload": (FORM, b"payload=%5B%5D"),
    "too many fields": (FORM, b"&".join(b"a=1" for _ in range(200))),
    "another type": ({"content-type": "text/plain"}, b"command=/ops"),
    "no type": ({}, b"command=/ops"),
    "an event that is a list": (JSON, b'{"type":"event_callback","event":[]}'),
    "an event whose type is a number": (JSON, b'{"type":"event_callback","event":{"type":1}}'),
    "a click on nothing": (FORM, urlencode({"payload": '{"type":"block_actions","actions":[]}'}).encode()),
    "a user that is a number": (JSON, b'{"type":"event_callback","user":1,"event":{"type":"app_mention"}}'),
}


@pytest.mark.parametrize(("kind", "body"), UNREADABLE.values(), ids=UNREADABLE.keys())
async def test_what_is_signed_and_cannot_be_read_is_a_bad_request(
    stage: Stage, kind: dict[str, str], body: bytes
) -> None:
    answer = await stage.http.post("/slack/events", content=body, headers={**kind, **signed(body)})
    assert answer.status_code == 400
    assert "Traceback" not in answer.text
    assert stage.verbs.asked == []


async def test_the_challenge_is_echoed(stage: Stage) -> None:
    body = b'{"type":"url_verification","challenge":"3eZbrw1aB","token":"x"}'
    answer = await stage.http.post("/slack/events", content=body, headers={**JSON, **signed(body)})
    assert (answer.status_code, answer.text) == (200, "3eZbrw1aB")


async def test_an_unsigned_challenge_is_refused(stage: Stage) -> None:
    answer = await stage.http.post(
        "/slack/events", content=b'{"type":"url_verification","challenge":"x"}', headers=JSON
    )
    assert answer.status_code == 401


async def test_a_check_of_the_certificate_is_answered(stage: Stage) -> None:
    body = b"ssl_check=1&token=x"
    answer = await stage.http.post("/slack/events", content=body, headers={**FORM, **signed(body)})
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize(
    "text",
    ["restart payload-api", "payload", "payload=1", "say &amp; &lt;!channel&gt; x=y%20", 'note "ünï ✓"', "x" * 2900],
)
async def test_the_text_of_a_command_arrives_as_sent(stage: Stage, text: str) -> None:
    answer = await stage.send(command_body(text))
    assert answer.status_code == 200
    assert stage.verbs.asked[0].text == text


async def test_an_event_nobody_listens_to_is_acknowledged(stage: Stage) -> None:
    for kind in ("message", "reaction_added", "tokens_revoked", "never_heard_of"):
        answer = await stage.send(event_body({"type": kind, "user": "U0ADA"}))
        assert answer.status_code == 200


async def test_headers_that_steer_the_framework_are_dropped(stage: Stage) -> None:
    steering = {"x-slack-bolt-lazy-only": "1", "x-slack-bolt-lazy-function-name": "x"}
    answer = await stage.send(command_body("status"), steering)
    assert answer.status_code == 200
    assert len(stage.verbs.asked) == 1


async def test_many_at_once_are_all_answered(stage: Stage) -> None:
    bodies = [command_body(f"status {number}") for number in range(50)]
    answers = await asyncio.gather(*(stage.send(body) for body in bodies))
    assert {answer.status_code for answer in answers} == {200}
    assert all(f"status {number}" in answer.text for number, answer in enumerate(answers))


async def test_a_get_is_not_for_this_door(stage: Stage) -> None:
    answer: httpx.Response = await stage.http.get("/slack/events")
    assert answer.status_code == 405


async def test_a_command_that_is_not_ours_is_answered(stage: Stage) -> None:
    answer = await stage.send(command_body("x", command="/weather"))
    assert "/weather: not a command of Watchkeeper" in said(answer.json())
