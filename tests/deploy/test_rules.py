"""Each of our own alerts fires when it should and stays quiet when it should, judged by Prometheus' own tool."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from bot.app import build_metrics
from tests.deploy.files import RULES, alert_rules, judged_by, read_yaml, series_exposed

_OF_OTHERS = {"up", "alertmanager_notifications_failed_total"}
"""Series that Prometheus makes and that a real Alertmanager exposes (tests/real/test_deployed_alerting.py)."""
_METRIC = re.compile(r"\b(?:watchkeeper|alertmanager)_[a-z_]+|\bup\b")
_MATCHER = re.compile(r"(\w+)(?:=~?)\"([^\"]+)\"")
_LABELS_OF_TARGETS = {"job"}


@dataclass(frozen=True, slots=True)
class Case:
    """Series, a sample a minute from 0 on, under which an alert fires and under which it does not, at ``minute``."""

    alert: str
    fires: Mapping[str, str]
    quiet: Mapping[str, str]
    minute: int = 30


def _webhooks(outcome: str, samples: str) -> dict[str, str]:
    return {f'watchkeeper_webhooks_total{{outcome="{outcome}"}}': samples}


def _calls(bad: str, samples: str) -> dict[str, str]:
    done = {'watchkeeper_slack_calls_total{call="post",outcome="done"}': "0+10x40"}
    return {**done, f'watchkeeper_slack_calls_total{{call="post",outcome="{bad}"}}': samples}


def _acks(within_s: str, samples: str) -> dict[str, str]:
    buckets = dict.fromkeys(("0.5", "1.0", "2.0", "3.0", "+Inf"), "0x40")
    for le in buckets:
        if float(le) >= float(within_s):
            buckets[le] = samples
    return {f'watchkeeper_ack_seconds_bucket{{family="command",le="{le}"}}': kept for le, kept in buckets.items()}


_UP = 'up{job="watchkeeper"}'
_FAILED = 'alertmanager_notifications_failed_total{integration="webhook"}'

CASES = (
    Case("WatchkeeperDown", {_UP: "1x10 0x30"}, {_UP: "1x40"}),
    Case("WatchkeeperDown", {}, {_UP: "1x20 0x1 1x20"}),
    Case("WatchkeeperHearsNothing", _webhooks("known", "0+1x5 5x40"), _webhooks("known", "0 0 0 0 0 1x5 2x5 3x5 4x20")),
    Case("WatchkeeperHearsNothing", _webhooks("bad_credentials", "0+1x40") | _webhooks("accepted", "0x40"), {}),
    Case("AlertmanagerCannotTellWatchkeeper", {_FAILED: "0x20 1+1x20"}, {_FAILED: "0x40"}),
    Case("AlertmanagerCannotTellWatchkeeper", {_FAILED: "0+1x40"}, {_FAILED: "0x28 1x10"}),
    Case("WatchkeeperWebhooksRefused", _webhooks("bad_credentials", "0x25 1x10"), _webhooks("known", "0x25 1x10")),
    Case("WatchkeeperWebhooksRefused", _webhooks("unknown_platform", "0x25 1x10"), _webhooks("incomplete", "0x25 1x9")),
    Case("WatchkeeperWebhooksDeferred", _webhooks("unavailable", "0x20 1+1x15"), _webhooks("unavailable", "0x29 1x9")),
    Case(
        "WatchkeeperIntakeLate",
        {"watchkeeper_intake_lag_seconds": "0x20 61+60x20"},
        {"watchkeeper_intake_lag_seconds": "59x40"},
    ),
    Case(
        "WatchkeeperSlackLate",
        {"watchkeeper_oldest_waiting_seconds": "121x40"},
        {"watchkeeper_oldest_waiting_seconds": "10x27 500x2 10x20"},
    ),
    Case("WatchkeeperSlackCallsFail", _calls("lost", "0+2x40"), _calls("lost", "0+1x40")),
    Case("WatchkeeperSlackCallsFail", _calls("unreachable", "0+10x40"), _calls("gone", "0+10x40")),
    Case("WatchkeeperSlackThrottled", _calls("throttled", "0+5x40"), _calls("throttled", "0+1x40")),
    Case(
        "WatchkeeperAnswersFail",
        {'watchkeeper_acks_total{family="command",outcome="failed"}': "0x25 1x10"},
        {'watchkeeper_acks_total{family="command",outcome="refused"}': "0x25 1x10"},
    ),
    Case("WatchkeeperAnswersSlow", _acks("3.0", "0+10x40"), _acks("1.0", "0+10x40")),
    Case(
        "WatchkeeperSlackRequestsRefused",
        {'watchkeeper_slack_refusals_total{reason="signature"}': "0+1x40"},
        {'watchkeeper_slack_refusals_total{reason="oversized"}': "0+1x40"},
    ),
    Case(
        "WatchkeeperAuditUnsealed",
        {"watchkeeper_audit_unsealed_entries": "0x20 1x20"},
        {"watchkeeper_audit_unsealed_entries": "4x24 0 4x3 0 4x5"},
    ),
    Case(
        "WatchkeeperEventLoopSlow",
        {'watchkeeper_loop_lag_seconds{instance="a"}': "0.4x40"},
        {'watchkeeper_loop_lag_seconds{instance="a"}': "0.01x27 1 0.01x20"},
    ),
    Case(
        "WatchkeeperStoreFills",
        {"watchkeeper_store_memory_ratio": "0.75x40"},
        {"watchkeeper_store_memory_ratio": "0.6x40"},
    ),
    Case(
        "WatchkeeperStoreFull",
        {"watchkeeper_store_memory_ratio": "0.95x40"},
        {"watchkeeper_store_memory_ratio": "0.9x40"},
    ),
    Case(
        "WatchkeeperMemoryHigh",
        {'watchkeeper_process_memory_bytes{instance="a"}': "1.2e9x40"},
        {'watchkeeper_process_memory_bytes{instance="a"}': "2e8x40"},
    ),
    Case("Watchdog", {}, {}),
)


def test_every_alert_has_a_case() -> None:
    assert {case.alert for case in CASES} == {rule["alert"] for rule in alert_rules()}


@pytest.mark.part("prometheus")
def test_rules_are_rules() -> None:
    judged_by("promtool", "check", "rules", str(RULES))


@pytest.mark.part("prometheus")
def test_each_alert_fires_when_it_should_and_only_then(tmp_path: Path) -> None:
    questions = [_question(case, fires=fires) for case in CASES for fires in (True, False)]
    file = tmp_path / "cases.yml"
    file.write_text(
        yaml.safe_dump({"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": questions}, width=4096)
    )
    judged_by("promtool", "test", "rules", str(file))


def _question(case: Case, *, fires: bool) -> dict[str, object]:
    series = case.fires if fires else case.quiet
    # The Watchdog has no quiet: nothing may stop it.
    fires = fires or case.alert == "Watchdog" or (case.alert == "WatchkeeperDown" and not series)
    firing = f'count by (alertname) (ALERTS{{alertname="{case.alert}",alertstate="firing"}} > 0)'
    return {
        "name": f"{case.alert} {'fires' if fires else 'is quiet'}",
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [
            {
                "expr": f"{firing} >= bool 1",
                "eval_time": f"{case.minute}m",
                "exp_samples": [{"labels": f'{{alertname="{case.alert}"}}', "value": 1}] if fires else [],
            }
        ],
    }


@pytest.mark.parametrize("rule", alert_rules(), ids=lambda rule: rule["alert"])
def test_each_alert_asks_for_series_and_labels_that_exist(rule: dict[str, str]) -> None:
    assert set(_METRIC.findall(rule["expr"])) <= series_exposed() | _OF_OTHERS
    exposed = build_metrics().exposition().decode()
    for label, values in _MATCHER.findall(rule["expr"]):
        for value in () if label in _LABELS_OF_TARGETS or "alertmanager_" in rule["expr"] else values.split("|"):
            assert f'{label}="{value}"' in exposed, f"no series has {label}={value}"


@pytest.mark.parametrize("rule", alert_rules(), ids=lambda rule: rule["alert"])
def test_each_alert_says_what_is_wrong_and_goes_to_people(rule: dict[str, dict[str, str]]) -> None:
    assert {"summary", "description"} <= rule["annotations"].keys()
    if rule["labels"]["severity"] != "none":
        assert rule["labels"]["component"] == "watchkeeper"
        assert rule["labels"]["severity"] in {"critical", "warning"}


def test_rules_know_the_job_that_prometheus_scrapes() -> None:
    jobs = {job["job_name"] for job in read_yaml(RULES.parent / "prometheus.yml")["scrape_configs"]}
    named = {value for rule in alert_rules() for label, value in _MATCHER.findall(rule["expr"]) if label == "job"}
    assert named <= jobs
