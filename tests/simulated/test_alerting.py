"""Rules, groups and webhooks of the simulated platform, on a clock that the tests move."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.simulated.alertmanager import fingerprint_of, go_json
from bot.adapters.simulated.breaks import BreakKind
from bot.adapters.simulated.inventory import ALERTMANAGER, PROMETHEUS, QDRANT, SERVICES, WEB_UI
from bot.adapters.simulated.rules import RULES
from bot.domain.ids import ServiceName
from tests.simulated.scenes import Play, play

PAYLOADS = Path(__file__).parent.parent / "payloads"


def captured(name: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads((PAYLOADS / f"{name}.json").read_text(encoding="utf-8"))
    return body


AS_CAPTURED = ("platform", "alertname")
GROUP_KEY = '{}:{alertname="ServiceDown", job="qdrant", platform="search-demo"}'
FOLLOWS_A_STOPPED_QDRANT = {"ServiceDown", "HighErrorRate", "HighSearchLatency"}


def stop(scene: Play, service: ServiceName = QDRANT) -> None:
    scene.platform.world.break_service(service, BreakKind.STOP)


def restart(scene: Play, service: ServiceName = QDRANT) -> None:
    scene.platform.world.order_restart(SERVICES[service].container_id, grace=SERVICES[service].stops_in)


async def test_alert_is_pending_for_its_time_before_it_fires() -> None:
    scene = play(speed=12)
    stop(scene)
    await scene.passes(4)
    assert scene.state_of("ServiceDown") == "pending"
    await scene.passes(4)
    assert scene.state_of("ServiceDown") == "firing"


async def test_short_outage_fires_nothing() -> None:
    scene = play(speed=12)
    restart(scene)
    await scene.passes(30)
    assert scene.inbox.accepted == []


async def test_whole_incident_is_told_in_two_messages() -> None:
    scene = play(speed=12)
    stop(scene)
    await scene.passes(8.5)
    restart(scene)
    await scene.passes(10)
    first, last = scene.inbox.about("ServiceDown")
    (fired,), (resolved,) = first["alerts"], last["alerts"]
    assert (first["status"], last["status"]) == ("firing", "resolved")
    assert (fired["fingerprint"], fired["startsAt"]) == (resolved["fingerprint"], resolved["startsAt"])
    assert (fired["endsAt"], resolved["endsAt"] > fired["startsAt"]) == ("0001-01-01T00:00:00Z", True)
    assert first["groupKey"] == last["groupKey"] == GROUP_KEY


async def test_messages_look_like_captured_ones() -> None:
    scene = play(speed=12, group_by=AS_CAPTURED)
    stop(scene)
    await scene.passes(8.5)
    restart(scene)
    await scene.passes(10)
    for ours, theirs in zip(
        scene.inbox.about("ServiceDown"), [captured("am-single-firing"), captured("am-single-resolved")], strict=True
    ):
        assert list(ours) == list(theirs)
        assert list(ours["alerts"][0]) == list(theirs["alerts"][0])
        assert ours["alerts"][0]["labels"].keys() == theirs["alerts"][0]["labels"].keys()
        assert ours["groupLabels"].keys() == theirs["groupLabels"].keys()
        assert {type(value) for value in ours.values()} == {type(value) for value in theirs.values()}


@pytest.mark.parametrize("path", sorted(PAYLOADS.glob("*.json")), ids=lambda path: path.stem)
def test_fingerprints_and_encoding_are_those_of_the_real_one(path: Path) -> None:
    body = json.loads(path.read_bytes())
    assert [fingerprint_of(alert["labels"]) for alert in body["alerts"]] == [a["fingerprint"] for a in body["alerts"]]
    assert go_json(body) == path.read_bytes()


async def test_alert_says_where_it_comes_from_and_that_time_is_fast() -> None:
    scene = play(speed=12)
    stop(scene)
    await scene.passes(8)
    (alert,) = scene.inbox.about("ServiceDown")[0]["alerts"]
    assert alert["labels"] == {
        "alertname": "ServiceDown",
        "environment": "demo",
        "instance": "qdrant:6333",
        "job": "qdrant",
        "platform": "search-demo",
        "severity": "critical",
    }
    assert alert["annotations"]["note"] == "time runs 12 times faster here"
    assert alert["annotations"]["summary"] == "Service qdrant is down"


async def test_real_time_needs_no_note() -> None:
    scene = play(speed=1)
    stop(scene)
    await scene.passes(90)
    assert set(scene.inbox.about("ServiceDown")[0]["alerts"][0]["annotations"]) == {"summary", "description"}


async def test_each_service_is_a_group_of_its_own() -> None:
    scene = play(speed=12)
    stop(scene)
    stop(scene, WEB_UI)
    await scene.passes(9)
    told = scene.inbox.about("ServiceDown")
    assert [body["groupLabels"]["job"] for body in told] == ["qdrant", "web-ui"]


async def test_second_service_joins_the_group() -> None:
    scene = play(speed=12, group_by=AS_CAPTURED)
    stop(scene)
    await scene.passes(8)
    stop(scene, WEB_UI)
    await scene.passes(8)
    _, joined = scene.inbox.about("ServiceDown")
    assert [alert["labels"]["job"] for alert in joined["alerts"]] == ["qdrant", "web-ui"]
    assert "job" not in joined["commonLabels"]


async def test_recovery_of_one_of_two_leaves_the_group_firing() -> None:
    scene = play(speed=12, group_by=AS_CAPTURED)
    stop(scene)
    stop(scene, WEB_UI)
    await scene.passes(8)
    restart(scene, WEB_UI)
    await scene.passes(5)
    mixed = scene.inbox.about("ServiceDown")[-1]
    assert (mixed["status"], [alert["status"] for alert in mixed["alerts"]]) == ("firing", ["firing", "resolved"])
    restart(scene)
    await scene.passes(5)
    assert [alert["labels"]["job"] for alert in scene.inbox.about("ServiceDown")[-1]["alerts"]] == ["qdrant"]


async def test_long_outage_raises_errors_and_latency_too() -> None:
    scene = play(speed=12)
    stop(scene)
    await scene.passes(45)
    states = {rule.name: scene.state_of(rule.name) for rule in RULES}
    assert {name for name, state in states.items() if state == "firing"} == FOLLOWS_A_STOPPED_QDRANT
    restart(scene)
    await scene.passes(45)
    assert {rule.name: scene.state_of(rule.name) for rule in RULES} == {rule.name: "inactive" for rule in RULES}
    assert {body["status"] for body in scene.inbox.accepted[-3:]} == {"resolved"}


async def test_firing_alert_is_repeated_after_an_hour_of_the_scene() -> None:
    scene = play(speed=600)
    stop(scene)
    await scene.passes(3)
    assert len(scene.inbox.about("ServiceDown")) == 1
    await scene.passes(5)
    assert len(scene.inbox.about("ServiceDown")) == 2


async def test_refused_message_comes_again_at_the_next_interval() -> None:
    scene = play(speed=12)
    scene.inbox.refuses = True
    stop(scene)
    await scene.passes(9)
    scene.inbox.refuses = False
    await scene.passes(1)
    assert [body["status"] for body in scene.inbox.about("ServiceDown")] == ["firing"]


async def test_alert_refused_until_it_is_over_is_never_told() -> None:
    scene = play(speed=12)
    scene.inbox.refuses = True
    stop(scene)
    await scene.passes(8.5)
    restart(scene)
    await scene.passes(5)
    scene.inbox.refuses = False
    await scene.passes(60)
    assert scene.inbox.about("ServiceDown") == []


async def test_silent_prometheus_looks_resolved_and_returns_with_the_same_start() -> None:
    scene = play(speed=12)
    stop(scene)
    await scene.passes(10)
    stop(scene, PROMETHEUS)
    await scene.passes(25)
    scene.platform.world.mend(PROMETHEUS)
    await scene.passes(10)
    told = [(body["status"], body["alerts"][0]["startsAt"]) for body in scene.inbox.about("ServiceDown")[:3]]
    assert [status for status, _ in told] == ["firing", "resolved", "firing"]
    assert len({starts_at for _, starts_at in told}) == 1


async def test_restarted_alertmanager_forgets_alerts_but_not_what_it_told() -> None:
    scene = play(speed=12)
    stop(scene)
    await scene.passes(8)
    restart(scene, ALERTMANAGER)
    await scene.passes(1)
    assert scene.platform.alertmanager.alerts(scene.clock.now()) == []
    await scene.passes(8)
    assert [alert.labels["alertname"] for alert in scene.platform.alertmanager.alerts(scene.clock.now())].count(
        "ServiceDown"
    ) == 1
    assert len(scene.inbox.about("ServiceDown")) == 1


async def test_watchdog_fires_only_where_it_is_wanted() -> None:
    quiet, watched = play(speed=12), play(speed=12, watchdog=True)
    await quiet.passes(5)
    await watched.passes(5)
    assert (quiet.inbox.accepted, len(watched.inbox.about("Watchdog"))) == ([], 1)


async def test_same_orders_at_the_same_times_give_the_same_messages() -> None:
    async def story() -> list[bytes]:
        scene = play(speed=12)
        await scene.passes(3)
        stop(scene)
        await scene.passes(20)
        restart(scene)
        await scene.passes(60)
        return scene.inbox.raw

    assert await story() == await story()
