"""Values, and every way in which there is none."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from bot.adapters.prometheus import PrometheusApi
from bot.domain.errors import TemporaryError
from bot.domain.profiles import Metric
from tests.adapters.stub_http import Misbehaviour, StubHttp, answer, html, refused_url

METRIC = Metric(name="error_ratio", title="Errors", promql='sum(rate(x{a="b"}[5m]))', unit="ratio")
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def result(kind: str, data: object, **more: object) -> bytes:
    return answer({"status": "success", "data": {"resultType": kind, "result": data}, **more})


def failure(status: int, error_type: str, error: str) -> bytes:
    return answer({"status": "error", "errorType": error_type, "error": error}, status)


def prometheus(url: str, client: httpx.AsyncClient, *, within: timedelta = timedelta(seconds=5)) -> PrometheusApi:
    return PrometheusApi(url, client, within=within, now=lambda: NOW)


async def why_missing(content: bytes, client: httpx.AsyncClient, *, within_ms: int = 5000) -> str | None:
    """Return the reason of the only sample, which has no value."""
    async with StubHttp({"/api/v1/query": content}) as server:
        source = prometheus(server.url, client, within=timedelta(milliseconds=within_ms))
        [sample] = await source.sample(METRIC)
    assert (sample.name, sample.unit, sample.value) == ("error_ratio", "ratio", None)
    return sample.why_missing


async def test_a_vector_gives_one_sample_a_series_with_sorted_labels(client: httpx.AsyncClient) -> None:
    series = [
        {"metric": {"z": "1", "a": "2"}, "value": [1763726400.5, "0.25"]},
        {"metric": {}, "value": [1763726400.5, "1e+03"]},
    ]
    async with StubHttp({"/api/v1/query": result("vector", series)}) as server:
        samples = await prometheus(server.url, client).sample(METRIC)
    assert [(sample.labels, sample.value) for sample in samples] == [((("a", "2"), ("z", "1")), 0.25), ((), 1000.0)]
    assert samples[0].at == datetime.fromtimestamp(1763726400.5, UTC)
    assert samples[0].why_missing is None


async def test_zero_is_a_value(client: httpx.AsyncClient) -> None:
    async with StubHttp({"/api/v1/query": result("scalar", [1763726400, "0"])}) as server:
        [sample] = await prometheus(server.url, client).sample(METRIC)
    assert (sample.value, sample.why_missing) == (0.0, None)


async def test_the_query_is_posted_as_a_form_below_the_prefix(client: httpx.AsyncClient) -> None:
    async with StubHttp({"/prom/api/v1/query": result("vector", [])}) as server:
        await prometheus(f"{server.url}/prom/", client).sample(METRIC, at=NOW)
    [asked] = server.asked
    assert asked.method == "POST"
    assert asked.form == {"query": METRIC.promql, "timeout": "10s", "time": f"{NOW.timestamp():.3f}"}


async def test_without_a_moment_the_server_says_when_now_is(client: httpx.AsyncClient) -> None:
    async with StubHttp({"/api/v1/query": result("vector", [])}) as server:
        await prometheus(server.url, client).sample(METRIC)
    assert "time" not in server.asked[0].form


async def test_no_series_is_no_data_dated_when_it_was_asked(client: httpx.AsyncClient) -> None:
    earlier = NOW - timedelta(hours=1)
    async with StubHttp({"/api/v1/query": result("vector", [])}) as server:
        [now], [then] = (
            await prometheus(server.url, client).sample(METRIC),
            await prometheus(server.url, client).sample(METRIC, at=earlier),
        )
    assert (now.why_missing, now.value, now.at) == ("no series matches", None, NOW)
    assert then.at == earlier


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("NaN", "NaN: zero divided by zero, or nothing was observed in the window"),
        ("+Inf", "+Inf: something divided by zero, or a quantile above the highest bucket"),
        ("-Inf", "-Inf: something divided by zero, or a quantile above the highest bucket"),
    ],
)
async def test_what_is_not_a_number_keeps_its_labels_and_says_why(
    text: str, reason: str, client: httpx.AsyncClient
) -> None:
    series = [{"metric": {"job": "qdrant"}, "value": [1763726400, text]}]
    async with StubHttp({"/api/v1/query": result("vector", series)}) as server:
        [sample] = await prometheus(server.url, client).sample(METRIC)
    assert (sample.labels, sample.value, sample.why_missing) == ((("job", "qdrant"),), None, reason)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (html(), "Prometheus answered HTML, not JSON: is a proxy in the way?"),
        (html(502), "Prometheus answered HTTP 502 with HTML, not JSON: is a proxy in the way?"),
        (
            answer("", 302, "text/plain", "location: /login"),
            "Prometheus answered HTTP 302, a redirect: is a proxy in the way?",
        ),
        (answer("no", 401, "text/plain"), "Prometheus answered HTTP 401: check its credentials in watchkeeper.yaml"),
        (answer("Service Unavailable", 503, "text/plain"), "Prometheus answered HTTP 503: Service Unavailable"),
        (answer("pong", 200, "text/plain"), "Prometheus answered something that is not JSON"),
        (
            answer({"status": "success"}),
            "Prometheus answered JSON of another shape: Object missing required field `data`",
        ),
        (
            failure(400, "bad_data", "parse error:\n unexpected <eof>"),
            "Prometheus refused the query (bad_data): parse error: unexpected <eof>",
        ),
        (
            failure(422, "execution", "many-to-many matching"),
            "Prometheus refused the query (execution): many-to-many matching",
        ),
        (
            failure(503, "timeout", "query timed out in expression evaluation"),
            "Prometheus gave up on the query after 10 s: query timed out in expression evaluation",
        ),
        (
            result("matrix", [{"metric": {}, "values": [[1, "1"]]}]),
            "Prometheus answered a matrix, not a value: check the expression of error_ratio",
        ),
        (
            result("string", [1, "text"]),
            "Prometheus answered a string, not a value: check the expression of error_ratio",
        ),
        (
            result("vector", [{"metric": {}, "histogram": [1, {"count": "1"}]}]),
            "Prometheus answered a histogram, not a value: check the expression of error_ratio",
        ),
        (result("scalar", [1, "many"]), "Prometheus answered a result that cannot be read"),
        (result("scalar", [1e300, "1"]), "Prometheus answered a result that cannot be read"),
        (result("vector", {}), "Prometheus answered a result that cannot be read"),
        (Misbehaviour.RESET, "Prometheus reset the connection"),
        (Misbehaviour.CLOSE, "Prometheus closed the connection without an answer"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "Prometheus answered something that is not HTTP, or broke off in the middle"),
        (
            b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{",
            "Prometheus answered something that is not HTTP, or broke off in the middle",
        ),
        (
            b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\nabc",
            "Prometheus answered something that is not HTTP, or broke off in the middle",
        ),
    ],
)
async def test_each_unreadable_answer_has_its_own_reason(
    content: bytes, reason: str, client: httpx.AsyncClient
) -> None:
    assert await why_missing(content, client) == reason


async def test_a_slow_prometheus_is_an_answer_too(client: httpx.AsyncClient) -> None:
    assert await why_missing(Misbehaviour.SILENCE, client, within_ms=200) == "Prometheus did not answer within 0.2 s"


async def test_a_body_that_trickles_does_not_stretch_the_time(client: httpx.AsyncClient) -> None:
    endless = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{\r\n"
    async with StubHttp({"/api/v1/query": endless}, hold_open=True) as server:
        source = prometheus(server.url, client, within=timedelta(milliseconds=200))
        [sample] = await source.sample(METRIC)
    assert sample.why_missing == "Prometheus did not answer within 0.2 s"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://no-such-host.invalid:9090", "Prometheus has a name that does not resolve"),
        ("ftp://127.0.0.1", "Prometheus has no usable address in watchkeeper.yaml"),
        ("http://[::1", "Prometheus has no usable address in watchkeeper.yaml"),
    ],
)
async def test_an_absent_prometheus_says_what_is_wrong_with_its_address(
    url: str, reason: str, client: httpx.AsyncClient
) -> None:
    [sample] = await prometheus(url, client).sample(METRIC)
    assert sample.why_missing == reason


async def test_a_refused_connection_is_told_from_a_slow_one(client: httpx.AsyncClient) -> None:
    [sample] = await prometheus(refused_url(), client).sample(METRIC)
    assert sample.why_missing == "Prometheus refused the connection"


async def test_a_plain_server_behind_https_fails_the_handshake(client: httpx.AsyncClient) -> None:
    async with StubHttp({}, greeting=b"HTTP/1.1 400 Bad Request\r\n\r\n") as server:
        [sample] = await prometheus(server.url.replace("http:", "https:"), client).sample(METRIC)
    assert sample.why_missing == "Prometheus failed the TLS handshake (WRONG_VERSION_NUMBER)"


async def test_warnings_are_logged_with_the_metric(client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    content = result("scalar", [1763726400, "1"], warnings=["remote\nread failed"])
    async with StubHttp({"/api/v1/query": content}) as server:
        with caplog.at_level(logging.WARNING):
            await prometheus(server.url, client).sample(METRIC)
    [record] = caplog.records
    assert (record.message, record.__dict__["metric"]) == ("prometheus_warned", "error_ratio")
    assert record.__dict__["warnings"] == ["remote read failed"]


async def test_no_password_of_the_address_appears_in_a_reason(client: httpx.AsyncClient) -> None:
    async with StubHttp({"/api/v1/query": answer("no", 401, "text/plain"), "/api/v1/alerts": html()}) as server:
        source = prometheus(server.url.replace("http://", "http://ops:hunter2@"), client)
        [sample] = await source.sample(METRIC)
        with pytest.raises(TemporaryError) as raised:
            await source.firing()
    assert server.asked[0].headers["authorization"].startswith("Basic ")
    assert "hunter2" not in f"{sample.why_missing} {raised.value} {raised.value.__cause__}"


async def test_firing_leaves_out_what_is_pending(client: httpx.AsyncClient) -> None:
    alerts = [
        {"labels": {"job": "b", "alertname": "Down"}, "state": "firing", "activeAt": "x", "value": "9e+00"},
        {"labels": {"alertname": "Slow"}, "state": "pending"},
    ]
    async with StubHttp({"/api/v1/alerts": answer({"status": "success", "data": {"alerts": alerts}})}) as server:
        firing = await prometheus(server.url, client).firing()
    assert firing == frozenset({("Down", (("alertname", "Down"), ("job", "b")))})


@pytest.mark.parametrize("content", [html(), answer("", 500), Misbehaviour.RESET, answer({"data": {}})])
async def test_firing_without_an_answer_is_a_temporary_error(content: bytes, client: httpx.AsyncClient) -> None:
    async with StubHttp({"/api/v1/alerts": content}) as server:
        with pytest.raises(TemporaryError, match=r"^Prometheus "):
            await prometheus(server.url, client).firing()
