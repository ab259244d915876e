"""Faults of the store, the engine and monitoring, on real parts: redis-server, dockerd, Prometheus, Alertmanager."""

from __future__ import annotations

import os
import shlex
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml
from redis.asyncio import Redis

from bot.domain.checks import Check, Level
from bot.sandbox import cast
from bot.sandbox.client import SandboxClient
from tests.doctor.examining import Fault, Installed, quoted, settings
from tests.installation import PLATFORM, SIGNING_SECRET, WEBHOOK_TOKEN, Bot, configuration, sandbox
from tests.installation import PlatformAddresses as Addresses
from tests.real.compose import ComposeProject, Service, qdrant_like
from tests.real.engine import DockerEngine
from tests.real.monitoring import Alertmanager, Prometheus, WebhookSink
from tests.real.processes import free_port
from tests.real.redis_server import RedisServer
from tests.waiting import wait_until

STORE_USER = "keeper"
STORE_PASSWORD = "open-sesame-of-the-tests"

PROFILE = """\
platform: {name: shop, title: A shop}
services:
  qdrant:
    role: keeps everything
    critical: true
    compose: qdrant
    probes:
      readyz: {kind: http, path: /readyz, ready: true}
    alerts: [{job: qdrant}]
  web:
    role: shows it
    critical: true
    depends_on: [qdrant]
    compose: web
    probes:
      health: {kind: http, path: /health, ready: true}
    alerts: [{job: web}]
metrics:
  up: {title: Targets, promql: min by (job) (up), unit: count, services: [qdrant]}
  rules: {title: Rules, promql: count(shop_rules), unit: count}
slos: {exempt: not yet}
assessment: {exempt: not yet}
severity:
  - {severity: sev1, matchers: {alertname: ServiceDown}}
  - {severity: sev3, matchers: {alertname: SlowSearch}}
  - {severity: sev2, matchers: {severity: critical}}
  - {severity: sev3, matchers: {severity: warning}}
  - {severity: sev3}
escalation:
  sev1: {respond_within: 15m, page_after: 5m, quiet_after: 30m}
  sev2: {respond_within: 30m, page_after: 30m, quiet_after: 30m}
  sev3: {respond_within: 2h, page_after: null, quiet_after: 4h}
  sev4: {respond_within: 8h, page_after: null, quiet_after: 4h}
backups: {exempt: not yet}
runbooks:
  restart:
    title: Restart one service
    risk: disruptive
    parameters:
      service: {kind: service, help: which one}
    steps:
      - compose.restart: {service: "{service}"}
    interrupts: "{service} is away for a moment."
    undo: A restart cannot be taken back.
schedules: {exempt: not yet}
security: {exempt: not yet}
capacity: {exempt: not yet}
refused: {exempt: nothing}
"""

NEVER = "vector(0) > 1"
RULES: Sequence[Mapping[str, Any]] = (
    {"alert": "ServiceDown", "expr": NEVER, "labels": {"severity": "critical"}},
    {"alert": "SlowSearch", "expr": NEVER, "labels": {"severity": "warning"}},
    {"alert": "Watchdog", "expr": "vector(1)", "labels": {"severity": "none"}},
    {"record": "shop_rules", "expr": "vector(3)"},
)
_TIMING = {"group_wait": "100ms", "group_interval": "1s", "repeat_interval": "1h"}


def alertmanager_config(port: int, deadman: str, people: str) -> dict[str, Any]:
    """Return a configuration with nothing to find: us, people for what is critical, a dead man's switch."""
    authorization = {"type": "Bearer", "credentials": WEBHOOK_TOKEN}
    ours = {
        "url": f"http://127.0.0.1:{port}/alertmanager/{PLATFORM}",
        "send_resolved": True,
        "http_config": {"authorization": authorization},
    }
    return {
        "route": {
            "receiver": "watchkeeper",
            "group_by": ["platform", "alertname"],
            **_TIMING,
            "routes": [
                {"receiver": "deadman", "matchers": ["alertname = Watchdog"]},
                {"receiver": "watchkeeper", "continue": True},
                {"receiver": "people", "matchers": ["severity = critical"]},
            ],
        },
        "receivers": [
            {"name": "watchkeeper", "webhook_configs": [ours]},
            {"name": "people", "webhook_configs": [{"url": people}]},
            {"name": "deadman", "webhook_configs": [{"url": deadman}]},
        ],
    }


