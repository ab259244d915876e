"""The whole path on the simulated platform, as `make demo` plays it: every process is real, only the outside is not."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.sandbox import cast
from tests.installation import Installation, SimulatedPlatform, installed, simulated_platform
from tests.path.steps import approve, ask_for_restart, told_privately
from tests.real.processes import free_port


@pytest.fixture(params=["http", "socket mode"])
async def platform_and_bot(
    tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[tuple[SimulatedPlatform, Installation]]:
    """Yield a broken-able platform and a running bot, which Slack reaches either way."""
    socket_mode = request.param == "socket mode"
    port = free_port()
    async with (
        simulated_platform(tmp_path, port) as platform,
        installed(tmp_path, platform.addresses, bot_port=port, socket_mode=socket_mode) as installation,
    ):
        await installation.bot.start()
        await installation.connected(2 if socket_mode else 0)
        yield platform, installation


async def test_an_alert_becomes_a_thread_and_a_restart_with_a_second_persons_yes_heals_it(
    platform_and_bot: tuple[SimulatedPlatform, Installation],
) -> None:
    platform, it = platform_and_bot
    await platform.stop_service("qdrant")
    await it.card_with("ServiceDown")
    await it.reply_with("reset the connection")
    approval = await ask_for_restart(it)
    await approve(it, cast.BEN, approval)
    await told_privately(it, cast.BEN, "your own request")
    await approve(it, cast.CHI, approval)
    await it.reply_with("healthy after")
    await it.reply_with("INC-1 is resolved", timeout_s=60)
    assert (await platform.state())["restarts"]["qdrant"] == 1


async def test_the_terminal_asks_the_running_process_and_proves_the_audit(
    platform_and_bot: tuple[SimulatedPlatform, Installation],
) -> None:
    _, it = platform_and_bot
    answered = await it.run_command("ops", "platforms")
    assert answered.code == 0
    assert "search" in answered.out
    verdict = await it.run_command("audit", "verify")
    assert verdict.code == 0
    assert "entries hold" in verdict.out


async def test_a_slash_command_is_answered_to_the_person_alone(
    platform_and_bot: tuple[SimulatedPlatform, Installation],
) -> None:
    _, it = platform_and_bot
    await it.slack.command(cast.ELI, cast.GENERAL, "/ops platforms")
    shown = await it.slack.ephemerals(cast.ELI)
    assert "search" in json.dumps(shown[-1])
    assert await it.cards(cast.GENERAL) == []
