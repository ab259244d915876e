"""Is it there, can it work, what does it count."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from redis.asyncio import Redis
from starlette.applications import Starlette

from bot.adapters.metrics import Labels, Metrics
from bot.adapters.redis_store import RedisStore
from bot.adapters.slack_sockets import SocketEnd
from bot.domain.errors import TemporaryError
from bot.ports.gauges import Measured
from handlers.acks import AckFamily, AckOutcome
from handlers.alertmanager import IntakeOutcome
from handlers.health import health_routes
from handlers.slack_dispatch import EdgeRefusal

LABELS = Labels(
    IntakeOutcome, AckFamily, AckOutcome, EdgeRefusal, ("post", "update"), ("shown", "throttled"), SocketEnd
)


async def answers() -> None:
    return None


@asynccontextmanager
async def door(
    ping: Callable[[], Awaitable[object]] = answers, metrics: Metrics | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    routes = health_routes(ping, metrics or Metrics(LABELS), ready_within=timedelta(milliseconds=50))
    transport = httpx.ASGITransport(Starlette(routes=routes))
    async with httpx.AsyncClient(transport=transport, base_url="http://watchkeeper.test") as client:
        yield client


async def test_a_process_is_alive_whatever_else_is_away() -> None:
    async def away() -> None:
        raise TemporaryError("the state store is away")

    async with door(away) as client:
        answer = await client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


async def test_it_is_ready_while_the_store_answers(redis_client: Redis) -> None:
    store = RedisStore(redis_client)
    async with door(lambda: store.command("PING")) as client:
        assert (await client.get("/readyz")).status_code == 200


async def test_it_is_not_ready_while_the_store_is_away() -> None:
    async def away() -> None:
        raise TemporaryError("the state store is away")

    async with door(away) as client:
        answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"status": "not ready", "state_store": "the state store is away"}


async def test_it_is_not_ready_while_the_store_hangs() -> None:
    async def hangs() -> None:
        await asyncio.Event().wait()

    async with door(hangs) as client:
        answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert "did not answer within 0.05 s" in answer.json()["state_store"]


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_every_series_stands_at_zero_from_the_start() -> None:
    async with door() as client:
        answer = await client.get("/metrics")
    shown = samples(answer.text)
    assert answer.headers["content-type"].startswith("text/plain")
    for outcome in IntakeOutcome:
        assert shown["watchkeeper_webhooks_total", (("outcome", outcome.value),)] == 0
    for family in AckFamily:
        for ack in AckOutcome:
            labels = (("family", family.value), ("outcome", ack.value))
            assert shown["watchkeeper_acks_total", labels] == 0
    for reason in EdgeRefusal:
        assert shown["watchkeeper_slack_refusals_total", (("reason", reason.value),)] == 0
    assert shown["watchkeeper_slack_calls_total", (("call", "post"), ("outcome", "throttled"))] == 0
    assert shown["watchkeeper_cards_waiting", ()] == 0
    assert all(name.startswith("watchkeeper_") for name, _ in shown)


async def test_what_is_reported_is_counted() -> None:
    metrics = Metrics(LABELS)
    before = set(samples(metrics.exposition().decode()))
    metrics.on_accept(0.001, IntakeOutcome.ACCEPTED)
    metrics.on_ack(AckFamily.BUTTON, 0.002, AckOutcome.REFUSED)
    metrics.on_refused(EdgeRefusal.STALE)
    metrics.on_call("post", "shown", 0.2)
    metrics.on_shown(1.5)
    metrics.show(Measured(loop_lag_s=0.004, cards_waiting=7))
    async with door(metrics=metrics) as client:
        shown = samples((await client.get("/metrics")).text)
    assert shown["watchkeeper_webhooks_total", (("outcome", "accepted"),)] == 1
    assert shown["watchkeeper_webhook_seconds_count", ()] == 1
    assert shown["watchkeeper_acks_total", (("family", "button"), ("outcome", "refused"))] == 1
    assert shown["watchkeeper_ack_seconds_sum", (("family", "button"),)] == pytest.approx(0.002)
    assert shown["watchkeeper_slack_refusals_total", (("reason", "stale"),)] == 1
    assert shown["watchkeeper_slack_calls_total", (("call", "post"), ("outcome", "shown"))] == 1
    assert shown["watchkeeper_shown_seconds_sum", ()] == 1.5
    assert shown["watchkeeper_loop_lag_seconds", ()] == 0.004
    assert shown["watchkeeper_cards_waiting", ()] == 7
    assert set(shown) == before


async def test_a_measurement_that_was_not_made_leaves_its_gauge() -> None:
    metrics = Metrics(LABELS)
    metrics.show(Measured(cards_waiting=7))
    metrics.show(Measured(notices_waiting=2))
    shown = samples(metrics.exposition().decode())
    assert (shown["watchkeeper_cards_waiting", ()], shown["watchkeeper_notices_waiting", ()]) == (7, 2)