@dataclass(slots=True)
class Plant:
    """A healthy installation on real parts, with a bot that is not started."""

    it: Installed
    slack: SandboxClient
    bot: Bot
    store: RedisServer
    other_store: RedisServer
    engine: DockerEngine
    project: ComposeProject
    alertmanager: Alertmanager
    prometheus: Prometheus
    routes: dict[str, Any]
    """Alertmanager's configuration, to be changed and loaded again."""
    watch: dict[str, Any]
    """Prometheus's configuration."""
    rules: list[Mapping[str, Any]]
    _healthy: tuple[dict[str, Any], dict[str, Any], list[Mapping[str, Any]]] = field(init=False)
    _loaded: tuple[str, str, str] = ("", "", "")

    def __post_init__(self) -> None:
        self._healthy = deepcopy((self.routes, self.watch, self.rules))

    async def heal(self) -> None:
        """Return to health, whatever the last test left."""
        self.it.heal()
        await self.bot.stop()
        async with self.redis() as redis:
            await redis.replicaof("NO", "ONE")
            await _execute(redis, "ACL", "SETUSER", STORE_USER, "on", f">{STORE_PASSWORD}", "~*", "&*", "+@all")
            for name, value in {"appendonly": "yes", "maxmemory-policy": "noeviction", "maxmemory": "0"}.items():
                await redis.config_set(name, value)
        self.routes, self.watch, self.rules = deepcopy(self._healthy)
        await self.reload()
        if await self.webhooks("failed_total"):
            await self.alertmanager.restart(keep_data=False)

    @asynccontextmanager
    async def redis(self) -> AsyncIterator[Redis]:
        """Yield a client of the store's keeper, who may do everything."""
        client = Redis.from_url(self.store.url)
        try:
            yield client
        finally:
            await client.aclose()

    async def webhooks(self, counter: str) -> int:
        """Return one of Alertmanager's counters of webhook notifications: ``total`` or ``failed_total``."""
        return int(
            await _metric(self.alertmanager.url, f'alertmanager_notifications_{counter}{{integration="webhook"}}')
        )

    def ours(self) -> dict[str, Any]:
        """Return our webhook in Alertmanager's configuration."""
        webhook: dict[str, Any] = self.routes["receivers"][0]["webhook_configs"][0]
        return webhook

    async def reload(self) -> None:
        """Let Alertmanager and Prometheus read their files again, as operators do, where they changed."""
        routes, watch = yaml.safe_dump(self.routes), yaml.safe_dump(self.watch)
        rules = yaml.safe_dump({"groups": [{"name": "tests", "rules": [dict(rule) for rule in self.rules]}]})
        before, self._loaded = self._loaded, (routes, watch, rules)
        if routes != before[0]:
            await self._reload_alertmanager(routes)
        if (watch, rules) != before[1:]:
            await self._reload_prometheus(watch, rules)

    async def _reload_alertmanager(self, text: str) -> None:
        reloads = await _metric(self.alertmanager.url, "alertmanager_config_last_reload_success_timestamp_seconds")
        (self.alertmanager.folder / "alertmanager.yml").write_text(text)

        async def read() -> bool:
            now = await _metric(self.alertmanager.url, "alertmanager_config_last_reload_success_timestamp_seconds")
            if now == reloads:  # its time has a resolution of a second
                os.kill(self.alertmanager.pid, signal.SIGHUP)
            return now != reloads

        await wait_until(read, description="Alertmanager read its file", interval_s=0.2)

    async def _reload_prometheus(self, text: str, rules: str) -> None:
        (self.prometheus.folder / "prometheus.yml").write_text(text)
        (self.prometheus.folder / "rules.yml").write_text(rules)
        os.kill(self.prometheus.pid, signal.SIGHUP)
        wanted = {str(rule["alert"]) for rule in self.rules if "alert" in rule}
        jobs = {str(job["job_name"]) for job in self.watch["scrape_configs"]}
        peers = "alerting" in self.watch

        async def read() -> bool:
            url = f"{self.prometheus.url}/api/v1"
            groups = (await _json(f"{url}/rules"))["data"]["groups"]
            targets = (await _json(f"{url}/targets?state=active"))["data"]["activeTargets"]
            active = (await _json(f"{url}/alertmanagers"))["data"]["activeAlertmanagers"]
            loaded = [rule for group in groups for rule in group["rules"]]
            found = {rule["name"] for rule in loaded if rule["type"] == "alerting"}
            scraped = {it["labels"]["job"] for it in targets if it["health"] != "unknown"}
            evaluated = all(rule["health"] != "unknown" for rule in loaded)
            return found == wanted and evaluated and scraped == jobs and bool(active) == peers

        await wait_until(read, description="Prometheus read its files", timeout_s=20)
        await self.prometheus.wait_for("count(shop_rules)", 1)


