"""What the bot's intake builds on, as real Prometheus and Alertmanager behave."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from http import HTTPStatus
from pathlib import Path

import pytest
import pytest_asyncio

from tests.real.factories import MakesAlertmanager, MakesPrometheus
from tests.real.monitoring import Prometheus, WebhookSink, webhook_config
from tests.real.processes import ServerProcess, answers_ok, free_port
from tests.waiting import wait_until

pytest_plugins = ("tests.real.parts",)

DOWN = {
    "alert": "QdrantDown",
    "expr": 'up{job="qdrant"} == 0',
    "labels": {"severity": "critical"},
    "annotations": {"summary": "{{ $labels.instance }} does not answer"},
}


class Exporter:
    """A process that serves metrics until it is killed, on a port that it keeps."""

    def __init__(self, folder: Path) -> None:
        self.host = f"127.0.0.1:{free_port()}"
        self._log = folder / "exporter.log"
        self._process: ServerProcess | None = None

    async def start(self) -> None:
        port = self.host.rpartition(":")[2]
        serve = f"import threading, prometheus_client as p; p.start_http_server({port}, '127.0.0.1')"
        self._process = ServerProcess([sys.executable, "-c", f"{serve}; threading.Event().wait()"], log=self._log)
        await self._process.ready(lambda: answers_ok(f"http://{self.host}/metrics"))

    async def kill(self) -> None:
        assert self._process is not None
        await self._process.kill()


@pytest_asyncio.fixture
async def exporter(tmp_path: Path) -> AsyncIterator[Exporter]:
    exporter = Exporter(tmp_path)
    await exporter.start()
    yield exporter
    await exporter.kill()


@pytest.mark.part("prometheus")
@pytest.mark.part("alertmanager")
async def test_killed_exporter_fires_and_its_return_resolves(
    exporter: Exporter, alertmanager: MakesAlertmanager, prometheus: MakesPrometheus, webhook_sink: WebhookSink
) -> None:
    notifier = await alertmanager(webhook_config(webhook_sink.url, credentials="s3cret"))
    watcher: Prometheus = await prometheus(
        targets={"qdrant": [exporter.host]}, rules=[DOWN], alertmanager=notifier, external_labels={"platform": "search"}
    )
    await watcher.wait_for("up", 1)
    await exporter.kill()
    await wait_until(lambda: webhook_sink.got("QdrantDown", "firing"), description="it fires", timeout_s=15)
    first = webhook_sink.deliveries[0]
    assert first.authorization == "Bearer s3cret"
    assert (first.body["version"], first.body["receiver"]) == ("4", "bot")
    assert first.body["groupKey"] == '{}:{alertname="QdrantDown", platform="search"}'
    assert first.body["alerts"][0]["annotations"] == {"summary": f"{exporter.host} does not answer"}
    await exporter.start()
    await wait_until(lambda: webhook_sink.got("QdrantDown", "resolved"), description="it resolves", timeout_s=15)
    fingerprints = {alert["fingerprint"] for delivery in webhook_sink.deliveries for alert in delivery.body["alerts"]}
    assert len(fingerprints) == 1


@pytest.mark.part("alertmanager")
async def test_posted_alert_is_delivered_and_listed(alertmanager: MakesAlertmanager, webhook_sink: WebhookSink) -> None:
    notifier = await alertmanager(webhook_config(webhook_sink.url, credentials="s3cret"))
    await notifier.post("DiskFull", platform="search", severity="warning")
    await wait_until(lambda: webhook_sink.got("DiskFull", "firing"), description="it is delivered")
    (listed,) = await notifier.alerts(filter='platform="search"')
    assert listed["fingerprint"] == webhook_sink.deliveries[0].body["alerts"][0]["fingerprint"]
    await notifier.post("DiskFull", resolved=True, platform="search", severity="warning")
    await wait_until(lambda: webhook_sink.got("DiskFull", "resolved"), description="it is resolved")


@pytest.mark.part("alertmanager")
async def test_alertmanager_emptied_by_a_restart_lists_nothing(
    alertmanager: MakesAlertmanager, webhook_sink: WebhookSink
) -> None:
    notifier = await alertmanager(webhook_config(webhook_sink.url, credentials="s3cret"))
    await notifier.post("DiskFull", platform="search")
    assert len(await notifier.alerts()) == 1
    await notifier.restart(keep_data=False)
    assert await notifier.alerts() == []


@pytest.mark.part("alertmanager")
async def test_refused_delivery_is_tried_again(alertmanager: MakesAlertmanager, webhook_sink: WebhookSink) -> None:
    webhook_sink.status = HTTPStatus.SERVICE_UNAVAILABLE
    notifier = await alertmanager(webhook_config(webhook_sink.url, credentials="s3cret"))
    await notifier.post("DiskFull", platform="search")
    await wait_until(lambda: len(webhook_sink.deliveries) >= 2, description="it is tried twice")
    webhook_sink.status = HTTPStatus.OK
    tried = len(webhook_sink.deliveries)
    await wait_until(lambda: len(webhook_sink.deliveries) > tried, description="it arrives")
