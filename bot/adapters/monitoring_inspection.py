"""Prometheus and Alertmanager asked about their own configuration: what they watch, and whom they tell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import msgspec
import yaml

from bot.adapters.foreign_shapes import promised
from bot.adapters.http_calls import Answer, NoAnswer, address, ask, decoded, joined, one_line, refused_status
from bot.adapters.prometheus import PrometheusApi
from bot.domain.profiles import Metric
from bot.ports.inspection import (
    AlertmanagerFacts,
    AlertRule,
    DeliveryCounts,
    Matcher,
    NotAnswered,
    Receiver,
    Route,
    Webhook,
)

WITHIN = timedelta(seconds=4)
HIDDEN = "<secret>"
"""What Alertmanager prints in place of a secret; since 0.26 a webhook's address is one."""

_PROMETHEUS = "Prometheus's API"
_MATCHER = re.compile(r"""\s*("(?:[^"\\]|\\.)*"|[^\s"=!~,{}]+)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|[^,}]*)\s*""")
_COUNT = re.compile(r"^(alertmanager_notifications(?:_failed)?_total)\{([^}]*)\} ([0-9.e+]+)", re.MULTILINE)


class _Data(msgspec.Struct):
    data: Any


_JSON = msgspec.json.Decoder(_Data)


class _Version(msgspec.Struct, frozen=True):
    version: str = "?"


class _Cluster(msgspec.Struct, frozen=True):
    status: str = "?"


class _Config(msgspec.Struct):
    original: str


class _Status(msgspec.Struct, rename="camel"):
    config: _Config
    version_info: _Version = _Version()
    cluster: _Cluster = _Cluster()


_STATUS = msgspec.json.Decoder(_Status)


class PrometheusInspectionApi:
    """One Prometheus; fits `bot.ports.inspection.PrometheusInspection`."""

    def __init__(self, url: str, client: httpx.AsyncClient, *, within: timedelta = WITHIN) -> None:
        """Take the base address, a client somebody else closes, and the longest time a question may take."""
        self._url = url
        self._client = client
        self._within = within
        self._values = PrometheusApi(url, client, within=within)

    async def ready(self) -> None:
        """Return when it says that it is ready."""
        answer = await self._get("-/ready")
        if answer.status != httpx.codes.OK:
            raise NotAnswered(refused_status(answer))

    async def alertmanagers(self) -> Sequence[str]:
        """Return the addresses it sends alerts to."""
        data = await self._data("api/v1/alertmanagers")
        with promised(_PROMETHEUS):
            return [address(str(it["url"])) for it in data.get("activeAlertmanagers") or ()]

    async def jobs(self) -> frozenset[str]:
        """Return the jobs it scrapes."""
        data = await self._data("api/v1/targets?state=active")
        with promised(_PROMETHEUS):
            return frozenset(str(it["labels"].get("job", "")) for it in data.get("activeTargets") or ())

    async def rules(self) -> Sequence[AlertRule]:
        """Return its alerting rules."""
        data = await self._data("api/v1/rules?type=alert")
        with promised(_PROMETHEUS):
            rules = [rule for group in data.get("groups") or () for rule in group.get("rules") or ()]
            return [_rule(rule) for rule in rules if rule.get("type", "alerting") == "alerting"]

    async def external_labels(self) -> Mapping[str, str]:
        """Return the labels it adds to every alert."""
        text = str((await self._data("api/v1/status/config")).get("yaml", ""))
        with promised(_PROMETHEUS):
            labels = (_loaded(text).get("global") or {}).get("external_labels") or {}
            return {str(name): str(value) for name, value in labels.items()}

    async def why_no_data(self, metric: Metric) -> str | None:
        """Return why the metric has no value; None where it has one."""
        samples = await self._values.sample(metric)
        return None if any(sample.value is not None for sample in samples) else samples[0].why_missing

    async def _data(self, path: str) -> Mapping[str, Any]:
        try:
            data = decoded(await self._get(path), _JSON).data
        except NoAnswer as exc:
            raise NotAnswered(exc.why) from exc
        return data if isinstance(data, dict) else {}

    async def _get(self, path: str) -> Answer:
        try:
            return await ask(self._client, joined(self._url, path), within=self._within)
        except NoAnswer as exc:
            raise NotAnswered(exc.why) from exc


def _rule(rule: Mapping[str, Any]) -> AlertRule:
    error = one_line(str(rule.get("lastError") or rule.get("health"))) if rule.get("health") == "err" else ""
    labels = {str(name): str(value) for name, value in (rule.get("labels") or {}).items()}
    # A label that is a template is decided by the expression, so it is not known.
    return AlertRule(str(rule["name"]), {name: it for name, it in labels.items() if "{{" not in it}, error)