@asynccontextmanager
async def built(folder: Path, engine: DockerEngine) -> AsyncIterator[Plant]:
    """Yield the plant, everything in it healthy."""
    async with AsyncExitStack() as exits:
        port = free_port()
        slack = await exits.enter_async_context(sandbox(folder, port))
        store, other = RedisServer(folder, tcp=True), RedisServer(folder)
        for server in (store, other):
            exits.push_async_callback(server.discard)
            await server.start()
        project = ComposeProject(engine, "doctorshop", _made(folder / "shop"), _services())
        exits.push_async_callback(project.down)
        await project.up()
        sink = WebhookSink()
        exits.push_async_callback(sink.stop)
        await sink.start()
        routes = alertmanager_config(port, sink.url, sink.url)
        alertmanager = Alertmanager(folder / "alertmanager", routes)
        exits.push_async_callback(alertmanager.stop)
        await alertmanager.start()
        hosts = {name: [project.url(name).removeprefix("http://")] for name in ("qdrant", "web")}
        prometheus = Prometheus(
            folder / "prometheus",
            targets=hosts,
            rules=RULES,
            alertmanager=alertmanager,
            external_labels={"platform": PLATFORM},
        )
        exits.push_async_callback(prometheus.stop)
        await prometheus.start()
        watch = yaml.safe_load((folder / "prometheus" / "prometheus.yml").read_text())
        installed = _installed(folder, port, slack, store, project, alertmanager, prometheus)
        bot = Bot(folder, {**installed.environ, "PYTHONPATH": os.getcwd()}, port)
        exits.push_async_callback(bot.stop)
        yield Plant(
            installed, slack, bot, store, other, engine, project, alertmanager, prometheus, routes, watch, list(RULES)
        )


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _services() -> dict[str, Service]:
    return {"qdrant": qdrant_like(), "web": Service(answers={"health": "fine"})}


def _installed(
    folder: Path,
    port: int,
    slack: SandboxClient,
    store: RedisServer,
    project: ComposeProject,
    alertmanager: Alertmanager,
    prometheus: Prometheus,
) -> Installed:
    compose = {"project": project.name, "files": [str(project.file)], "docker_host": project.docker_host}
    services = {name: project.url(name) for name in ("qdrant", "web")}
    config = configuration(port, Addresses({"compose": compose}, alertmanager.url, prometheus.url, services))
    config["server"]["public_url"] = f"http://127.0.0.1:{port}"
    config["platforms"][0]["profile"] = "./shop.yaml"
    environ = {
        "SLACK_BOT_TOKEN": cast.BOT_TOKEN,
        "SLACK_SIGNING_SECRET": SIGNING_SECRET,
        "SLACK_API_URL": f"{slack.base_url}/api/",
        "REDIS_URL": f"redis://{STORE_USER}:{STORE_PASSWORD}@127.0.0.1:{store.port}/0",
        "WATCHKEEPER_CONFIG": str(folder / "watchkeeper.yaml"),
        "WATCHKEEPER_DATA_DIR": str(folder / "data"),
        "WEBHOOK_TOKEN": WEBHOOK_TOKEN,
    }
    return Installed(folder, environ, config, PROFILE)


async def _json(url: str) -> Any:
    async with httpx.AsyncClient(trust_env=False) as client:
        return (await client.get(url)).json()


