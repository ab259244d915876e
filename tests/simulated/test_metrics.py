"""What the simulated Prometheus answers: the guide's questions, and nothing to others."""

from __future__ import annotations

import pytest

from bot.adapters.simulated.breaks import BreakKind
from bot.adapters.simulated.expressions import read_expression
from bot.adapters.simulated.inventory import MCP_SERVER, QDRANT, SERVICES
from bot.adapters.simulated.metrics import Series
from bot.domain.ids import ServiceName
from tests.simulated.scenes import START, Play, play

MCP = '{job="mcp-server"}'
FREE = 'node_filesystem_avail_bytes{fstype!="tmpfs",fstype!="overlay"}'
ERROR_SHARE = (
    '(sum(rate(http_requests_total{job="mcp-server",status=~"5.."}[5m])) or vector(0))'
    f" / sum(rate(http_requests_total{MCP}[5m]))"
)
P95 = f"histogram_quantile(0.95, sum by (le) (rate(search_duration_seconds_bucket{MCP}[5m])))"

# Expression, and between which values the answer of a healthy platform lies.
QUESTIONS = {
    P95: (0.1, 0.2),
    P95.replace("0.95", "0.50"): (0.03, 0.06),
    P95.replace("5m", "24h"): (0.1, 0.2),
    f"sum(increase(search_requests_total{MCP}[24h]))": (4e5, 7e5),
    f"sum(rate(search_requests_total{MCP}[5m]))": (5, 8),
    f"100 * (sum(rate(search_errors_total{MCP}[5m])) or vector(0)) / sum(rate(search_requests_total{MCP}[5m]))": (
        0.1,
        0.3,
    ),
    f"sum(rate(documents_ingested_total{MCP}[10m]))": (30, 40),
    f"sum(rate(documents_ingestion_errors_total{MCP}[5m])) or vector(0)": (0, 0.1),
    f"process_resident_memory_bytes{MCP} / 2^30": (2, 2.3),
    f"avg_over_time(process_resident_memory_bytes{MCP}[24h]) / 2^30": (2, 2.3),
    f"100 * avg(rate(process_cpu_seconds_total{MCP}[5m]))": (30, 40),
    f"sum(rate(http_requests_total{MCP}[5m]))": (8, 9),
    ERROR_SHARE: (0, 0.001),
    'sum(increase(http_requests_total{job="mcp-server",status=~"5.."}[1h])) or vector(0)': (0, 0),
    'sum(rate(http_requests_total{job="mcp-server",status=~"4.."}[5m])) or vector(0)': (0.01, 0.1),
    'min by (job) (up{job="qdrant"})': (1, 1),
    f"100 * avg by (job) (avg_over_time(up{MCP}[30d]))": (100, 100),
    "100 * (1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes)": (55, 65),
    f"100 * sum(process_resident_memory_bytes{MCP}) / scalar(max(node_memory_MemTotal_bytes))": (5, 8),
    '100 * (1 - node_filesystem_avail_bytes{mountpoint="/"} / node_filesystem_size_bytes{mountpoint="/"})': (
        40,
        55,
    ),
    f"({FREE} / -(deriv({FREE}[6h]) < 0)) / 86400": (100, 130),
    "sum(rate(cache_hits_total[15m])) / (sum(rate(cache_hits_total[15m])) + sum(rate(cache_misses_total[15m])))": (
        0.8,
        0.9,
    ),
    "sum(rate(search_results_size_sum[15m])) / sum(rate(search_results_size_count[15m]))": (11, 13),
    '100 * (1 - avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[5m])))': (20, 35),
    "(min by (instance) (probe_ssl_earliest_cert_expiry) - time()) / 86400": (71, 71),
    'max by (version) (app_info{job="qdrant"})': (1, 1),
    'histogram_quantile(0.95, sum by (le) (rate(rest_responses_duration_seconds_bucket{job="qdrant",'
    'endpoint="/collections/{collection_name}/points/query"}[5m])))': (0.01, 0.03),
    'sum by (status) (rate(rest_responses_total{job="qdrant",status!~"2.."}[5m]))': (0, 0.1),
    'max(collections_total{job="qdrant"})': (3, 3),
    'sum(collection_points{job="qdrant"})': (287_911, 287_911),
    'sum(collection_dead_replicas{job="qdrant"})': (0, 0),
    'memory_resident_bytes{job="qdrant"} / 2^30': (3, 4),
    "vector(1)": (1, 1),
}


