"""What must hold when a part of the real path forgets, lies or is replaced under the bot."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot.adapters import redis_keys as keys
from bot.domain.fault_points import FaultPoint
from bot.sandbox import cast
from tests.installation import Installation
from tests.path.steps import approve, ask_for_restart
from tests.real.engine import DockerEngine
from tests.real.factories import MakesAlertmanager, MakesProject, MakesRedisServer
from tests.real.stage import Stage, fire, staged
from tests.waiting import wait_until

pytest_plugins = ("tests.real.parts",)
pytestmark = [
    pytest.mark.part("dockerd"),
    pytest.mark.part("compose"),
    pytest.mark.part("alertmanager"),
    pytest.mark.timeout(180),
]


@pytest.fixture
async def stage(
    tmp_path: Path, docker_engine: DockerEngine, compose_project: MakesProject, alertmanager: MakesAlertmanager
) -> AsyncIterator[Stage]:
    async with staged(tmp_path, docker_engine, compose_project, alertmanager) as stage:
        yield stage


async def test_where_the_verdict_cannot_tell_no_restart_is_added_and_a_person_is_asked(stage: Stage) -> None:
    await stage.it.bot.launch(module=("tests.faults.killing_bot", FaultPoint.DRIVER_AFTER_BEGIN, "2", "0", "serve"))
    await fire(stage)
    approval = await ask_for_restart(stage.it)
    await approve(stage.it, cast.CHI, approval)
    await stage.it.bot.died()
    await stage.project.compose("up", "-d", "--force-recreate", "--wait", "qdrant")
    await stage.it.bot.start()
    card = await stage.it.reply_with("run.mark_done", timeout_s=90)
    assert "run.give_up" in json.dumps(card)
    assert await stage.restarts() == 0


async def test_alertmanager_restarted_with_an_empty_list_resolves_nothing(stage: Stage) -> None:
    await stage.it.bot.start()
    await fire(stage)
    await stage.it.card_with("ServiceDown")
    await stage.alertmanager.restart(keep_data=False)
    assert await stage.alertmanager.alerts() == []
    await stage.it.bot.kill()
    await stage.it.bot.start()
    await wait_until(lambda: len(stage.it.bot.lines("reconciled")) >= 3, description="three looks", timeout_s=30)
    assert not [it for it in await stage.it.thread() if "resolved" in json.dumps(it)]


@asynccontextmanager
async def on_redis(
    tmp_path: Path, compose_project: MakesProject, alertmanager: MakesAlertmanager, engine: DockerEngine, url: str
) -> AsyncIterator[Stage]:
    async with staged(tmp_path, engine, compose_project, alertmanager, environ={"REDIS_URL": url}) as stage:
        yield stage


@pytest.mark.part("redis-server")
@pytest.mark.parametrize("loss", ["emptied", "rolled back"])
async def test_a_store_that_forgot_freezes_risky_work_and_people_are_told(
    tmp_path: Path,
    docker_engine: DockerEngine,
    compose_project: MakesProject,
    alertmanager: MakesAlertmanager,
    redis_server: MakesRedisServer,
    loss: str,
) -> None:
    server = await redis_server()
    async with on_redis(tmp_path, compose_project, alertmanager, docker_engine, server.url) as stage:
        await stage.it.bot.start()
        await fire(stage)
        redis = Redis.from_url(server.url)
        kept = {key: await redis.dump(key) or b"" for key in await redis.keys("*")}
        await ask_for_restart(stage.it)
        await witnessed(stage.it, redis)
        await redis.flushall()
        if loss == "rolled back":
            for key, value in kept.items():
                await redis.restore(key, 0, value, replace=True)
        await redis.aclose()
        await told_the_administrators(stage.it, "Nothing risky is done any more")
        await stage.it.slack.command(cast.BEN, cast.GENERAL, "/ops restart qdrant")
        assert await stage.restarts() == 0
        await stage.it.slack.command(cast.ADA, cast.GENERAL, "/ops unfreeze --reason looked-at-it")
        assert stage.it.bot.process.is_running


async def witnessed(it: Installation, redis: Redis) -> None:
    """Return once the witness in the data folder has seen the newest audit entry; the sealer tells it each second."""
    kept = it.folder / "data" / "witness.json"

    async def seen() -> bool:
        newest = await redis.hget(keys.META, "audit_seq")
        return int(json.loads(kept.read_text())["audit_seq"]) == int(newest or 0)

    await wait_until(seen, description="the witness has seen the newest audit entry")


async def told_the_administrators(it: Installation, words: str) -> None:
    """Return once the administrators' channel shows ``words``."""

    async def told() -> bool:
        return words in json.dumps(await it.slack.messages(cast.ADMIN), ensure_ascii=False)

    await wait_until(told, description=f"administrators are told {words!r}", timeout_s=30)