async def _metric(url: str, name: str) -> str:
    async with httpx.AsyncClient(trust_env=False) as client:
        text = (await client.get(f"{url}/metrics")).text
    return next(line.partition(" ")[2] for line in text.splitlines() if line.startswith(f"{name} "))


async def _execute(redis: Redis, *words: str) -> None:
    await redis.execute_command(*words)  # type: ignore[no-untyped-call]


# The store


def configured(name: str, value: str) -> Callable[[Plant], Awaitable[None]]:
    """Return what sets the store to a wrong value."""

    async def plant(plant: Plant) -> None:
        async with plant.redis() as redis:
            await redis.config_set(name, value)

    return plant


async def _command_of_fix(plant: Plant, fix: str) -> None:
    """Run the command that the fix gives, at the store."""
    command = next(it for it in quoted(fix) if it.startswith(("CONFIG SET", "ACL SETUSER")))
    words = shlex.split(command.replace("<user>", STORE_USER).replace("<bytes>", "1gb"))
    async with plant.redis() as redis:
        await _execute(redis, *words)


async def _nearly_full(plant: Plant) -> None:
    async with plant.redis() as redis:
        used = int((await redis.info("memory"))["used_memory"])
        await redis.config_set("maxmemory", str(round(used / 0.95)))


async def _wrong_password(plant: Plant) -> None:
    plant.it.environ["REDIS_URL"] = plant.it.environ["REDIS_URL"].replace(STORE_PASSWORD, "wrong-password-here")


async def _right_password(plant: Plant, fix: str) -> None:
    form = next(it for it in quoted(fix) if it.startswith("redis://"))
    address = form.replace("USER", STORE_USER).replace("PASSWORD", STORE_PASSWORD)
    plant.it.environ["REDIS_URL"] = address.replace("HOST:6379", f"127.0.0.1:{plant.store.port}")


async def _narrow_rights(plant: Plant) -> None:
    async with plant.redis() as redis:
        await _execute(redis, "ACL", "SETUSER", STORE_USER, "resetchannels", "-xadd")


async def _no_scripts(plant: Plant) -> None:
    async with plant.redis() as redis:
        await _execute(redis, "ACL", "SETUSER", STORE_USER, "-@scripting")


async def _become_replica(plant: Plant) -> None:
    async with plant.redis() as redis:
        await redis.replicaof("127.0.0.1", "1")


async def _primary(plant: Plant, fix: str) -> None:
    assert fix.startswith("point REDIS_URL at the primary")
    plant.it.environ["REDIS_URL"] = plant.other_store.url


async def _store_away(plant: Plant) -> None:
    plant.it.environ["REDIS_URL"] = f"redis://127.0.0.1:{free_port()}/0"


async def _correct_store(plant: Plant, fix: str) -> None:
    assert "correct REDIS_URL" in fix
    plant.it.heal()


# Containers


def compose_of(plant: Plant) -> dict[str, Any]:
    """Return the section ``runtime.compose``."""
    section: dict[str, Any] = plant.it.platform["runtime"]["compose"]
    return section


async def _no_socket(plant: Plant) -> None:
    compose_of(plant)["docker_host"] = "unix:///run/no-such-docker.sock"


async def _correct_host(plant: Plant, fix: str) -> None:
    assert "correct runtime.compose.docker_host of search in watchkeeper.yaml" in fix
    compose_of(plant)["docker_host"] = plant.project.docker_host


async def _wrong_project(plant: Plant) -> None:
    compose_of(plant)["project"] = "docktorshop"


async def _correct_project(plant: Plant, fix: str) -> None:
    compose_of(plant)["project"] = fix.partition("of search to ")[2].partition(" in watchkeeper.yaml")[0]


async def _no_file(plant: Plant) -> None:
    compose_of(plant)["files"] = ["compose-that-is-not-there.yml"]


async def _correct_file(plant: Plant, fix: str) -> None:
    assert fix.startswith("correct runtime.compose.files of search")
    compose_of(plant)["files"] = [str(plant.project.file)]


async def _remove_web(plant: Plant) -> None:
    await plant.project.compose("rm", "--stop", "--force", "web")


async def _stop_web(plant: Plant) -> None:
    await plant.project.compose("stop", "web")


