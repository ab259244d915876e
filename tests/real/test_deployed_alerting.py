"""A real Alertmanager exposes the series that our rules ask it for."""

from __future__ import annotations

import httpx
import pytest

from tests.real.factories import MakesAlertmanager
from tests.real.monitoring import webhook_config

pytest_plugins = ("tests.real.parts",)


@pytest.mark.part("alertmanager")
async def test_it_counts_webhooks_that_failed(alertmanager: MakesAlertmanager) -> None:
    server = await alertmanager(webhook_config("http://127.0.0.1:9/hook", credentials="token"))
    async with httpx.AsyncClient(trust_env=False) as client:
        exposed = (await client.get(f"{server.url}/metrics")).text
    assert any(
        line.startswith("alertmanager_notifications_failed_total{") and 'integration="webhook"' in line
        for line in exposed.splitlines()
    )
