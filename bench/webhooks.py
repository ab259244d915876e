"""Alertmanager's webhooks, made up: bodies of version 4 with the labels and the size of real ones."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import msgspec

from bench.http import post

_FINGERPRINT, _INSTANCE, _GROUP, _SINCE = "@fingerprint@", "@instance@", "@group@", "@since@"

_LABELS = {
    "alertname": "ServiceDown",
    "environment": "production",
    "group": _GROUP,
    "instance": _INSTANCE,
    "job": "mcp-server",
    "severity": "critical",
}
_ALERT = {
    "status": "firing",
    "labels": _LABELS,
    "annotations": {
        "summary": f"{_INSTANCE} does not answer",
        "description": f"{_INSTANCE} of group {_GROUP} has not answered a scrape for two minutes.",
        "runbook_url": "https://runbooks.example/service-down",
    },
    "startsAt": _SINCE,
    "endsAt": "0001-01-01T00:00:00Z",
    "generatorURL": "http://prometheus.example:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1",
    "fingerprint": _FINGERPRINT,
}
_ALERT_TEXT = json.dumps(_ALERT, separators=(",", ":"))


class Webhooks(msgspec.Struct, frozen=True, tag=True):
    """A number of webhooks for one platform; ``count`` above ``groups`` repeats them, so that they are known."""

    platform: str
    token: str
    name: str
    """Part of every group key and fingerprint: another name, other groups."""
    since: str
    """RFC 3339: since when the alerts fire."""
    count: int
    groups: int
    alerts: int
    """In each webhook."""
    resolved: bool = False

    def build(self) -> list[bytes]:
        """Return the HTTP requests."""
        path, headers = f"/alertmanager/{self.platform}", {"authorization": f"Bearer {self.token}"}
        distinct = [post(path, body, "application/json", headers) for body in self.bodies()]
        return [distinct[index % self.groups] for index in range(self.count)]

    def bodies(self) -> list[bytes]:
        """Return one body for each group."""
        return [self._body(f"{self.name}-{group}").encode() for group in range(self.groups)]

    def _body(self, group: str) -> str:
        alerts = ",".join(self._alert(group, f"search-{group}-{index}:8055") for index in range(self.alerts))
        common = {name: value for name, value in _LABELS.items() if name != "instance"} | {"group": group}
        rest: dict[str, Any] = {
            "receiver": "watchkeeper",
            "status": "resolved" if self.resolved else "firing",
            "groupLabels": {"alertname": "ServiceDown", "group": group},
            "commonLabels": common,
            "commonAnnotations": {"runbook_url": "https://runbooks.example/service-down"},
            "externalURL": "http://alertmanager.example:9093",
            "version": "4",
            "groupKey": f'{{}}:{{alertname="ServiceDown", group="{group}"}}',
            "truncatedAlerts": 0,
        }
        return f'{{"alerts":[{alerts}],{json.dumps(rest, separators=(",", ":"))[1:]}'

    def _alert(self, group: str, instance: str) -> str:
        print_ = hashlib.sha256(instance.encode()).hexdigest()[:16]
        text = _ALERT_TEXT.replace(_INSTANCE, instance).replace(_GROUP, group).replace(_FINGERPRINT, print_)
        text = text.replace(_SINCE, self.since)
        if not self.resolved:
            return text
        return text.replace('"firing"', '"resolved"').replace("0001-01-01T00:00:00Z", self.since)


def now_text() -> str:
    """Return this moment as Alertmanager writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