async def _compose_command(plant: Plant, fix: str) -> None:
    """Run the command that the fix gives, by the Compose binary of the tests."""
    words = shlex.split(next(it for it in quoted(fix) if it.startswith("docker compose")))
    assert words[2:4] == ["-p", plant.project.name]
    await plant.project.compose(*words[4:])
    await plant.project.wait_for("web", Health="healthy")


# Prometheus


async def _no_alertmanager(plant: Plant) -> None:
    del plant.watch["alerting"]
    await plant.reload()


async def _name_alertmanager(plant: Plant, fix: str) -> None:
    assert "alerting.alertmanagers" in quoted(fix)
    peers = [plant.alertmanager.url.removeprefix("http://")]
    plant.watch["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": peers}]}]}
    await plant.reload()


async def _lose_job(plant: Plant) -> None:
    plant.watch["scrape_configs"][0]["job_name"] = "qdrant-prod"
    await plant.reload()


async def _add_job(plant: Plant, fix: str) -> None:
    added = {**plant.watch["scrape_configs"][0], "job_name": settings(fix)["job_name"]}
    plant.watch["scrape_configs"].append(added)
    await plant.reload()


async def _no_rules(plant: Plant) -> None:
    plant.rules = [rule for rule in plant.rules if "record" in rule]
    await plant.reload()


async def _load_rules(plant: Plant, fix: str) -> None:
    assert "rule_files" in quoted(fix)
    plant.rules = list(RULES)
    await plant.reload()


async def _rename_rule(plant: Plant) -> None:
    plant.rules = [{**rule, "alert": "Slow"} if rule.get("alert") == "SlowSearch" else rule for rule in plant.rules]
    await plant.reload()


async def _add_rule(plant: Plant, fix: str) -> None:
    name = fix.partition("with these names (")[2].partition(")")[0]
    plant.rules = [*plant.rules, {"alert": name, "expr": NEVER, "labels": {"severity": "warning"}}]
    await plant.reload()


async def _no_series(plant: Plant) -> None:
    plant.it.platform["overrides"] = {"metrics": {"rules": {"promql": "count(shop_rules_of_yesterday)"}}}


async def _override_metric(plant: Plant, fix: str) -> None:
    assert "overrides: {metrics: …}" in quoted(fix)
    plant.it.platform["overrides"] = {"metrics": {"rules": {"promql": "count(shop_rules)"}}}


async def _prometheus_away(plant: Plant) -> None:
    plant.it.platform["prometheus"]["url"] = f"http://127.0.0.1:{free_port()}"


async def _correct_prometheus(plant: Plant, fix: str) -> None:
    assert "correct prometheus.url of search in watchkeeper.yaml" in fix
    plant.it.platform["prometheus"]["url"] = plant.prometheus.url


# Alertmanager


async def _alertmanager_away(plant: Plant) -> None:
    plant.it.platform["alertmanager"]["url"] = f"http://127.0.0.1:{free_port()}"


async def _correct_alertmanager(plant: Plant, fix: str) -> None:
    assert "correct alertmanager.url of search in watchkeeper.yaml" in fix
    plant.it.platform["alertmanager"]["url"] = plant.alertmanager.url


def webhook(**changed: Any) -> Callable[[Plant], Awaitable[None]]:
    """Return what changes our webhook in Alertmanager's configuration."""

    async def plant(plant: Plant) -> None:
        plant.ours().update(changed)
        await plant.reload()

    return plant


async def _settings_of_fix(plant: Plant, fix: str) -> None:
    """Put the settings that the fix gives into our webhook."""
    plant.ours().update(settings(fix))
    await plant.reload()


async def _wrong_path(plant: Plant) -> None:
    await webhook(url=plant.ours()["url"].replace(PLATFORM, "serch"))(plant)


async def _wrong_port(plant: Plant) -> None:
    await webhook(url=f"http://127.0.0.1:{free_port()}/alertmanager/{PLATFORM}")(plant)


async def _no_authorization(plant: Plant) -> None:
    del plant.ours()["http_config"]
    await plant.reload()


async def _authorize(plant: Plant, fix: str) -> None:
    assert {"authorization", "credentials_file", "http_config"} <= set(quoted(fix))
    secret = plant.it.folder / "watchkeeper.token"
    secret.write_text(WEBHOOK_TOKEN)
    plant.ours()["http_config"] = {"authorization": {"type": "Bearer", "credentials_file": str(secret)}}
    await plant.reload()


