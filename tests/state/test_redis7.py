"""The scripts on Redis 7.0, the oldest server they run on: the way of one alert and of one run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from bot.domain.approvals import ApprovalOutcome
from bot.domain.incidents import IncidentState
from bot.domain.runs import RunState
from tests.real.redis_server import RedisServer
from tests.state.builders import ALL_KINDS, REOPEN_WINDOW, Clock, a_group, an_alert, resolved
from tests.state.conftest import DeadDrivers, State, a_state

pytestmark = pytest.mark.part("redis-server")


@pytest_asyncio.fixture
async def on_redis7(tmp_path: Path, clock: Clock, dead: DeadDrivers) -> AsyncIterator[State]:
    server = RedisServer(tmp_path)
    await server.start()
    client = Redis.from_url(server.url, decode_responses=False)
    try:
        yield a_state(client, clock, dead)
    finally:
        await client.aclose()
        await server.discard()


async def test_an_alert_comes_goes_and_is_archived(on_redis7: State, clock: Clock) -> None:
    state = on_redis7
    incident = await state.an_incident(a_group(*(an_alert(number) for number in range(4000))))
    await state.receive(a_group(*(resolved(number) for number in range(4000))))
    clock.forward(REOPEN_WINDOW)
    for kind, subject, at in await state.timers.due(10, ALL_KINDS):
        await state.timers.done(kind, subject, at)
    await state.incidents.close_window(incident.id)
    assert (await state.incidents.get(incident.id)).state is IncidentState.RESOLVED


async def test_a_run_is_asked_for_started_driven_and_over(on_redis7: State) -> None:
    state = on_redis7
    approval = await state.approved()
    assert await state.start(approval.id) is ApprovalOutcome.CONSUMED
    claim = await state.ledger.claim((await state.runs.recent(1))[0].id, "driver")
    assert claim.run is not None
    await state.ledger.beat(claim.run.id, claim.fence)
    await state.ledger.begin_step(claim.run.id, claim.fence, 0, {})
    over = await state.ledger.end_step(claim.run.id, claim.fence, 0, "restarted")
    assert over.state.state is RunState.DONE
