"""How the simulated Alertmanager takes answers: accepted, tried again, or given up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import pytest

from bot.adapters.simulated.clock import Pace
from bot.adapters.simulated.webhook import WebhookReceiver
from tests.simulated.scenes import START, MovedClock, while_time_passes

DEADLINE = START + timedelta(seconds=10)
BODY = b'{"version":"4"}\n'


class Answers:
    """A receiver that gives the statuses in turn, the last one for ever; 0 breaks the connection."""

    def __init__(self, *statuses: int) -> None:
        self._statuses = list(statuses)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        status = self._statuses.pop(0) if len(self._statuses) > 1 else self._statuses[0]
        if status == 0:
            raise httpx.ReadError("reset", request=request)
        return httpx.Response(status)


@asynccontextmanager
async def receiver(
    answers: Callable[[httpx.Request], httpx.Response], clock: MovedClock
) -> AsyncIterator[WebhookReceiver]:
    async with httpx.AsyncClient(transport=httpx.MockTransport(answers)) as client:
        yield WebhookReceiver(client, url="http://127.0.0.1:3000/x", token="T0ken", clock=clock, pace=Pace(1))


async def delivered(answers: Answers) -> tuple[bool, MovedClock]:
    clock = MovedClock()
    async with receiver(answers, clock) as hook:
        return await while_time_passes(clock, hook.deliver(BODY, deadline=DEADLINE)), clock


async def test_body_goes_out_with_the_token() -> None:
    answers = Answers(200)
    assert (await delivered(answers))[0] is True
    (request,) = answers.requests
    assert (request.content, request.headers["authorization"]) == (BODY, "Bearer T0ken")
    assert (request.headers["user-agent"], request.headers["content-type"]) == (
        "Alertmanager/0.25.0",
        "application/json",
    )


@pytest.mark.parametrize("trouble", [503, 500, 0])
async def test_trouble_is_tried_again(trouble: int) -> None:
    answers = Answers(trouble, trouble, 200)
    accepted, clock = await delivered(answers)
    assert (accepted, len(answers.requests)) == (True, 3)
    assert clock.now() - START >= timedelta(seconds=1)


@pytest.mark.parametrize("refusal", [400, 401, 404, 429, 302])
async def test_refusal_is_final_for_this_flush(refusal: int) -> None:
    answers = Answers(refusal)
    assert ((await delivered(answers))[0], len(answers.requests)) == (False, 1)


async def test_trouble_ends_with_the_flush() -> None:
    answers = Answers(503)
    accepted, clock = await delivered(answers)
    assert accepted is False
    assert clock.now() >= DEADLINE
    assert 4 <= len(answers.requests) <= 12


async def test_giving_up_names_no_token(caplog: pytest.LogCaptureFixture) -> None:
    await delivered(Answers(401))
    assert "webhook_refused" in caplog.text
    assert "T0ken" not in caplog.text


async def test_delivery_can_be_cancelled() -> None:
    clock = MovedClock()
    async with receiver(Answers(503), clock) as hook:
        task = asyncio.ensure_future(hook.deliver(BODY, deadline=DEADLINE))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