async def _warnings_elsewhere(plant: Plant) -> None:
    plant.routes["route"]["receiver"] = "people"
    plant.routes["route"]["routes"][1] = {
        "receiver": "watchkeeper",
        "matchers": ["severity = critical"],
        "continue": True,
    }
    await plant.reload()


async def _add_routes(plant: Plant, fix: str) -> None:
    first, last = [yaml.safe_load(it)[0] for it in quoted(fix) if it.startswith("- {")]
    routes = plant.routes["route"]["routes"]
    plant.routes["route"]["routes"] = [first, *routes, last]
    await plant.reload()


async def _each_alone(plant: Plant) -> None:
    plant.routes["route"]["group_by"] = ["..."]
    await plant.reload()


async def _group(plant: Plant, fix: str) -> None:
    plant.routes["route"].update(settings(fix))
    await plant.reload()


async def _us_alone(plant: Plant) -> None:
    plant.routes["route"]["routes"] = plant.routes["route"]["routes"][:1]
    await plant.reload()


async def _second_receiver(plant: Plant, fix: str) -> None:
    assert {"continue: true", "severity=critical"} <= set(quoted(fix))
    plant.routes["route"]["routes"] += [
        {"receiver": "watchkeeper", "continue": True},
        {"receiver": "people", "matchers": ["severity=critical"]},
    ]
    await plant.reload()


async def _no_watchdog(plant: Plant) -> None:
    plant.rules = [rule for rule in plant.rules if rule.get("alert") != "Watchdog"]
    await plant.reload()


async def _add_watchdog(plant: Plant, fix: str) -> None:
    name, expression, matcher = quoted(fix)[:3]
    plant.rules = [*plant.rules, {"alert": name, "expr": expression}]
    plant.routes["route"]["routes"] = [{"receiver": "deadman", "matchers": [matcher]}, *plant.routes["route"]["routes"]]
    await plant.reload()


async def _wrong_secret(plant: Plant) -> None:
    """Let a running bot refuse what Alertmanager sends."""
    plant.it.write()
    await plant.bot.start()
    plant.ours()["http_config"]["authorization"]["credentials"] = "not-the-secret-of-the-platform"
    await plant.reload()
    await plant.alertmanager.restart(keep_data=False)
    await plant.alertmanager.post("SlowSearch", platform=PLATFORM, severity="warning")

    async def refused() -> bool:
        failed = await plant.webhooks("failed_total")
        return 0 < failed < await plant.webhooks("total")  # the Watchdog's went through

    await wait_until(refused, description="Alertmanager was refused", timeout_s=30)


async def _right_secret(plant: Plant, fix: str) -> None:
    assert "401 is a wrong secret" in fix
    plant.ours()["http_config"]["authorization"]["credentials"] = WEBHOOK_TOKEN
    await plant.reload()
    await plant.alertmanager.restart(keep_data=False)


FAIL, WARN = Level.FAIL, Level.WARN

