"""The path on real parts: Debian's Prometheus and Alertmanager, a private Docker engine, kill -9 at every named point.

The judge of effects is the engine's event stream; the judge of what people see is the stand-in for Slack.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from bot.domain.fault_points import FaultPoint
from bot.sandbox import cast
from bot.sandbox.client import Refused
from tests.installation import PLATFORM, WEBHOOK_TOKEN, Installation, installed
from tests.path.steps import approve, ask_for_restart, told_privately
from tests.real.compose import QDRANT_ANSWERS, qdrant_like
from tests.real.engine import DockerEngine
from tests.real.factories import MakesAlertmanager, MakesProject, MakesPrometheus
from tests.real.monitoring import webhook_config
from tests.real.processes import free_port
from tests.real.stage import Stage, addresses_of, fire, staged
from tests.waiting import wait_until

pytest_plugins = ("tests.real.parts",)
pytestmark = [
    pytest.mark.part("dockerd"),
    pytest.mark.part("compose"),
    pytest.mark.part("alertmanager"),
    pytest.mark.timeout(180),
]

SERVICE_DOWN: Mapping[str, Any] = {
    "alert": "ServiceDown",
    "expr": "up == 0",
    "for": "1s",
    "labels": {"severity": "critical"},
    "annotations": {"summary": "{{ $labels.job }} is down", "runbook_url": "https://runbooks.example/service-down"},
}


@pytest.fixture
async def stage(
    tmp_path: Path, docker_engine: DockerEngine, compose_project: MakesProject, alertmanager: MakesAlertmanager
) -> AsyncIterator[Stage]:
    async with staged(tmp_path, docker_engine, compose_project, alertmanager) as stage:
        yield stage


async def test_a_real_alert_leads_to_a_real_restart_with_a_second_persons_yes(stage: Stage) -> None:
    await stage.it.bot.start()
    await fire(stage)
    card = await stage.it.card_with("ServiceDown")
    evidence = await stage.it.reply_with("readyz")
    assert evidence["thread_ts"] == card["ts"]
    approval = await ask_for_restart(stage.it)
    await approve(stage.it, cast.BEN, approval)
    await told_privately(stage.it, cast.BEN, "your own request")
    await approve(stage.it, cast.CHI, approval)
    await stage.it.reply_with("healthy after", timeout_s=60)
    assert await stage.restarts() == 1
    await stage.alertmanager.post("ServiceDown", resolved=True, job="qdrant", platform=PLATFORM, severity="critical")
    await stage.it.reply_with("INC-1 is resolved")
    await fire(stage)
    await stage.it.reply_with("INC-1 is open again")
    assert len(await stage.it.cards()) == 1
    verdict = await stage.it.run_command("audit", "verify")
    assert verdict.code == 0, verdict.err


async def test_a_container_changed_after_the_yes_makes_it_void_and_shows_the_difference(stage: Stage) -> None:
    await stage.it.bot.start()
    await fire(stage)
    approval = await ask_for_restart(stage.it)
    await stage.project.compose("restart", "qdrant")
    await approve(stage.it, cast.CHI, approval)
    await stage.it.reply_with("started 1")
    assert await stage.restarts() == 1, "only the one made outside"


KILLS: Sequence[tuple[FaultPoint, int, int]] = [
    (FaultPoint.INTAKE_BEFORE_ABSORB, 1, 0),
    (FaultPoint.PLANNER_BEFORE_ASK, 1, 0),
    (FaultPoint.STARTER_AFTER_LEASE, 1, 0),
    (FaultPoint.STARTER_BEFORE_CONSUME, 1, 0),
    (FaultPoint.STARTER_AFTER_CONSUME, 1, 0),
    (FaultPoint.DRIVER_AFTER_CLAIM, 1, 0),
    (FaultPoint.DRIVER_BEFORE_BEGIN, 1, 0),
    (FaultPoint.DRIVER_BEFORE_BEGIN, 2, 0),
    (FaultPoint.DRIVER_AFTER_BEGIN, 2, 0),
    (FaultPoint.DRIVER_AFTER_BEGIN, 2, 5),
    (FaultPoint.DRIVER_AFTER_BEGIN, 2, 20),
    (FaultPoint.DRIVER_AFTER_BEGIN, 2, 60),
    (FaultPoint.DRIVER_AFTER_BEGIN, 2, 150),
    (FaultPoint.DRIVER_AFTER_BEGIN, 2, 300),
    (FaultPoint.DRIVER_AFTER_EFFECT, 2, 0),
    (FaultPoint.DRIVER_AFTER_END, 2, 0),
    (FaultPoint.DRIVER_AFTER_BEGIN, 3, 0),
    (FaultPoint.PUBLISHER_BEFORE_POST, 1, 0),
    (FaultPoint.PUBLISHER_AFTER_POST, 1, 0),
    (FaultPoint.PUBLISHER_BEFORE_SHOWN, 1, 0),
    (FaultPoint.SEALER_BEFORE_SEAL, 3, 0),
]
"""Point, n-th time, milliseconds later. The second step is the restart: five kills are inside its effect."""


def test_every_named_point_is_among_the_kills() -> None:
    assert {point for point, _, _ in KILLS} == set(FaultPoint)


@pytest.mark.parametrize(("point", "nth", "delay_ms"), KILLS)
async def test_killed_at_a_named_point_the_bot_goes_on_and_the_engine_sees_one_restart(
    stage: Stage, point: FaultPoint, nth: int, delay_ms: int
) -> None:
    await stage.it.bot.launch(module=("tests.faults.killing_bot", point, str(nth), str(delay_ms), "serve"))
    deaths = 0
    async with supervised(stage.it) as died:
        await fire(stage)
        await press_until(stage, cast.BEN, "Restart qdrant…", shown="approval.approve")
        await press_until(stage, cast.CHI, "Approve", shown="*RUN-1")
        await stage.it.reply_with("healthy after", timeout_s=60)
        deaths = len(died)
    assert deaths == 1, "the bomb went off"
    assert await stage.restarts() == 1
    assert len(await stage.it.cards()) == 1
    verdict = await stage.it.run_command("audit", "verify")
    assert verdict.code == 0, verdict.err


@asynccontextmanager
async def supervised(it: Installation) -> AsyncIterator[list[int]]:
    """Start the bot again whenever it is dead, as systemd would; yield the pids that died."""
    died: list[int] = []

    async def watch() -> None:
        while True:
            pid = it.bot.process.pid
            await wait_until(lambda: not it.bot.process.is_running, description="", timeout_s=600)
            died.append(pid)
            await it.bot.start()

    watcher = asyncio.create_task(watch())
    try:
        yield died
    finally:
        watcher.cancel()
        await asyncio.gather(watcher, return_exceptions=True)


async def press_until(stage: Stage, user: str, button: str, *, shown: str) -> None:
    """Press a button, again where a click met a dead bot, until ``shown`` is in the thread."""

    async def there() -> bool:
        if any(shown in json.dumps(it, ensure_ascii=False) for it in await stage.it.thread()):
            return True
        for message in reversed([*await stage.it.cards(), *await stage.it.thread()]):
            if button in json.dumps(message, ensure_ascii=False):
                with suppress(Refused):
                    await stage.it.slack.click(user, message, text=button)
                break
        return False

    await wait_until(there, description=f"{shown!r} after pressing {button!r}", timeout_s=60, interval_s=1)


@pytest.mark.part("prometheus")
async def test_prometheus_and_alertmanager_together_open_and_resolve_the_incident(
    tmp_path: Path, compose_project: MakesProject, alertmanager: MakesAlertmanager, prometheus: MakesPrometheus
) -> None:
    port = free_port()
    project = await compose_project({"qdrant": qdrant_like(answers={**QDRANT_ANSWERS, "metrics": "app_info 1\n"})})
    source = await alertmanager(
        webhook_config(f"http://127.0.0.1:{port}/alertmanager/{PLATFORM}", credentials=WEBHOOK_TOKEN)
    )
    target = project.url("qdrant").removeprefix("http://")
    metrics = await prometheus(targets={"qdrant": [target]}, rules=[SERVICE_DOWN], alertmanager=source)
    addresses = addresses_of(project, source.url, metrics.url)
    async with installed(tmp_path, addresses, bot_port=port) as it:
        await it.bot.start()
        await project.compose("stop", "--timeout", "1", "qdrant")
        await it.card_with("qdrant is down")
        await it.reply_with("exit code")
        await project.compose("start", "qdrant")
        await it.card_with("Resolved", timeout_s=60)
