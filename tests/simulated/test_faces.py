"""What the simulated platform answers over HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from bot.adapters.simulated.breaks import BreakKind
from bot.adapters.simulated.inventory import ALERTMANAGER, QDRANT, SERVICES
from tests.simulated.scenes import START, Play, asked, play, served_platform, while_time_passes

JSON = {"content-type": "application/json"}


async def get(scene: Play, path: str, **params: str) -> httpx.Response:
    async with asked(scene.platform) as client:
        return await client.get(path, params=params)


async def post(scene: Play, path: str, body: object) -> httpx.Response:
    async with asked(scene.platform) as client:
        return await while_time_passes(scene.clock, client.post(path, json=body))


async def fire(scene: Play) -> None:
    scene.platform.world.break_service(QDRANT, BreakKind.STOP)
    await scene.passes(8.5)


@pytest.mark.parametrize(
    "path",
    [
        "qdrant/healthz",
        "qdrant/readyz",
        "qdrant/",
        "qdrant/collections",
        "qdrant/collections/documents",
        "mcp-server/health",
        "web-ui/health",
        "daemon-coordinator/health",
        "nginx/health",
        "prometheus/-/healthy",
        "alertmanager/-/healthy",
        "grafana/api/health",
        "node-exporter/metrics",
    ],
)
async def test_healthy_services_answer(path: str) -> None:
    assert (await get(play(), f"/services/{path}")).status_code == 200


async def test_qdrant_answers_in_its_envelope() -> None:
    listed = (await get(play(), "/services/qdrant/collections")).json()
    assert (listed["status"], len(listed["result"]["collections"])) == ("ok", 3)
    described = (await get(play(), "/services/qdrant/collections/documents")).json()["result"]
    assert (described["status"], described["optimizer_status"], described["points_count"]) == ("green", "ok", 184_213)
    missing = await get(play(), "/services/qdrant/collections/nothing")
    assert (missing.status_code, "error" in missing.json()["status"]) == (404, True)
    assert (await get(play(), "/services/qdrant/health")).status_code == 404


async def test_stopped_service_breaks_the_connection() -> None:
    scene = play()
    scene.platform.world.break_service(QDRANT, BreakKind.STOP)
    scene.clock.advance(1)
    async with served_platform(scene.clock) as (platform, url), httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"{url}/services/qdrant/healthz")).status_code == 200
        platform.world.break_service(QDRANT, BreakKind.STOP)
        scene.clock.advance(1)
        with pytest.raises(httpx.ReadError):
            await client.get(f"{url}/services/qdrant/healthz")
        assert (await client.get(f"{url}/services/web-ui/health")).status_code == 200


@pytest.mark.parametrize("service", ["mcp-server", "daemon-coordinator"])
async def test_what_needs_qdrant_is_unhealthy_without_it(service: str) -> None:
    scene = play()
    scene.platform.world.break_service(QDRANT, BreakKind.STOP)
    scene.clock.advance(1)
    answer = await get(scene, f"/services/{service}/health")
    assert (answer.status_code, answer.json()["checks"]["qdrant"]) == (503, "stopped")


async def test_starting_qdrant_is_alive_but_not_ready() -> None:
    scene = play()
    runs_at = scene.platform.world.order_restart(SERVICES[QDRANT].container_id, grace=SERVICES[QDRANT].stops_in)
    scene.clock.advance((runs_at - START).total_seconds())
    answers = [
        (await get(scene, f"/services/qdrant/{path}")).status_code for path in ("healthz", "readyz", "collections")
    ]
    assert answers == [200, 503, 503]


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_query_is_answered_in_both_forms(method: str) -> None:
    scene = play()
    parameters = {"query": 'up{job="qdrant"}', "time": str(START.timestamp())}
    async with asked(scene.platform) as client:
        path = "/prometheus/api/v1/query"
        answer = await (client.get(path, params=parameters) if method == "GET" else client.post(path, data=parameters))
    data = answer.json()["data"]
    assert (answer.json()["status"], data["resultType"]) == ("success", "vector")
    assert data["result"][0]["value"] == [START.timestamp(), "1"]


@pytest.mark.parametrize("parameters", [{}, {"query": " "}, {"query": "up", "time": "soon"}])
async def test_bad_query_is_refused_in_prometheus_words(parameters: dict[str, str]) -> None:
    answer = await get(play(), "/prometheus/api/v1/query", **parameters)
    assert (answer.status_code, answer.json()["errorType"]) == (400, "bad_data")


async def test_prometheus_lists_alerts_rules_and_targets() -> None:
    scene = play()
    await fire(scene)
    alert = (await get(scene, "/prometheus/api/v1/alerts")).json()["data"]["alerts"][0]
    assert set(alert) == {"labels", "annotations", "state", "activeAt", "value"}
    assert (alert["state"], alert["value"], "environment" in alert["labels"]) == ("firing", "0e+00", False)
    (group,) = (await get(scene, "/prometheus/api/v1/rules", type="alert")).json()["data"]["groups"]
    states = {rule["name"]: (rule["state"], rule["duration"], rule["health"]) for rule in group["rules"]}
    assert states["ServiceDown"] == ("firing", 5.0, "ok")
    targets = (await get(scene, "/prometheus/api/v1/targets", state="active")).json()["data"]["activeTargets"]
    assert {t["labels"]["job"] for t in targets if t["health"] == "down"} == {"qdrant"}


async def test_alertmanager_lists_alerts_in_its_shapes() -> None:
    scene = play()
    await fire(scene)
    listed = (await get(scene, "/alertmanager/api/v2/alerts", filter='alertname="ServiceDown"')).json()
    (alert,) = listed
    assert alert["fingerprint"] == scene.inbox.about("ServiceDown")[0]["alerts"][0]["fingerprint"]
    assert alert["status"] == {"state": "active", "silencedBy": [], "inhibitedBy": []}
    assert (alert["labels"]["environment"], alert["endsAt"] > alert["startsAt"]) == ("demo", True)
    groups = (await get(scene, "/alertmanager/api/v2/alerts/groups")).json()
    assert groups[0]["labels"] == {"platform": "search-demo", "alertname": "ServiceDown", "job": "qdrant"}
    assert (await get(scene, "/alertmanager/api/v2/alerts", filter='platform="other"')).json() == []
    assert (await get(scene, "/alertmanager/api/v2/alerts", active="false")).json() == []
    assert (await get(scene, "/alertmanager/api/v2/alerts", filter="no matcher")).status_code == 400
    assert (await get(scene, "/alertmanager/api/v2/silences")).json() == []


async def test_uptime_of_alertmanager_is_that_of_its_container() -> None:
    scene = play()
    status = (await get(scene, "/alertmanager/api/v2/status")).json()
    assert status["uptime"] < "2026-11-20"
    facts = SERVICES[ALERTMANAGER]
    scene.platform.world.order_restart(facts.container_id, grace=facts.stops_in)
    scene.clock.advance(1)
    assert (await get(scene, "/alertmanager/api/v2/status")).json()["uptime"] > "2026-11-21T03:00:00"


async def test_alertmanager_can_be_told_not_to_answer() -> None:
    scene = play()
    async with served_platform(scene.clock) as (_, url), httpx.AsyncClient(trust_env=False) as client:
        await client.post(f"{url}/control/alertmanager", json={"answering": False})
        with pytest.raises(httpx.ReadError):
            await client.get(f"{url}/alertmanager/api/v2/alerts")
        await client.post(f"{url}/control/alertmanager", json={"answering": True})
        assert (await client.get(f"{url}/alertmanager/-/healthy")).text == "OK"


async def test_switches_break_and_mend() -> None:
    scene = play()
    broken: dict[str, Any] = (await post(scene, "/control/break", {"service": "qdrant", "kind": "stop"})).json()
    assert broken["services"]["qdrant"] == {"status": "stopped", "broken": True}
    assert (broken["speed"], broken["note"]) == (12, "time runs 12 times faster here")
    mended = (await post(scene, "/control/mend", {"service": "qdrant"})).json()
    assert mended["services"]["qdrant"] == {"status": "starting", "broken": False}
    events = (await get(scene, "/control/events")).json()
    assert [event["Action"] for event in events] == ["kill", "die", "stop", "start"]
    assert events[0]["Actor"]["Attributes"]["com.docker.compose.service"] == "qdrant"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/control/break", {"service": "nobody"}, 404),
        ("/control/break", {"service": "qdrant", "kind": "melt"}, 400),
        ("/control/mend", {}, 400),
        ("/runtime/restart", {"container": "f00", "grace_s": 1}, 404),
    ],
)
async def test_bad_orders_are_refused(path: str, body: object, status: int) -> None:
    assert (await post(play(), path, body)).status_code == status


async def test_orders_of_foreign_pages_are_refused() -> None:
    async with asked(play().platform) as client:
        form = await client.post(
            "/control/break", content=b'{"service": "qdrant"}', headers={"content-type": "text/plain"}
        )
        rebound = await client.post("/control/break", json={"service": "qdrant"}, headers={"host": "evil.example"})
    assert (form.status_code, rebound.status_code) == (415, 400)
