"""Real Prometheus and Alertmanager with the impatience that tests need, and a small sink for what they send."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
import yaml
from aiohttp import web

from tests.real.processes import ServerProcess, answers_ok, free_port, require_part
from tests.waiting import wait_until


@dataclass(frozen=True, slots=True)
class Delivery:
    """One webhook request as it arrived, refused ones included."""

    authorization: str
    body: Mapping[str, Any]

    @property
    def statuses(self) -> Sequence[tuple[str, str]]:
        """Return ``(alertname, status)`` of each alert in the body."""
        return [(alert["labels"]["alertname"], alert["status"]) for alert in self.body["alerts"]]


class WebhookSink:
    """Takes what Alertmanager posts to ``url``. ``status`` is what it answers, to be changed at will."""

    def __init__(self) -> None:
        self.deliveries: list[Delivery] = []
        self.status = HTTPStatus.OK
        self.url = ""
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen on a free loopback port."""
        app = web.Application()
        app.router.add_post("/hook", self._take)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        port = free_port()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        self.url = f"http://127.0.0.1:{port}/hook"

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def got(self, alertname: str, status: str) -> bool:
        """Return whether a delivery said that the alert is ``firing`` or ``resolved``."""
        return any((alertname, status) in delivery.statuses for delivery in self.deliveries)

    async def _take(self, request: web.Request) -> web.Response:
        self.deliveries.append(Delivery(request.headers.get("Authorization", ""), await request.json()))
        return web.Response(status=self.status)


def webhook_config(url: str, *, credentials: str, **webhook: Any) -> dict[str, Any]:
    """Return an Alertmanager configuration with one webhook receiver, ``bot``, that is told within a second.

    ``webhook`` is merged into the receiver's ``webhook_config`` (``max_alerts``, …).
    """
    authorization = {"type": "Bearer", "credentials": credentials}
    receiver = {"url": url, "send_resolved": True, "http_config": {"authorization": authorization}, **webhook}
    timing = {"group_wait": "100ms", "group_interval": "1s", "repeat_interval": "1h"}
    return {
        "route": {"receiver": "bot", "group_by": ["platform", "alertname"], **timing},
        "receivers": [{"name": "bot", "webhook_configs": [receiver]}],
    }


class Alertmanager:
    """A real Alertmanager with a port and a folder of its own. ``url`` is its root, ``api`` its API v2."""

    def __init__(self, folder: Path, config: Mapping[str, Any], *, flags: Sequence[str] = ()) -> None:
        self.folder = folder
        self.url = f"http://127.0.0.1:{free_port()}"
        self.api = f"{self.url}/api/v2"
        self._flags = tuple(flags)
        self._process: ServerProcess | None = None
        self.configure(config)

    def configure(self, config: Mapping[str, Any]) -> None:
        """Write the configuration; a running server reads it at its next start."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "alertmanager.yml").write_text(yaml.safe_dump(dict(config)))

    async def start(self) -> None:
        """Start on the data that is there; return when it is ready."""
        argv = [require_part("alertmanager"), f"--config.file={self.folder}/alertmanager.yml"]
        argv += [f"--storage.path={self.folder}/data", f"--web.listen-address={self.url.removeprefix('http://')}"]
        argv += ["--cluster.listen-address=", *self._flags]  # no gossip: nothing but loopback
        self._process = ServerProcess(argv, log=self.folder / "alertmanager.log")
        await self._process.ready(lambda: answers_ok(f"{self.url}/-/ready"))

    @property
    def pid(self) -> int:
        """The server's process; SIGHUP lets it read its files again."""
        assert self._process is not None, "it was not started"
        return self._process.pid

    async def stop(self) -> None:
        if self._process is not None:
            await self._process.stop()

    async def restart(self, *, keep_data: bool) -> None:
        """Stop and start it. It keeps silences and what it has sent; alerts never survive (they are in memory)."""
        await self.stop()
        if not keep_data:
            shutil.rmtree(self.folder / "data", ignore_errors=True)
        await self.start()

    async def post(self, alertname: str, *, resolved: bool = False, **labels: str) -> None:
        """Fire an alert for five minutes, or resolve it; annotations hold a summary."""
        now = datetime.now(UTC)
        ends = now if resolved else now + timedelta(minutes=5)
        alert = {
            "labels": {"alertname": alertname, **labels},
            "annotations": {"summary": f"{alertname} for a test"},
            "endsAt": ends.isoformat(),
        }
        async with httpx.AsyncClient(trust_env=False) as client:
            (await client.post(f"{self.api}/alerts", json=[alert])).raise_for_status()

    async def alerts(self, **query: str) -> Sequence[Mapping[str, Any]]:
        """Return what ``GET /api/v2/alerts`` lists."""
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.get(f"{self.api}/alerts", params=query)
        answer.raise_for_status()
        listed: list[Mapping[str, Any]] = answer.json()
        return listed


