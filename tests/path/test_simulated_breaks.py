"""Every way to break the simulated platform, seen from Slack: an incident that names the fact, and its end."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.sandbox import cast
from tests.installation import Installation, SimulatedPlatform, installed, simulated_platform
from tests.path.steps import approve
from tests.real.processes import free_port
from tests.waiting import wait_until


@dataclass(frozen=True, slots=True)
class Case:
    """One break, what its card says, and what its evidence must name."""

    service: str
    kind: str
    title: str
    severity: str
    concerns: str
    evidence: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.kind}-{self.service}"


STOPS = (
    Case(
        "qdrant", "stop", "Service qdrant is down", "sev1", "qdrant", ("reset the connection", "stopped", "requests to")
    ),
    *(
        Case(name, "stop", f"Service {name} is down", "sev2", name, ("reset the connection", "stopped", "SIGTERM"))
        for name in ("daemon-coordinator", "mcp-server", "web-ui")
    ),
    Case("nginx", "stop", "Service nginx is down", "sev2", "nginx", ("refused the connection", "stopped", "SIGTERM")),
)
FAULTS = (
    Case(
        "mcp-server",
        "raise_errors",
        "High error rate",
        "sev2",
        "mcp-server",
        ("Share of requests that fail (5xx): ", "embedding model is not loaded"),
    ),
    Case(
        "mcp-server",
        "raise_latency",
        "High search latency",
        "sev2",
        "mcp-server",
        ("Search latency, 95 % are faster: 1.", "embedding workers are stuck"),
    ),
    Case(
        "mcp-server",
        "leak_memory",
        "High memory usage of mcp-server",
        "sev3",
        "mcp-server",
        ("Memory of mcp-server: ", "cache grows without evicting"),
    ),
    Case(
        "host",
        "fill_disk",
        "Low disk space on /qdrant/storage",
        "sev3",
        "",
        ("Disk in use", "mountpoint=/qdrant/storage", "88."),
    ),
)


@pytest.fixture
async def platform_and_bot(tmp_path: Path) -> AsyncIterator[tuple[SimulatedPlatform, Installation]]:
    """Yield a platform on which everything passes sixty times as fast, and a running bot."""
    port = free_port()
    async with (
        simulated_platform(tmp_path, port) as platform,
        installed(tmp_path, platform.addresses, bot_port=port) as installation,
    ):
        await installation.bot.start()
        yield platform, installation


async def evidence_of(it: Installation, card: dict[str, Any], *words: str) -> None:
    """Return once the thread below a card shows all words."""
    shown = ""

    async def there() -> bool:
        nonlocal shown
        thread = [
            message for message in await it.slack.thread(cast.INCIDENTS, card["ts"]) if message["ts"] != card["ts"]
        ]
        shown = json.dumps(thread, ensure_ascii=False)
        return all(word in shown for word in words)

    try:
        await wait_until(there, description=f"evidence with {words}", timeout_s=30)
    except AssertionError as exc:
        raise AssertionError(f"{exc}; the thread shows {shown}") from exc


async def is_resolved(it: Installation, title: str) -> None:
    """Return once the incident with a title is over by itself."""

    async def over() -> bool:
        texts = [json.dumps(card, ensure_ascii=False) for card in await it.cards()]
        return any(title in text and "Resolved by alert source" in text for text in texts)

    await wait_until(over, description=f"{title!r} is resolved", timeout_s=45)


async def is_told(it: Installation, case: Case) -> None:
    """Return once the card and the evidence below it say what is so."""
    card = await it.card_with(case.title)
    text = json.dumps(card, ensure_ascii=False)
    assert case.severity in text
    assert case.concerns in text
    await evidence_of(it, card, *case.evidence)


@pytest.mark.parametrize("case", FAULTS, ids=str)
async def test_a_fault_becomes_an_incident_that_names_it_and_ends_when_mended(
    platform_and_bot: tuple[SimulatedPlatform, Installation], case: Case
) -> None:
    platform, it = platform_and_bot
    await platform.damage(case.service, case.kind)
    await is_told(it, case)
    await platform.mend(case.service)
    await is_resolved(it, case.title)


async def test_services_stopped_together_are_told_apart(
    platform_and_bot: tuple[SimulatedPlatform, Installation],
) -> None:
    platform, it = platform_and_bot
    for case in STOPS:
        await platform.damage(case.service, case.kind)
    for case in STOPS:
        await is_told(it, case)
    for case in STOPS:
        await platform.mend(case.service)
    for case in STOPS:
        await is_resolved(it, case.title)


async def test_a_lost_alertmanager_is_silence_with_a_reason_until_it_is_restarted(
    platform_and_bot: tuple[SimulatedPlatform, Installation],
) -> None:
    platform, it = platform_and_bot
    await platform.damage("alertmanager", "lose_alertmanager")
    await platform.stop_service("web-ui")
    said = await it.run_command("ops", "alerts")
    assert "reset the connection" in said.out
    stands = await it.run_command("ops", "status", "alertmanager")
    assert "reset the connection" in stands.out

    async def fires_unheard() -> bool:
        alerts = (await platform.state())["alerts"]
        return any(alert["labels"].get("job") == "web-ui" and alert["firedAt"] for alert in alerts)

    await wait_until(fires_unheard, description="Prometheus fires the alert of web-ui", timeout_s=30)
    assert await it.cards() == []
    await it.slack.command(cast.BEN, cast.INCIDENTS, "/ops restart alertmanager")
    approval: list[dict[str, Any]] = []

    async def asked() -> bool:
        approval[:] = [it_ for it_ in await it.cards(cast.APPROVALS) if "approval.approve" in json.dumps(it_)]
        return bool(approval)

    await wait_until(asked, description="the request is in the approvals channel", timeout_s=30)
    await approve(it, cast.CHI, approval[0])
    await it.card_with("Service web-ui is down")
    assert (await platform.state())["restarts"]["alertmanager"] == 1
