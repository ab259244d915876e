"""The Alertmanager configuration that people copy survives our absence, judged by Alertmanager's own tool."""

from __future__ import annotations

from typing import Any

import pytest

from handlers.alertmanager import PlatformIntake
from tests.deploy.files import ALERTMANAGER, DEPLOY, alert_rules, judged_by, read_yaml

WATCHDOG = {"alertname": "Watchdog", "severity": "none"}
CRITICAL = {"alertname": "QdrantDown", "platform": "search-prod", "severity": "critical"}
WARNING = {**CRITICAL, "severity": "warning"}
OURS = {"alertname": "WatchkeeperDown", "severity": "critical", "component": "watchkeeper"}


@pytest.mark.part("alertmanager")
def test_alertmanager_takes_it() -> None:
    judged_by("amtool", "check-config", str(ALERTMANAGER))


@pytest.mark.part("alertmanager")
@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        (WATCHDOG, "dead-mans-switch,watchkeeper"),
        (CRITICAL, "watchkeeper,people"),
        (WARNING, "watchkeeper"),
        (OURS, "people"),
    ],
    ids=["watchdog", "critical", "warning", "ours"],
)
def test_each_kind_of_alert_takes_its_way(labels: dict[str, str], receivers: str) -> None:
    given = [f"{name}={value}" for name, value in labels.items()]
    argv = ["config", "routes", "test", f"--config.file={ALERTMANAGER}", f"--verify.receivers={receivers}", *given]
    assert judged_by("amtool", *argv).strip().splitlines()[-1] == receivers


@pytest.mark.part("alertmanager")
def test_each_of_our_own_alerts_reaches_people_without_us() -> None:
    for rule in alert_rules():
        given = [f"{name}={value}" for name, value in {"alertname": rule["alert"], **rule["labels"]}.items()]
        answer = judged_by("amtool", "config", "routes", "test", f"--config.file={ALERTMANAGER}", *given)
        wanted = "dead-mans-switch,watchkeeper" if rule["alert"] == "Watchdog" else "people"
        assert answer.strip().splitlines()[-1] == wanted, rule["alert"]


def test_our_receiver_carries_whole_groups_their_end_and_the_bearer_that_the_door_takes() -> None:
    (webhook,) = _receiver("watchkeeper")["webhook_configs"]
    assert (webhook["send_resolved"], webhook["max_alerts"]) == (True, 0)
    authorization = webhook["http_config"]["authorization"]
    assert "credentials_file" in authorization
    assert "credentials" not in authorization
    assert PlatformIntake((b"token",)).admits(f"{authorization['type']} token".encode())


def test_people_are_reached_without_slack_and_without_us() -> None:
    assert _receiver("people").keys() == {"name", "email_configs"}


def test_the_watchdog_comes_often_enough_for_the_rule_that_listens() -> None:
    routes = [route for route in read_yaml(ALERTMANAGER)["route"]["routes"] if "Watchdog" in str(route.get("matchers"))]
    assert {route["repeat_interval"] for route in routes} == {"5m"}
    (rule,) = [rule for rule in alert_rules() if rule["alert"] == "WatchkeeperHearsNothing"]
    assert "[10m]" in rule["expr"]
    assert rule["for"] == "10m"


@pytest.mark.part("prometheus")
def test_prometheus_takes_its_configuration_and_finds_the_rules() -> None:
    assert "1 rule files found" in judged_by("promtool", "check", "config", str(DEPLOY / "prometheus.yml"))


def _receiver(name: str) -> dict[str, Any]:
    (found,) = [receiver for receiver in read_yaml(ALERTMANAGER)["receivers"] if receiver["name"] == name]
    return dict(found)
