"""The door for Alertmanager: what comes in, what is turned away, and with which words."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

from bot.domain.alerts import AlertGroup, AlertStatus
from bot.domain.errors import TemporaryError
from bot.domain.ids import PlatformName
from bot.ports.intake import Accepted, Refusal
from handlers.alertmanager import (
    MAX_BODY_BYTES,
    AlertmanagerEdge,
    IntakeOutcome,
    PlatformIntake,
    alertmanager_routes,
)
from tests.waiting import wait_until

FOLDER = Path(__file__).parent.parent / "payloads"
PAYLOADS = {path.stem: path.read_bytes() for path in sorted(FOLDER.glob("am-*.json"))}
FIRING = PAYLOADS["am-single-firing"]
CURRENT, PREVIOUS = "current-token", "vorh\u00e4riges-pa\u00dfwort"
ARCHON = PlatformName("archon")
PATH = "/alertmanager/archon"
BEARER = {"authorization": f"Bearer {CURRENT}"}
PLATFORMS = {
    ARCHON: PlatformIntake((CURRENT.encode(), PREVIOUS.encode())),
    PlatformName("named-user"): PlatformIntake((CURRENT.encode(),), user="al\u00e9rt".encode()),
}


class RecordingIntake:
    """Keeps what it is given; `away` and `gate` make it absent or slow."""

    def __init__(self) -> None:
        self.accepted: list[tuple[AlertGroup, bytes]] = []
        self.oversized: list[tuple[str, int]] = []
        self.refused: list[tuple[str, Refusal]] = []
        self.away = False
        self.gate: asyncio.Event | None = None
        self.changed = 1
        self.waiting = 0

    async def accept(self, group: AlertGroup, body: bytes) -> Accepted:
        self._must_be_here()
        if self.gate is not None:
            self.waiting += 1
            await self.gate.wait()
        self.accepted.append((group, body))
        return Accepted(self.changed)

    async def note_oversized(self, platform: PlatformName, size_bytes: int) -> None:
        self._must_be_here()
        self.oversized.append((platform, size_bytes))

    async def note_refused(self, path_platform: str, reason: Refusal) -> None:
        self._must_be_here()
        self.refused.append((path_platform, reason))

    def _must_be_here(self) -> None:
        if self.away:
            raise TemporaryError("redis://:hunter2@store: refused the connection")


class RecordingMetrics:
    def __init__(self) -> None:
        self.outcomes: list[IntakeOutcome] = []

    def on_accept(self, seconds: float, outcome: IntakeOutcome) -> None:
        assert 0 < seconds < 60
        self.outcomes.append(outcome)


@pytest.fixture
def intake() -> RecordingIntake:
    return RecordingIntake()


@pytest.fixture
def metrics() -> RecordingMetrics:
    return RecordingMetrics()


@pytest.fixture
async def door(intake: RecordingIntake, metrics: RecordingMetrics) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(alertmanager_routes(PLATFORMS, intake, metrics)) as client:
        yield client


@asynccontextmanager
async def client_of(routes: list[Route]) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(Starlette(routes=routes))
    async with httpx.AsyncClient(transport=transport, base_url="http://watchkeeper.test") as client:
        yield client


def basic(user: str, password: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def body(**changes: object) -> bytes:
    """A webhook with changed keys of its only alert; None removes one."""
    whole = json.loads(FIRING)
    whole["alerts"][0] = {k: v for k, v in (whole["alerts"][0] | changes).items() if v is not None}
    return json.dumps(whole).encode()


def group(**changes: object) -> bytes:
    """A webhook with changed keys of the group; None removes one."""
    return json.dumps({k: v for k, v in (json.loads(FIRING) | changes).items() if v is not None}).encode()


async def chunks(size_bytes: int, sent: list[int] | None = None) -> AsyncIterator[bytes]:
    """A body of unannounced size; counts what was taken of it."""
    for _ in range(size_bytes // 65536 + 1):
        if sent is not None:
            sent.append(65536)
        yield b" " * 65536


# --- bodies -------------------------------------------------------------------------------------------------------


def test_every_captured_payload_is_here() -> None:
    assert len(PAYLOADS) == 9


@pytest.mark.parametrize("sent", PAYLOADS.values(), ids=PAYLOADS)
async def test_every_captured_payload_is_kept_as_sent(
    sent: bytes, door: httpx.AsyncClient, intake: RecordingIntake
) -> None:
    answer = await door.post(PATH, content=sent, headers=BEARER)
    assert (answer.status_code, answer.json()) == (200, {"status": "accepted"})
    [(kept, kept_body)] = intake.accepted
    wanted = json.loads(sent)
    assert kept_body == sent
    assert (kept.platform, kept.group_key, kept.receiver) == (ARCHON, wanted["groupKey"], wanted["receiver"])
    assert (kept.truncated, kept.external_url) == (wanted["truncatedAlerts"], wanted["externalURL"])
    assert [
        (alert.fingerprint, alert.status, alert.labels, alert.annotations, alert.generator_url) for alert in kept.alerts
    ] == [
        (alert["fingerprint"], alert["status"], alert["labels"], alert["annotations"], alert["generatorURL"])
        for alert in wanted["alerts"]
    ]


async def test_times_are_utc_and_a_firing_alert_has_no_end(door: httpx.AsyncClient, intake: RecordingIntake) -> None:
    await door.post(PATH, content=PAYLOADS["am-group-mixed-firing-resolved"], headers=BEARER)
    firing, resolved = intake.accepted[0][0].alerts
    assert (firing.status, firing.ends_at) == (AlertStatus.FIRING, None)
    assert resolved.starts_at == datetime(2026, 11, 21, 21, 8, 10, 936000, tzinfo=UTC)
    assert resolved.ends_at == datetime(2026, 11, 21, 21, 8, 30, 936000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-21T21:18:04.445292859Z", datetime(2026, 11, 21, 21, 18, 4, 445000, tzinfo=UTC)),
        ("2026-11-21T21:18:04Z", datetime(2026, 11, 21, 21, 18, 4, tzinfo=UTC)),
        ("2026-11-21T23:18:04.5+02:00", datetime(2026, 11, 21, 21, 18, 4, 500000, tzinfo=UTC)),
    ],
)
async def test_times_are_read_as_go_writes_them(
    text: str, moment: datetime, door: httpx.AsyncClient, intake: RecordingIntake
) -> None:
    await door.post(PATH, content=body(startsAt=text), headers=BEARER)
    [alert] = intake.accepted[0][0].alerts
    assert (alert.starts_at, alert.starts_at.utcoffset()) == (moment, timedelta())


async def test_what_newer_versions_add_and_others_leave_out_does_no_harm(
    door: httpx.AsyncClient, intake: RecordingIntake
) -> None:
    newer = json.loads(body(labels=None, annotations=None, generatorURL=None, endsAt=None, mutedBy=["x"]))
    newer |= {"notification_reason": "first notification", "routeLabels": {"a": "b"}, "version": "5", "x": [{}]}
    for key in ("truncatedAlerts", "externalURL", "receiver", "commonLabels", "status"):
        del newer[key]
    answer = await door.post(PATH, content=json.dumps(newer).encode(), headers=BEARER)
    [alert] = intake.accepted[0][0].alerts
    assert (answer.status_code, alert.labels, alert.annotations, alert.generator_url) == (200, {}, {}, "")


async def test_null_labels_are_none(door: httpx.AsyncClient, intake: RecordingIntake) -> None:
    sent = FIRING.replace(b'"labels":{', b'"labels":null,"old":{').replace(
        b'"annotations":{', b'"annotations":null,"o":{'
    )
    await door.post(PATH, content=sent, headers=BEARER)
    assert (intake.accepted[0][0].alerts[0].labels, intake.accepted[0][0].alerts[0].annotations) == ({}, {})


@pytest.mark.parametrize("resolved_end", ["0001-01-01T00:00:00Z", "", None])
async def test_a_resolved_alert_without_an_end_is_taken(
    resolved_end: str | None, door: httpx.AsyncClient, intake: RecordingIntake
) -> None:
    answer = await door.post(PATH, content=body(status="resolved", endsAt=resolved_end), headers=BEARER)
    assert answer.status_code == 200
    assert intake.accepted[0][0].alerts[0].ends_at is None


@pytest.mark.parametrize("alerts", [[], None])
async def test_a_group_without_alerts_is_fine_and_nothing_to_keep(
    alerts: object, door: httpx.AsyncClient, intake: RecordingIntake
) -> None:
    sent = json.dumps(json.loads(FIRING) | {"alerts": alerts}).encode()
    answer = await door.post(PATH, content=sent, headers=BEARER)
    assert (answer.status_code, answer.json(), intake.accepted) == (200, {"status": "known"}, [])


async def test_a_repeat_is_known(door: httpx.AsyncClient, intake: RecordingIntake, metrics: RecordingMetrics) -> None:
    intake.changed = 0
    answer = await door.post(PATH, content=FIRING, headers=BEARER)
    assert (answer.status_code, answer.json()) == (200, {"status": "known"})
    assert metrics.outcomes == [IntakeOutcome.KNOWN]


LONG = "x" * 500
UNREADABLE = [
    (b"", "body: empty"),
    (b"{", "body: not JSON: Input data was truncated"),
    (b"status=firing", "body: not JSON: invalid character (byte 0)"),
    (FIRING + b"x", f"body: not JSON: trailing characters (byte {len(FIRING) + 1})"),
    (FIRING.decode().encode("utf-16"), "body: not JSON: invalid character (byte 0)"),
    (b"[]", "body: expected object, got array"),
    (b"null", "body: expected object, got null"),
    (b'"text"', "body: expected object, got str"),
    (
        b'{"groupKey":"\\ud800","alerts":[]}',
        "body: not JSON: unexpected end of escaped utf-16 surrogate pair (byte 19)",
    ),
    (FIRING.replace(b"ServiceDown", b"Service\xffDown"), "body: not UTF-8"),
    (b'{"x":' + b"[" * 200_000, "body: nested too deeply"),
    (group(groupKey=None), "groupKey: missing"),
    (group(groupKey=""), "groupKey: expected str of length >= 1"),
    (group(groupKey=7), "groupKey: expected str, got int"),
    (group(truncatedAlerts="many"), "truncatedAlerts: expected int, got str"),
    (group(alerts={}), "alerts: expected array | null, got object"),
    (group(alerts=[3]), "alerts[0]: expected object, got int"),
    (b'{"groupKey":"k"}', "alerts: missing"),
    (body(fingerprint=None), "alerts[0].fingerprint: missing"),
    (body(fingerprint=""), "alerts[0].fingerprint: expected str of length >= 1"),
    (body(fingerprint="f" * 65), "alerts[0].fingerprint: expected str of length <= 64"),
    (body(status=None), "alerts[0].status: missing"),
    (body(status="suppressed"), "alerts[0].status: expected firing or resolved, got 'suppressed'"),
    (body(status="a` - at `$.b'"), 'alerts[0].status: expected firing or resolved, got "a` - at `$.b\'"'),
    (body(status=LONG), f"alerts[0].status: expected firing or resolved, got '{LONG[:60]}…'"),
    (body(labels={"a": 1}), "alerts[0].labels[...]: expected str, got int"),
    (body(startsAt=None), "alerts[0].startsAt: missing"),
    (body(startsAt=1763759290), "alerts[0].startsAt: expected str, got int"),
    (body(startsAt="yesterday\n"), "alerts[0].startsAt: expected an RFC 3339 time, got 'yesterday\\n'"),
    (body(startsAt=LONG), f"alerts[0].startsAt: expected an RFC 3339 time, got '{LONG[:60]}…'"),
    *[
        (body(startsAt=text), f"alerts[0].startsAt: expected an RFC 3339 time, got '{text}'")
        for text in (
            "",
            "2026-11-21",
            "2026-11-21T21:18:04",
            "2026-11-21 21:18:04Z",
            "20261121T211804Z",
            "2026-13-21T21:18:04Z",
            "2026-11-21T21:18:60Z",
            "0001-01-01T00:00:00+14:00",
            "٢٠٢٦-11-21T21:18:04Z",
        )
    ],
    (body(status="resolved", endsAt="soon"), "alerts[0].endsAt: expected an RFC 3339 time, got 'soon'"),
]


@pytest.mark.parametrize(("sent", "error"), UNREADABLE, ids=[error[:60] for _, error in UNREADABLE])
async def test_what_can_never_be_read_is_a_400_that_names_the_field(
    sent: bytes, error: str, door: httpx.AsyncClient, intake: RecordingIntake, metrics: RecordingMetrics
) -> None:
    answer = await door.post(PATH, content=sent, headers=BEARER)
    assert (answer.status_code, answer.json()) == (400, {"error": error})
    assert answer.headers["content-type"] == "application/json"
    assert (intake.accepted, metrics.outcomes) == ([], [IntakeOutcome.UNREADABLE])


async def test_the_wrong_alert_is_named_by_its_place(door: httpx.AsyncClient) -> None:
    whole = json.loads(FIRING)
    whole["alerts"] = [whole["alerts"][0], whole["alerts"][0] | {"startsAt": "noon"}]
    answer = await door.post(PATH, content=json.dumps(whole).encode(), headers=BEARER)
    assert answer.json() == {"error": "alerts[1].startsAt: expected an RFC 3339 time, got 'noon'"}


# --- who may come in ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        (PATH, BEARER),
        (PATH, {"authorization": f"bearer   {CURRENT} "}),
        (PATH, {"authorization": f"Bearer {PREVIOUS}"}),
        (PATH, basic("anybody", CURRENT)),
        (PATH, basic("", PREVIOUS)),
        ("/alertmanager/named-user", BEARER),
        ("/alertmanager/named-user", basic("al\u00e9rt", CURRENT)),
    ],
)
async def test_either_secret_opens_as_bearer_or_basic(
    path: str, headers: dict[str, str], door: httpx.AsyncClient, intake: RecordingIntake
) -> None:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    assert (await door.post(path, content=FIRING, headers=raw)).status_code == 200
    assert (len(intake.accepted), intake.refused) == (1, [])


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        b"",
        b"Bearer",
        b"Bearer ",
        b"Bearer wrong",
        b"Bearer " + CURRENT.upper().encode(),
        b"Bearer " + CURRENT.encode() + b"x",
        b"Bearer " + CURRENT[:-1].encode(),
        b"Bearer \xff\xfe\x80",
        b"Bearer " + PREVIOUS.encode("latin-1"),
        b"Token " + CURRENT.encode(),
        CURRENT.encode(),
        b"Basic",
        b"Basic !!!",
        b"Basic \xff",
        b"Basic " + base64.b64encode(CURRENT.encode()),
        b"Basic " + base64.b64encode(b"anybody:"),
        b"Basic " + base64.b64encode(b"anybody:wrong"),
        b"Basic " + base64.b64encode(f"{CURRENT}:wrong".encode()),
        b"Basic " + base64.b64encode(f"anybody:{CURRENT}".encode())[:-3],
    ],
)
async def test_anything_else_is_401_with_a_challenge_and_noted(
    authorization: bytes | None, door: httpx.AsyncClient, intake: RecordingIntake, metrics: RecordingMetrics
) -> None:
    headers = [] if authorization is None else [(b"authorization", authorization)]
    answer = await door.post(PATH, content=FIRING, headers=headers)
    why = "none were sent" if authorization is None else "not one of this platform's secrets"
    assert (answer.status_code, answer.json()) == (401, {"error": f"credentials: {why}"})
    assert answer.headers["www-authenticate"] == 'Bearer realm="watchkeeper", Basic realm="watchkeeper"'
    assert (intake.accepted, intake.refused) == ([], [("archon", Refusal.BAD_CREDENTIALS)])
    assert metrics.outcomes == [IntakeOutcome.BAD_CREDENTIALS]


async def test_a_named_user_is_the_only_one_for_basic(door: httpx.AsyncClient) -> None:
    answer = await door.post("/alertmanager/named-user", content=FIRING, headers=basic("anybody", CURRENT))
    assert answer.status_code == 401


async def test_two_authorization_headers_are_refused(door: httpx.AsyncClient) -> None:
    twice = [(b"authorization", BEARER["authorization"].encode())] * 2
    assert (await door.post(PATH, content=FIRING, headers=twice)).status_code == 401


@pytest.mark.parametrize("secrets", [(), (b"",), (b"good", b"")])
def test_a_platform_without_a_secret_cannot_be_made(secrets: tuple[bytes, ...]) -> None:
    with pytest.raises(ValueError, match="only with a secret"):
        PlatformIntake(secrets)


def test_secrets_are_not_printed() -> None:
    assert CURRENT not in repr(PLATFORMS)


async def test_an_unknown_platform_is_404_before_anything_else_and_noted(
    door: httpx.AsyncClient, intake: RecordingIntake, metrics: RecordingMetrics
) -> None:
    answer = await door.post("/alertmanager/" + "n" * 300, content=b"{")
    assert (answer.status_code, answer.json()) == (
        404,
        {"error": "platform: no platform of this name takes webhooks"},
    )
    assert intake.refused == [("n" * 64, Refusal.UNKNOWN_PLATFORM)]
    assert metrics.outcomes == [IntakeOutcome.UNKNOWN_PLATFORM]


async def test_credentials_come_before_the_body(door: httpx.AsyncClient) -> None:
    sent: list[int] = []
    answer = await door.post(PATH, content=chunks(MAX_BODY_BYTES, sent))
    assert (answer.status_code, sent) == (401, [])


async def test_a_trailing_slash_is_no_redirect(door: httpx.AsyncClient, intake: RecordingIntake) -> None:
    answer = await door.post(f"{PATH}/", content=FIRING, headers=BEARER)
    assert (answer.status_code, len(intake.accepted)) == (200, 1)


async def test_only_post_comes_in(door: httpx.AsyncClient) -> None:
    assert (await door.get(PATH, headers=BEARER)).status_code == 405


# --- too much, too slow, too many ---------------------------------------------------------------------------------


async def test_an_announced_oversize_is_noted_without_reading(
    door: httpx.AsyncClient, intake: RecordingIntake, metrics: RecordingMetrics
) -> None:
    sent: list[int] = []
    headers = BEARER | {"content-length": str(MAX_BODY_BYTES + 1)}
    answer = await door.post(PATH, content=chunks(MAX_BODY_BYTES + 1, sent), headers=headers)
    assert (answer.status_code, answer.json(), sent) == (200, {"status": "oversized"}, [])
    assert intake.oversized == [("archon", MAX_BODY_BYTES + 1)]
    assert (intake.accepted, metrics.outcomes) == ([], [IntakeOutcome.OVERSIZED])


async def test_an_unannounced_oversize_is_read_up_to_the_cap(door: httpx.AsyncClient, intake: RecordingIntake) -> None:
    sent: list[int] = []
    answer = await door.post(PATH, content=chunks(4 * MAX_BODY_BYTES, sent), headers=BEARER)
    assert (answer.status_code, answer.json()) == (200, {"status": "oversized"})
    assert MAX_BODY_BYTES < sum(sent) <= MAX_BODY_BYTES + 65536
    assert intake.oversized == [("archon", sum(sent))]


async def test_a_body_of_exactly_the_cap_is_read(door: httpx.AsyncClient, intake: RecordingIntake) -> None:
    answer = await door.post(PATH, content=FIRING + b" " * (MAX_BODY_BYTES - len(FIRING)), headers=BEARER)
    assert (answer.status_code, len(intake.accepted)) == (200, 1)


@pytest.mark.parametrize("sent", [FIRING, b" " * (MAX_BODY_BYTES + 1)], ids=["body", "oversize"])
async def test_without_the_store_it_is_503_so_that_it_is_sent_again(
    sent: bytes, door: httpx.AsyncClient, intake: RecordingIntake, metrics: RecordingMetrics
) -> None:
    intake.away = True
    answer = await door.post(PATH, content=sent, headers=BEARER)
    assert (answer.status_code, answer.json()) == (
        503,
        {"error": "nothing was kept: the state store is away; send again"},
    )
    assert metrics.outcomes == [IntakeOutcome.UNAVAILABLE]


@pytest.mark.parametrize(("path", "status"), [("/alertmanager/nobody", 404), (PATH, 401)])
async def test_a_refusal_that_cannot_be_noted_is_still_the_same_refusal(
    path: str, status: int, door: httpx.AsyncClient, intake: RecordingIntake
) -> None:
    intake.away = True
    assert (await door.post(path, content=FIRING)).status_code == status


async def test_any_other_error_is_not_answered_here(door: httpx.AsyncClient, intake: RecordingIntake) -> None:
    intake.accept = broken  # type: ignore[method-assign]
    with pytest.raises(ZeroDivisionError):
        await door.post(PATH, content=FIRING, headers=BEARER)


async def broken(group: AlertGroup, body: bytes) -> Accepted:
    raise ZeroDivisionError


def edge_routes(edge: AlertmanagerEdge) -> list[Route]:
    return [Route("/alertmanager/{platform}", edge.receive, methods=["POST"])]


@asynccontextmanager
async def small_door(
    intake: RecordingIntake, metrics: RecordingMetrics, **bounds: int
) -> AsyncIterator[httpx.AsyncClient]:
    """A door that lets one in at a time, with short waits in milliseconds."""
    edge = AlertmanagerEdge(
        PLATFORMS,
        intake,
        metrics,
        at_a_time=1,
        wait_for_turn=timedelta(milliseconds=bounds.get("wait_ms", 4000)),
        read_within=timedelta(milliseconds=bounds.get("read_ms", 5000)),
    )
    async with client_of(edge_routes(edge)) as client:
        yield client


async def test_who_would_wait_too_long_for_a_turn_is_sent_away_to_come_again(
    intake: RecordingIntake, metrics: RecordingMetrics
) -> None:
    intake.gate = asyncio.Event()
    async with small_door(intake, metrics, wait_ms=50) as door:
        first = asyncio.create_task(door.post(PATH, content=FIRING, headers=BEARER))
        await wait_until(lambda: intake.waiting == 1, description="the first webhook has the only turn")
        second = await door.post(PATH, content=FIRING, headers=BEARER)
        intake.gate.set()
        assert (await first).status_code == 200
        third = await door.post(PATH, content=FIRING, headers=BEARER)
    assert (second.status_code, second.json()) == (
        503,
        {"error": "nothing was kept: too many webhooks at once; send again"},
    )
    assert third.status_code == 200
    assert metrics.outcomes == [IntakeOutcome.OVERLOADED, IntakeOutcome.ACCEPTED, IntakeOutcome.ACCEPTED]


async def test_who_waits_gets_a_turn(intake: RecordingIntake, metrics: RecordingMetrics) -> None:
    intake.gate = asyncio.Event()
    async with small_door(intake, metrics) as door:
        posts = [asyncio.create_task(door.post(PATH, content=FIRING, headers=BEARER)) for _ in range(5)]
        await wait_until(lambda: intake.waiting == 1, description="the first webhook has the only turn")
        intake.gate.set()
        assert [(await post).status_code for post in posts] == [200] * 5


async def test_a_turn_is_given_back_whatever_happens(intake: RecordingIntake, metrics: RecordingMetrics) -> None:
    async with small_door(intake, metrics, wait_ms=50) as door:
        for sent, away in ((b"{", False), (FIRING, True), (b" " * (MAX_BODY_BYTES + 1), False)):
            intake.away = away
            await door.post(PATH, content=sent, headers=BEARER)
        intake.away = False
        assert (await door.post(PATH, content=FIRING, headers=BEARER)).status_code == 200


async def test_five_hundred_at_once_are_all_kept(door: httpx.AsyncClient, intake: RecordingIntake) -> None:
    answers = await asyncio.gather(*(door.post(PATH, content=FIRING, headers=BEARER) for _ in range(500)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(intake.accepted) == 500


async def test_a_body_that_does_not_arrive_is_503(intake: RecordingIntake, metrics: RecordingMetrics) -> None:
    async def stalled() -> AsyncIterator[bytes]:
        yield FIRING[:100]
        await asyncio.Event().wait()

    async with small_door(intake, metrics, read_ms=50) as door:
        answer = await door.post(PATH, content=stalled(), headers=BEARER)
    assert (answer.status_code, answer.json()) == (
        503,
        {"error": "nothing was kept: the body did not arrive in time; send again"},
    )
    assert metrics.outcomes == [IntakeOutcome.INCOMPLETE]


async def test_a_sender_that_goes_away_leaves_nothing(intake: RecordingIntake, metrics: RecordingMetrics) -> None:
    events: Iterator[dict[str, object]] = iter(
        [{"type": "http.request", "body": FIRING[:100], "more_body": True}, {"type": "http.disconnect"}]
    )
    sent: list[dict[str, object]] = []

    async def receive() -> dict[str, object]:
        return next(events)

    async def send(message: object) -> None:
        assert isinstance(message, dict)
        sent.append(message)

    scope: dict[str, object] = {
        "type": "http",
        "method": "POST",
        "path": PATH,
        "query_string": b"",
        "headers": [(b"authorization", BEARER["authorization"].encode())],
    }
    app = Starlette(routes=alertmanager_routes(PLATFORMS, intake, metrics))
    await app(scope, receive, send)
    assert (sent[0]["status"], intake.accepted, metrics.outcomes) == (503, [], [IntakeOutcome.INCOMPLETE])


# --- on a real server ---------------------------------------------------------------------------------------------


@asynccontextmanager
async def served(routes: list[Route], http: Literal["h11", "httptools"]) -> AsyncIterator[int]:
    """Serve the routes on loopback and give the port."""
    config = uvicorn.Config(
        Starlette(routes=routes), host="127.0.0.1", port=0, http=http, ws="none", lifespan="off", log_config=None
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    await wait_until(lambda: server.started, description="the server listens")
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await serving


@pytest.mark.parametrize("http", ["h11", "httptools"])
@pytest.mark.parametrize("is_chunked", [False, True], ids=["announced", "chunked"])
async def test_a_sender_that_writes_all_before_it_reads_gets_its_200(
    http: Literal["h11", "httptools"], is_chunked: bool, intake: RecordingIntake, metrics: RecordingMetrics
) -> None:
    """A connection cut under the sender's hands would count as a failed delivery and be tried for ever."""
    content = b" " * (MAX_BODY_BYTES + 500_000)
    length = b"transfer-encoding: chunked" if is_chunked else b"content-length: %d" % len(content)
    head = b"POST %b HTTP/1.1\r\nhost: x\r\nauthorization: Bearer %b\r\n%b\r\n\r\n"
    async with served(alertmanager_routes(PLATFORMS, intake, metrics), http) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head % (PATH.encode(), CURRENT.encode(), length))
        writer.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(content), content) if is_chunked else content)
        await writer.drain()
        assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
        writer.close()
        await writer.wait_closed()
    assert len(intake.oversized) == 1