FAULTS: Sequence[Fault[Plant]] = (
    Fault(
        "no append-only file",
        Check.STORE_PERSISTENCE,
        FAIL,
        "appendonly no",
        "CONFIG SET appendonly yes",
        configured("appendonly", "no"),
        _command_of_fix,
    ),
    Fault(
        "eviction",
        Check.STORE_EVICTION,
        FAIL,
        "allkeys-lru",
        "noeviction",
        configured("maxmemory-policy", "allkeys-lru"),
        _command_of_fix,
    ),
    Fault("store nearly full", Check.STORE_MEMORY, FAIL, "are used", "raise maxmemory", _nearly_full, _command_of_fix),
    Fault("store password", Check.STORE_REACH, FAIL, "does not take", "REDIS_URL", _wrong_password, _right_password),
    Fault(
        "store away", Check.STORE_REACH, FAIL, "refused the connection", "start the store", _store_away, _correct_store
    ),
    Fault("store rights", Check.STORE_RIGHTS, FAIL, "xadd, publish", "ACL SETUSER", _narrow_rights, _command_of_fix),
    Fault("store scripts", Check.STORE_RIGHTS, FAIL, "eval", "ACL SETUSER", _no_scripts, _command_of_fix),
    Fault("store is a replica", Check.STORE_ROLE, FAIL, "replica", "the primary", _become_replica, _primary),
    Fault("no Docker socket", Check.RUNTIME_ENGINE, FAIL, "no socket", "docker_host", _no_socket, _correct_host),
    Fault(
        "wrong Compose project",
        Check.RUNTIME_PROJECT,
        FAIL,
        "no Compose project docktorshop",
        "doctorshop",
        _wrong_project,
        _correct_project,
    ),
    Fault(
        "no Compose file", Check.RUNTIME_FILES, FAIL, "does not exist", "runtime.compose.files", _no_file, _correct_file
    ),
    Fault(
        "removed service",
        Check.RUNTIME_SERVICES,
        FAIL,
        "no container of web",
        "up -d web",
        _remove_web,
        _compose_command,
    ),
    Fault(
        "stopped service",
        Check.RUNTIME_SERVICES,
        WARN,
        "web is stopped",
        "start web",
        _stop_web,
        _compose_command,
        code=1,
    ),
    Fault(
        "alerts go nowhere",
        Check.PROMETHEUS_ALERTMANAGERS,
        FAIL,
        "nowhere",
        "alerting.alertmanagers",
        _no_alertmanager,
        _name_alertmanager,
    ),
    Fault("missing job", Check.PROMETHEUS_JOBS, FAIL, "no job qdrant", "job_name: qdrant", _lose_job, _add_job),
    Fault("no alert rules", Check.PROMETHEUS_RULES, FAIL, "no alert rules", "rule_files", _no_rules, _load_rules),
    Fault("missing rule", Check.PROMETHEUS_RULES, WARN, "SlowSearch", "(SlowSearch)", _rename_rule, _add_rule),
    Fault("no series", Check.PROMETHEUS_METRICS, WARN, "Rules", "overrides", _no_series, _override_metric),
    Fault(
        "Prometheus away",
        Check.PROMETHEUS_READY,
        FAIL,
        "refused",
        "prometheus.url",
        _prometheus_away,
        _correct_prometheus,
    ),
    Fault(
        "Alertmanager away",
        Check.ALERTMANAGER_STATUS,
        FAIL,
        "refused",
        "alertmanager.url",
        _alertmanager_away,
        _correct_alertmanager,
    ),
    Fault("wrong path", Check.ALERTMANAGER_RECEIVER, FAIL, "no receiver", "url: http", _wrong_path, _settings_of_fix),
    Fault("wrong port", Check.ALERTMANAGER_ADDRESS, WARN, "we listen on", "url: http", _wrong_port, _settings_of_fix),
    Fault(
        "no resolved",
        Check.ALERTMANAGER_RESOLVED,
        FAIL,
        "alerts end",
        "send_resolved: true",
        webhook(send_resolved=False),
        _settings_of_fix,
    ),
    Fault(
        "groups are cut",
        Check.ALERTMANAGER_MAX_ALERTS,
        WARN,
        "after 5 alerts",
        "max_alerts: 0",
        webhook(max_alerts=5),
        _settings_of_fix,
    ),
    Fault(
        "no authorization",
        Check.ALERTMANAGER_AUTHORIZATION,
        FAIL,
        "sends no authorization",
        "credentials_file",
        _no_authorization,
        _authorize,
    ),
    Fault(
        "warnings go elsewhere",
        Check.ALERTMANAGER_ROUTE,
        FAIL,
        "SlowSearch",
        "continue: true",
        _warnings_elsewhere,
        _add_routes,
    ),
    Fault("no grouping", Check.ALERTMANAGER_GROUPING, WARN, "group of its own", "group_by", _each_alone, _group),
    Fault(
        "nobody else", Check.ALERTMANAGER_SECOND, WARN, "reach us alone", "second receiver", _us_alone, _second_receiver
    ),
    Fault("no Watchdog", Check.ALERTMANAGER_WATCHDOG, WARN, "no Watchdog", "vector(1)", _no_watchdog, _add_watchdog),
    Fault("wrong secret", Check.ALERTMANAGER_DELIVERIES, WARN, "failed", "401", _wrong_secret, _right_secret),
)
