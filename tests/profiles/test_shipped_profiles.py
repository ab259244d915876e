import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from bot.domain.ids import RunbookName, ServiceName
from bot.domain.profiles import Profile
from bot.domain.rights import Need, Severity
from bot.profiles import load_profile, shipped_profiles
from bot.profiles.problems import ConfigurationError
from bot.profiles.schema import SECTIONS
from tests.profiles.texts import SMALL, changed
from tests.real.processes import require_part

WQM = "workspace-qdrant-mcp"
FOLDER = Path(__file__).parents[2] / "bot" / "profiles"
ACTIONS = {
    "evidence.collect": frozenset({"services", "logs"}),
    "compose.restart": frozenset({"service", "grace"}),
    "wait.healthy": frozenset({"service", "timeout"}),
    "qdrant.collections_ready": frozenset({"service"}),
}


@pytest.fixture(params=shipped_profiles())
def profile(request: pytest.FixtureRequest) -> Profile:
    return load_profile(str(request.param), known_actions=ACTIONS)


def severity_of(labels: dict[str, str]) -> tuple[Severity, tuple[RunbookName, ...]]:
    """Return what the rules of workspace-qdrant-mcp make of an alert."""
    profile = load_profile(WQM)
    service = profile.service_of(labels)
    rule = next(
        rule
        for rule in profile.severity
        if all(labels.get(name) == value for name, value in rule.matchers.items())
        and rule.service_is_critical in (None, service is not None and service.critical)
    )
    return rule.severity, rule.offer


def test_every_shipped_profile_is_listed_by_its_name() -> None:
    assert shipped_profiles() == sorted(path.stem for path in FOLDER.glob("*.yaml"))
    assert WQM in shipped_profiles()


def test_a_profile_has_the_name_of_its_file(profile: Profile) -> None:
    assert profile.name in shipped_profiles()


def test_sections_stand_in_the_agreed_order(profile: Profile) -> None:
    assert tuple(yaml.safe_load((FOLDER / f"{profile.name}.yaml").read_text())) == SECTIONS


def test_every_dependency_starts_before_what_needs_it(profile: Profile) -> None:
    order = profile.start_order()
    for service in profile.services.values():
        assert all(order.index(needed) < order.index(service.name) for needed in service.depends_on)


def test_every_runbook_that_is_offered_exists(profile: Profile) -> None:
    assert {name for rule in profile.severity for name in rule.offer} <= set(profile.runbooks)


def test_nothing_is_both_covered_and_refused(profile: Profile) -> None:
    covered = {procedure for runbook in profile.runbooks.values() for procedure in runbook.covers}
    assert not covered & {refusal.procedure for refusal in profile.refused}


@pytest.mark.part("prometheus")
def test_prometheus_can_parse_every_metric(profile: Profile, tmp_path: Path) -> None:
    rules = [
        {"record": re.sub("[^a-z0-9]", "_", f"check_{name}"), "expr": metric.promql}
        for name, metric in profile.metrics.items()
    ]
    path = tmp_path / "rules.yaml"
    path.write_text(json.dumps({"groups": [{"name": "metrics", "rules": rules}]}))
    require_part("prometheus")
    checked = subprocess.run(["promtool", "check", "rules", str(path)], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


def test_qdrant_is_asked_what_it_really_answers() -> None:
    probes = load_profile(WQM).services[ServiceName("qdrant")].probes
    assert {probe.path for probe in probes} == {"/healthz", "/readyz", "/collections"}
    assert [probe.name for probe in probes if probe.ready] == ["readyz"]


def test_qdrants_recovery_covers_its_procedure_and_needs_one_approver() -> None:
    runbook = load_profile(WQM).runbooks[RunbookName("recover-qdrant")]
    assert runbook.covers == ("W10",)
    assert runbook.need is Need.ONE
    assert [step.action for step in runbook.steps] == [
        "evidence.collect",
        "compose.restart",
        "wait.healthy",
        "qdrant.collections_ready",
    ]


@pytest.mark.parametrize(
    ("labels", "severity", "offer"),
    [
        (
            {"alertname": "ServiceDown", "job": "qdrant", "severity": "critical"},
            "sev1",
            ("restart-service", "recover-qdrant"),
        ),
        ({"alertname": "ServiceDown", "job": "mcp-server", "severity": "critical"}, "sev2", ("restart-service",)),
        ({"alertname": "ServiceDown", "job": "grafana", "severity": "critical"}, "sev3", ("restart-service",)),
        ({"alertname": "HighSearchLatency", "job": "mcp-server", "severity": "warning"}, "sev2", ("restart-service",)),
        ({"alertname": "DiskSpaceLow", "mountpoint": "/", "severity": "warning"}, "sev3", ()),
        ({"alertname": "SomethingElse", "severity": "critical"}, "sev2", ()),
        ({"alertname": "SomethingElse", "severity": "warning"}, "sev4", ()),
        ({"alertname": "SomethingElse", "severity": "warning", "job": "qdrant"}, "sev3", ()),
        ({"alertname": "Watchdog", "severity": "none"}, "sev4", ()),
        ({"alertname": "SomethingElse"}, "sev3", ()),
    ],
)
def test_alerts_get_the_severity_of_the_guide(labels: dict[str, str], severity: str, offer: tuple[str, ...]) -> None:
    assert severity_of(labels) == (severity, offer)


def test_what_the_host_reports_is_the_platforms_and_not_the_exporters() -> None:
    profile = load_profile(WQM)
    assert profile.service_of({"alertname": "DiskSpaceLow", "job": "node-exporter"}) is None
    down = profile.service_of({"alertname": "ServiceDown", "job": "node-exporter"})
    assert down is not None
    assert down.name == "node-exporter"


def test_a_profile_of_ones_own_is_loaded_by_path(tmp_path: Path) -> None:
    path = tmp_path / "small.yaml"
    path.write_text(SMALL)
    assert load_profile(path).name == load_profile(str(path)).name == "small"


def test_a_profile_under_another_files_name_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    path.write_text(changed("name: small", "name: small"))
    with pytest.raises(ConfigurationError, match=r"large\.yaml:2: platform\.name: expected `large`"):
        load_profile(path)


def test_an_unknown_profile_is_hinted_at() -> None:
    with pytest.raises(ConfigurationError, match="did you mean `workspace-qdrant-mcp`"):
        load_profile("workspace-qdrant")