class AlertmanagerInspectionApi:
    """One Alertmanager; fits `bot.ports.inspection.AlertmanagerInspection`."""

    def __init__(self, url: str, client: httpx.AsyncClient, *, within: timedelta = WITHIN) -> None:
        """Take the base address, a client somebody else closes, and the longest time a question may take."""
        self._url = url
        self._client = client
        self._within = within

    async def facts(self) -> AlertmanagerFacts:
        """Return its version and its configuration."""
        try:
            answer = await ask(self._client, joined(self._url, "api/v2/status"), within=self._within)
            status = decoded(answer, _STATUS)
        except NoAnswer as exc:
            raise NotAnswered(exc.why) from exc
        facts = read_configuration(status.config.original)
        return replace(facts, version=status.version_info.version, cluster=status.cluster.status)

    async def deliveries(self) -> DeliveryCounts | None:
        """Return how its webhooks went; None where its metrics cannot be had."""
        try:
            answer = await ask(self._client, joined(self._url, "metrics"), within=self._within)
        except NoAnswer:
            return None
        with promised("Alertmanager's metrics"):
            counted = _webhook_counts(answer.body.decode("utf-8", "replace"))
        if answer.status != httpx.codes.OK or "alertmanager_notifications_total" not in counted:
            return None
        return DeliveryCounts(
            sent=round(counted["alertmanager_notifications_total"]),
            failed=round(counted.get("alertmanager_notifications_failed_total", 0)),
        )


def read_configuration(text: str) -> AlertmanagerFacts:
    """Return what a configuration says, as Alertmanager prints it. Raises NotAnswered where it has no route."""
    with promised("Alertmanager's configuration"):
        return _facts(_loaded(text))


def _facts(config: Mapping[str, Any]) -> AlertmanagerFacts:
    if not isinstance(config.get("route"), dict):
        raise NotAnswered("shows a configuration without a route; is it an Alertmanager?")
    receivers = [_receiver(it) for it in config.get("receivers") or ()]
    return AlertmanagerFacts(
        version="?",
        cluster="?",
        receivers={receiver.name: receiver for receiver in receivers},
        route=_route(config["route"], parent=Route("", (), (), goes_on=False)),
    )


def _webhook_counts(text: str) -> dict[str, float]:
    """Return the counters of the webhook integration, summed over their other labels."""
    counted: dict[str, float] = {}
    for name, labels, value in _COUNT.findall(text):
        if 'integration="webhook"' in labels:
            counted[name] = counted.get(name, 0.0) + float(value)
    return counted


class _WithoutAliases(yaml.SafeLoader):
    """Both print their configuration written out; an alias could mean itself, or a million copies of a line."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("an alias")
        return super().compose_node(parent, index)


def _loaded(text: str) -> Mapping[str, Any]:
    try:
        loaded = yaml.load(text, _WithoutAliases)  # noqa: S506 - a SafeLoader that takes even less
    except yaml.YAMLError as exc:
        raise NotAnswered("shows a configuration that is not YAML") from exc
    return loaded if isinstance(loaded, dict) else {}


def _receiver(entry: Mapping[str, Any]) -> Receiver:
    ways = {name: configs for name, configs in entry.items() if name.endswith("_configs") and configs}
    webhooks = tuple(_webhook(it) for it in ways.pop("webhook_configs", ()))
    return Receiver(str(entry.get("name", "")), webhooks, sum(len(configs) for configs in ways.values()))


def _webhook(entry: Mapping[str, Any]) -> Webhook:
    http = entry.get("http_config") or {}
    url = str(entry.get("url") or "")
    return Webhook(
        url="" if url == HIDDEN else address(url) if url else "",
        send_resolved=bool(entry.get("send_resolved", True)),
        max_alerts=int(entry.get("max_alerts") or 0),
        authorization=_scheme(http, url),
        user=str((http.get("basic_auth") or {}).get("username") or ""),
    )


def _scheme(http: Mapping[str, Any], url: str) -> str:
    if "authorization" in http:
        return str((http["authorization"] or {}).get("type") or "Bearer")
    if "bearer_token" in http or "bearer_token_file" in http:
        return "Bearer"
    if "oauth2" in http:
        return "OAuth 2.0"
    return "Basic" if "basic_auth" in http or "@" in url.partition("//")[2].partition("/")[0] else ""


def _route(entry: Mapping[str, Any], *, parent: Route) -> Route:
    """Return a node with what it inherits; matchers and ``continue`` are never inherited."""
    group_by = entry.get("group_by")
    here = Route(
        receiver=str(entry.get("receiver") or parent.receiver),
        matchers=tuple(_matchers(entry)),
        group_by=parent.group_by if group_by is None else tuple(map(str, group_by)),
        goes_on=bool(entry.get("continue")),
    )
    routes = tuple(_route(child, parent=here) for child in entry.get("routes") or ())
    return Route(here.receiver, here.matchers, here.group_by, here.goes_on, routes)


def _matchers(entry: Mapping[str, Any]) -> Iterator[Matcher]:
    for label, value in (entry.get("match") or {}).items():
        yield Matcher(str(label), "=", str(value))
    for label, pattern in (entry.get("match_re") or {}).items():
        yield Matcher(str(label), "=~", str(pattern))
    for text in entry.get("matchers") or ():
        for label, operator, value in _MATCHER.findall(str(text).strip().strip("{}")):
            yield Matcher(_unquoted(label), operator, _unquoted(value))


def _unquoted(text: str) -> str:
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        return re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], text[1:-1])
    return text
