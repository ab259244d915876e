"""What a probe makes of a service that answers, answers badly, or does not."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import httpx
import pytest

from bot.adapters.probes import Endpoint, HttpProbes
from bot.domain.findings import Finding, Verdict
from bot.domain.ids import ServiceName
from bot.domain.profiles import Probe, ProbeKind
from tests.adapters.stub_http import Misbehaviour, StubHttp, answer, html, refused_url
from tests.waiting import wait_until

QDRANT = ServiceName("qdrant")
KEY = "s3cr3t-key"
READYZ = Probe(name="readyz", kind=ProbeKind.HTTP, path="/readyz", timeout=timedelta(seconds=2))
COLLECTIONS = Probe(name="collections", kind=ProbeKind.QDRANT_COLLECTIONS, timeout=timedelta(seconds=2))
PORT = Probe(name="port", kind=ProbeKind.TCP, timeout=timedelta(seconds=2))
BRIEF = timedelta(milliseconds=200)


async def ask(url: str, probe: Probe, client: httpx.AsyncClient) -> Finding:
    finding = await HttpProbes({QDRANT: Endpoint(url, KEY)}, client).ask(QDRANT, probe)
    assert (finding.service, finding.name) == (QDRANT, probe.name)
    assert KEY not in f"{finding.evidence}{finding.suggestion}"
    return finding


def brief(probe: Probe) -> Probe:
    return Probe(name=probe.name, kind=probe.kind, path=probe.path, timeout=BRIEF)


async def test_the_expected_status_is_fine(client: httpx.AsyncClient) -> None:
    async with StubHttp({"/readyz": answer("all shards are ready", 200, "text/plain")}) as server:
        finding = await ask(server.url, READYZ, client)
    assert finding.verdict is Verdict.OK
    assert finding.evidence.startswith("HTTP 200 in ")
    assert timedelta() < finding.took < READYZ.timeout


async def test_a_status_other_than_200_can_be_the_expected_one(client: httpx.AsyncClient) -> None:
    probe = Probe(name="root", kind=ProbeKind.HTTP, path="/", expect_status=302)
    async with StubHttp({"/": answer("", 302, "text/plain", "location: /app")}) as server:
        assert (await ask(server.url, probe, client)).verdict is Verdict.OK
    assert [asked.path for asked in server.asked] == ["/"]


@pytest.mark.parametrize(
    ("content", "evidence"),
    [
        (
            answer("some shards\nare not ready", 503, "text/plain"),
            "HTTP 503, expected 200: some shards are not ready",
        ),
        (answer("", 503), "HTTP 503, expected 200"),
        (
            answer('{"status": "unhealthy", "checks": {"qdrant": "stopped", "cache": {"hits": 3}}}', 503),
            "HTTP 503, expected 200: status: unhealthy, checks: (qdrant: stopped, cache: (hits: 3))",
        ),
        (answer('["no", "object"]', 503), 'HTTP 503, expected 200: ["no", "object"]'),
        (answer("x" * 300, 500), "HTTP 500, expected 200: " + "x" * 199 + "…"),
        (answer(f"bad key {KEY}", 401), "HTTP 401, expected 200: bad key [redacted]"),
        (answer("", 302), "HTTP 302, expected 200"),
    ],
)
async def test_any_other_status_is_critical_with_the_start_of_the_body(
    content: bytes, evidence: str, client: httpx.AsyncClient
) -> None:
    async with StubHttp({"/readyz": content}) as server:
        finding = await ask(server.url, READYZ, client)
    assert (finding.verdict, finding.evidence) == (Verdict.CRITICAL, evidence)


async def test_a_refused_key_says_what_to_check(client: httpx.AsyncClient) -> None:
    async with StubHttp({"/readyz": answer("", 403)}) as server:
        finding = await ask(server.url, READYZ, client)
    assert finding.suggestion == "check the service's api_key in watchkeeper.yaml"


@pytest.mark.parametrize("probe", [READYZ, COLLECTIONS, PORT], ids=lambda probe: probe.name)
async def test_a_refused_connection_is_critical(probe: Probe, client: httpx.AsyncClient) -> None:
    finding = await ask(refused_url(), probe, client)
    assert (finding.verdict, finding.evidence) == (Verdict.CRITICAL, "refused the connection")


@pytest.mark.parametrize(
    ("content", "evidence"),
    [
        (Misbehaviour.RESET, "reset the connection"),
        (Misbehaviour.CLOSE, "closed the connection without an answer"),
    ],
)
async def test_a_connection_that_breaks_before_the_answer_is_critical(
    content: bytes, evidence: str, client: httpx.AsyncClient
) -> None:
    async with StubHttp({"/readyz": content}) as server:
        finding = await ask(server.url, READYZ, client)
    assert (finding.verdict, finding.evidence) == (Verdict.CRITICAL, evidence)


@pytest.mark.parametrize(
    ("content", "evidence"),
    [
        (Misbehaviour.SILENCE, "did not answer within 0.2 s"),
        (b"SSH-2.0\r\n\r\n", "answered something that is not HTTP, or broke off in the middle"),
        (
            b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc",
            "answered something that is not HTTP, or broke off in the middle",
        ),
    ],
)
async def test_no_readable_answer_is_unknown(content: bytes, evidence: str, client: httpx.AsyncClient) -> None:
    async with StubHttp({"/readyz": content}) as server:
        finding = await ask(server.url, brief(READYZ), client)
    assert (finding.verdict, finding.evidence) == (Verdict.UNKNOWN, evidence)


@pytest.mark.parametrize("probe", [READYZ, PORT], ids=lambda probe: probe.name)
async def test_a_name_that_does_not_resolve_is_unknown(probe: Probe, client: httpx.AsyncClient) -> None:
    finding = await ask("http://no-such-host.invalid:6333", probe, client)
    assert (finding.verdict, finding.evidence) == (Verdict.UNKNOWN, "has a name that does not resolve")


async def test_a_service_without_an_address_says_where_to_write_it(client: httpx.AsyncClient) -> None:
    finding = await HttpProbes({}, client).ask(ServiceName("web-ui"), READYZ)
    assert (finding.verdict, finding.evidence) == (
        Verdict.UNKNOWN,
        "no address configured for web-ui in watchkeeper.yaml: platforms[].services.web-ui.url",
    )


def test_an_endpoint_does_not_print_its_key() -> None:
    assert KEY not in repr(Endpoint("http://qdrant:6333", KEY))


def qdrant(**statuses: object) -> StubHttp:
    """A Qdrant whose collections answer as given: a status, a whole ``result``, or bytes."""
    names = {"result": {"collections": [{"name": name} for name in statuses]}, "status": "ok", "time": 0.001}
    routes = {"/collections": answer(names)}
    for name, status in statuses.items():
        result = status if isinstance(status, dict) else {"status": status, "optimizer_status": "ok"}
        routes[f"/collections/{name}"] = status if isinstance(status, bytes) else answer({"result": result})
    return StubHttp(routes)


async def test_green_and_grey_collections_are_fine(client: httpx.AsyncClient) -> None:
    async with qdrant(docs="green", code="grey", notes="green") as server:
        finding = await ask(server.url, COLLECTIONS, client)
    assert (finding.verdict, finding.evidence) == (Verdict.OK, "3 collections: 1 grey, 2 green")
    assert all(asked.headers["api-key"] == KEY for asked in server.asked)


async def test_a_yellow_collection_is_a_warning_that_says_what_yellow_means(client: httpx.AsyncClient) -> None:
    async with qdrant(docs="green", code="yellow") as server:
        finding = await ask(server.url, COLLECTIONS, client)
    assert (finding.verdict, finding.evidence) == (
        Verdict.WARNING,
        "2 collections: 1 yellow, 1 green; code is optimising or being snapshotted",
    )


async def test_a_red_collection_is_critical_with_the_optimizers_error(client: httpx.AsyncClient) -> None:
    red = {"status": "red", "optimizer_status": {"error": f"No space left\non device, key {KEY}"}}
    async with qdrant(docs=red, code="yellow") as server:
        finding = await ask(server.url, COLLECTIONS, client)
    assert finding.verdict is Verdict.CRITICAL
    assert finding.evidence == (
        "2 collections: 1 red, 1 yellow; docs (optimizer error: No space left on device, key [redacted]);"
        " code is optimising or being snapshotted"
    )
    assert finding.suggestion == "read the optimizer error; a full disk is the usual cause"


async def test_a_red_collection_without_an_error_is_critical_too(client: httpx.AsyncClient) -> None:
    async with qdrant(docs="red") as server:
        finding = await ask(server.url, COLLECTIONS, client)
    assert (finding.verdict, finding.evidence) == (
        Verdict.CRITICAL,
        "1 collection: 1 red; docs (an operation failed)",
    )


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (Misbehaviour.SILENCE, "docs did not answer in time"),
        (Misbehaviour.RESET, "docs reset the connection"),
        (answer("busy", 503), "docs answered HTTP 503, expected 200: busy"),
        (answer({"result": {"status": "blue"}}), "docs has the unknown status blue"),
        (html(), "docs answered HTML, not JSON: is a proxy in the way?"),
    ],
)
async def test_a_collection_that_does_not_say_is_never_fine(
    content: bytes, why: str, client: httpx.AsyncClient
) -> None:
    async with qdrant(docs=content, code="yellow") as server:
        finding = await ask(server.url, brief(COLLECTIONS), client)
    assert finding.verdict is Verdict.UNKNOWN
    assert finding.evidence.startswith(f"2 collections: 1 unknown, 1 yellow; {why}; code is")


async def test_a_red_collection_outweighs_a_silent_one(client: httpx.AsyncClient) -> None:
    async with qdrant(docs=Misbehaviour.SILENCE, code="red") as server:
        assert (await ask(server.url, brief(COLLECTIONS), client)).verdict is Verdict.CRITICAL


async def test_a_collection_deleted_meanwhile_is_left_out(client: httpx.AsyncClient) -> None:
    async with qdrant(docs="green", old=answer({"status": {"error": "Not found"}}, 404)) as server:
        finding = await ask(server.url, COLLECTIONS, client)
    assert (finding.verdict, finding.evidence) == (Verdict.OK, "1 collection: 1 green")


async def test_an_empty_qdrant_is_fine(client: httpx.AsyncClient) -> None:
    async with qdrant() as server:
        finding = await ask(server.url, COLLECTIONS, client)
    assert (finding.verdict, finding.evidence) == (Verdict.OK, "no collections")


async def test_a_refused_key_for_the_list_is_critical(client: httpx.AsyncClient) -> None:
    async with StubHttp({"/collections": answer("Must provide an API key", 401, "text/plain")}) as server:
        finding = await ask(server.url, COLLECTIONS, client)
    assert (finding.verdict, finding.evidence) == (
        Verdict.CRITICAL,
        "HTTP 401, expected 200: Must provide an API key",
    )


async def test_a_list_in_html_is_unknown(client: httpx.AsyncClient) -> None:
    async with StubHttp({"/collections": html()}) as server:
        finding = await ask(server.url, COLLECTIONS, client)
    assert (finding.verdict, finding.evidence) == (
        Verdict.UNKNOWN,
        "answered HTML, not JSON: is a proxy in the way?",
    )


async def test_many_collections_are_asked_a_few_at_a_time_and_named_a_few(client: httpx.AsyncClient) -> None:
    async with qdrant(**{f"c{number:03}": "yellow" for number in range(60)}) as server:
        finding = await ask(server.url, COLLECTIONS, client)
    assert finding.evidence.startswith("60 collections: 60 yellow; c000 is optimising")
    assert finding.evidence.endswith("; and 57 more")
    assert 1 < server.most_at_once <= 8


async def test_a_strange_name_stays_one_part_of_the_path(client: httpx.AsyncClient) -> None:
    async with qdrant(**{"a%2F..%2Fb%3Fc": "green"}) as server:
        server.routes["/collections"] = answer({"result": {"collections": [{"name": "a/../b?c"}]}})
        finding = await ask(server.url, COLLECTIONS, client)
    assert finding.verdict is Verdict.OK


async def test_a_connection_is_fine_for_tcp(client: httpx.AsyncClient) -> None:
    async with StubHttp({}) as server:
        finding = await ask(server.url, PORT, client)
    assert finding.verdict is Verdict.OK
    assert finding.evidence.startswith("accepted a connection in ")


@pytest.mark.parametrize("scheme", ["redis", "tcp", "postgresql"])
async def test_tcp_takes_any_scheme(scheme: str, client: httpx.AsyncClient) -> None:
    async with StubHttp({}) as server:
        finding = await ask(server.url.replace("http", scheme), PORT, client)
    assert finding.verdict is Verdict.OK


async def test_tcp_takes_whichever_address_of_a_name_answers(client: httpx.AsyncClient) -> None:
    async with StubHttp({}) as server:
        finding = await ask(server.url.replace("127.0.0.1", "localhost"), PORT, client)
    assert finding.verdict is Verdict.OK


@pytest.mark.parametrize("url", ["tcp://host", "tcp://", "tcp://host:seven", "host:6379"])
async def test_tcp_without_host_or_port_is_unknown(url: str, client: httpx.AsyncClient) -> None:
    finding = await ask(url, PORT, client)
    assert finding.verdict is Verdict.UNKNOWN
    assert finding.evidence.endswith("in watchkeeper.yaml")


async def test_a_probe_that_is_called_off_leaves_nothing_behind(client: httpx.AsyncClient) -> None:
    async with qdrant(docs=Misbehaviour.SILENCE) as server:
        asking = asyncio.create_task(ask(server.url, COLLECTIONS, client))
        await wait_until(lambda: len(server.asked) == 2, description="the silent collection is asked")
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
    assert len(asyncio.all_tasks()) == 1