class Prometheus:
    """A real Prometheus that scrapes and evaluates five times a second."""

    def __init__(
        self,
        folder: Path,
        *,
        targets: Mapping[str, Sequence[str]],
        rules: Sequence[Mapping[str, Any]] = (),
        alertmanager: Alertmanager | None = None,
        external_labels: Mapping[str, str] | None = None,
    ) -> None:
        """``targets`` maps a job to its ``host:port`` list; ``rules`` are entries of one rule group."""
        self.folder = folder
        self.url = f"http://127.0.0.1:{free_port()}"
        self._process: ServerProcess | None = None
        folder.mkdir(parents=True, exist_ok=True)
        quick = {"scrape_interval": "200ms", "scrape_timeout": "200ms", "evaluation_interval": "200ms"}
        config: dict[str, Any] = {
            "global": {**quick, "external_labels": dict(external_labels or {})},
            "rule_files": ["rules.yml"],
            "scrape_configs": [
                {"job_name": job, "static_configs": [{"targets": list(hosts)}]} for job, hosts in targets.items()
            ],
        }
        if alertmanager is not None:
            peers = [alertmanager.url.removeprefix("http://")]
            config["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": peers}]}]}
        groups = [{"name": "tests", "rules": [dict(rule) for rule in rules]}] if rules else []
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        (folder / "rules.yml").write_text(yaml.safe_dump({"groups": groups}))

    async def start(self) -> None:
        """Start on the data that is there; return when it is ready."""
        argv = [require_part("prometheus"), f"--config.file={self.folder}/prometheus.yml"]
        argv += [f"--storage.tsdb.path={self.folder}/data", f"--web.listen-address={self.url.removeprefix('http://')}"]
        argv += ["--rules.alert.resend-delay=1s"]
        self._process = ServerProcess(argv, log=self.folder / "prometheus.log")
        await self._process.ready(lambda: answers_ok(f"{self.url}/-/ready"))

    @property
    def pid(self) -> int:
        """The server's process; SIGHUP lets it read its files again."""
        assert self._process is not None, "it was not started"
        return self._process.pid

    async def stop(self) -> None:
        if self._process is not None:
            await self._process.stop()

    async def query(self, expression: str) -> Sequence[tuple[Mapping[str, str], float]]:
        """Return the instant vector of ``expression`` as labels and value."""
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.get(f"{self.url}/api/v1/query", params={"query": expression})
        answer.raise_for_status()
        return [(sample["metric"], float(sample["value"][1])) for sample in answer.json()["data"]["result"]]

    async def wait_for(self, expression: str, value: float, *, timeout_s: float = 15) -> None:
        """Return once ``expression`` has a sample with ``value``."""

        async def reached() -> bool:
            return any(found == value for _, found in await self.query(expression))

        await wait_until(reached, description=f"{expression} is {value}", timeout_s=timeout_s)