def ask(scene: Play, text: str) -> list[Series]:
    return scene.platform.metrics.query(text, scene.clock.now())


def value(scene: Play, text: str) -> float:
    return ask(scene, text)[0].value


@pytest.mark.parametrize("text", QUESTIONS)
async def test_questions_of_the_guide_have_plausible_answers(text: str) -> None:
    least, most = QUESTIONS[text]
    answers = ask(play(), text)
    assert answers
    assert all(least <= series.value <= most for series in answers)


@pytest.mark.parametrize(
    "text",
    [
        "nonsense_total",
        "rate(up[5m])",
        'up{job="nobody"}',
        "sum(kuzu_connection_errors_total)",
        "absent(up)",
        "}{",
        "1",
    ],
)
async def test_unknown_questions_have_no_answer(text: str) -> None:
    assert ask(play(), text) == []


async def test_labels_follow_the_aggregation() -> None:
    scene = play()
    assert {tuple(series.labels) for series in ask(scene, "min by (job) (up)")} == {("job",)}
    assert [series.labels for series in ask(scene, "min(up)")] == [{}]
    assert ask(scene, 'up{job="qdrant"}')[0].labels == {
        "__name__": "up",
        "instance": "qdrant:6333",
        "job": "qdrant",
        "platform": "search-demo",
    }
    assert len(ask(scene, 'sum by (id) (collection_points{job="qdrant"})')) == 3


async def test_comparison_keeps_what_satisfies_it() -> None:
    scene = play()
    assert ask(scene, "up == 0") == []
    scene.platform.world.break_service(QDRANT, BreakKind.STOP)
    await scene.passes(1)
    assert [series.labels["job"] for series in ask(scene, "up == 0")] == ["qdrant"]


async def test_stopped_qdrant_slows_searches_and_fails_requests() -> None:
    scene = play()
    before = (value(scene, P95), value(scene, ERROR_SHARE))
    scene.platform.world.break_service(QDRANT, BreakKind.STOP)
    await scene.passes(15)
    during = (value(scene, P95), value(scene, ERROR_SHARE))
    assert (during[0] > 3 * before[0], during[1] > 0.1) == (True, True)
    scene.platform.world.mend(QDRANT)
    await scene.passes(40)
    assert value(scene, ERROR_SHARE) < 0.001


async def test_past_is_answered_as_it_was() -> None:
    scene = play()
    scene.platform.world.break_service(QDRANT, BreakKind.STOP)
    await scene.passes(10)
    assert [s.value for s in scene.platform.metrics.query('up{job="qdrant"}', START)] == [1]


@pytest.mark.parametrize(
    ("service", "text"),
    [(QDRANT, "collections_total"), (MCP_SERVER, P95), (MCP_SERVER, "process_resident_memory_bytes" + MCP)],
)
async def test_metrics_of_a_stopped_service_are_absent(service: ServiceName, text: str) -> None:
    scene = play()
    scene.platform.world.break_service(service, BreakKind.STOP)
    await scene.passes(1)
    assert ask(scene, text) == []
    assert len(ask(scene, "up")) == len(SERVICES)


def test_quoted_braces_and_escapes_are_read() -> None:
    expression = read_expression(r'sum by (job) (rate(x_total{path="/a{b}\"c",job=~"a|b"}[10m])) >= 1.5')
    assert [(matcher.label, matcher.value) for matcher in expression.matchers] == [("path", '/a{b}"c'), ("job", "a|b")]
    assert (expression.window.total_seconds(), expression.by, expression.comparison) == (600, ("job",), (">=", 1.5))
