"""Listings of one Alertmanager or a pair, and what stands in their way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from bot.adapters.alertmanager import AlertmanagerApi
from bot.domain.alerts import AlertmanagerState, AlertStatus, parse_timestamp
from bot.domain.errors import TemporaryError
from tests.adapters.stub_http import Asked, Misbehaviour, StubHttp, answer, html, refused_url

STATUS = answer(
    {
        "cluster": {"status": "disabled"},
        "config": {"original": "receivers: []"},
        "uptime": "2026-11-21T20:00:00.123456789Z",
        "versionInfo": {"version": "0.34.0"},
    }
)
ALERT: dict[str, object] = {
    "annotations": {"summary": "down"},
    "endsAt": "2026-11-21T21:12:10.936Z",
    "fingerprint": "772e50bf72214d4f",
    "receivers": [{"name": "chatops"}],
    "startsAt": "2026-11-21T22:08:10.936123789+01:00",
    "status": {"inhibitedBy": [], "silencedBy": [], "state": "active", "mutedBy": []},
    "updatedAt": "2026-11-21T21:08:10.936Z",
    "generatorURL": "http://prometheus.example:9090/graph",
    "labels": {"alertname": "ServiceDown"},
}


def alertmanager(alerts: object, status: bytes = STATUS) -> StubHttp:
    return StubHttp({"/api/v2/alerts": answer(alerts), "/api/v2/status": status})


async def test_a_listed_alert_fires_whatever_end_is_written(client: httpx.AsyncClient) -> None:
    async with alertmanager([ALERT]) as server:
        [listing] = await AlertmanagerApi([server.url], client).listings()
    [listed] = listing.alerts
    assert (listed.alert.status, listed.alert.ends_at) == (AlertStatus.FIRING, None)
    assert listed.alert.starts_at == datetime(2026, 11, 21, 21, 8, 10, 936000, tzinfo=UTC)
    assert (listed.alert.fingerprint, listed.alert.name) == ("772e50bf72214d4f", "ServiceDown")
    assert listing.up_since == datetime(2026, 11, 21, 20, 0, 0, 123000, tzinfo=UTC)


async def test_silenced_and_inhibited_alerts_are_asked_for_and_told_apart(client: httpx.AsyncClient) -> None:
    states = [
        {"state": "suppressed", "silencedBy": ["s1"], "inhibitedBy": []},
        {"state": "suppressed", "silencedBy": [], "inhibitedBy": ["f2"]},
        {"state": "unprocessed", "silencedBy": None},
    ]
    async with alertmanager([ALERT | {"status": state} for state in states]) as server:
        [listing] = await AlertmanagerApi([f"{server.url}/"], client).listings()
    assert server.asked[0].query == {"active": "true", "silenced": "true", "inhibited": "true"}
    assert [(each.state, each.silenced_by, each.inhibited_by) for each in listing.alerts] == [
        (AlertmanagerState.SUPPRESSED, ("s1",), ()),
        (AlertmanagerState.SUPPRESSED, (), ("f2",)),
        (AlertmanagerState.UNPROCESSED, (), ()),
    ]


async def test_a_state_of_a_newer_version_counts_as_active(client: httpx.AsyncClient) -> None:
    bare = {"fingerprint": "f", "startsAt": "2026-11-21T21:08:10Z", "annotations": None}
    async with alertmanager([ALERT | {"status": {"state": "snoozed"}}, bare]) as server:
        [listing] = await AlertmanagerApi([server.url], client).listings()
    assert [each.state for each in listing.alerts] == [AlertmanagerState.ACTIVE, AlertmanagerState.ACTIVE]


async def test_each_peer_has_its_own_listing_in_order(client: httpx.AsyncClient) -> None:
    async with alertmanager([]) as first, alertmanager([ALERT]) as second:
        listings = await AlertmanagerApi([first.url, second.url], client).listings()
    assert [len(listing.alerts) for listing in listings] == [0, 1]


async def test_a_restart_between_the_two_questions_shows_as_a_short_uptime(client: httpx.AsyncClient) -> None:
    async with alertmanager([]) as server:
        await AlertmanagerApi([server.url], client).listings()
    assert [asked.path for asked in server.asked] == ["/api/v2/alerts", "/api/v2/status"]


def without(key: str) -> dict[str, object]:
    return {name: value for name, value in ALERT.items() if name != key}


@pytest.mark.parametrize(
    ("alerts", "status", "fact"),
    [
        (html(), STATUS, "answered HTML, not JSON: is a proxy in the way?"),
        (answer("no", 401, "text/plain"), STATUS, "answered HTTP 401: check its credentials in watchkeeper.yaml"),
        (answer("", 404, "text/plain"), STATUS, "answered HTTP 404"),
        (answer("gone", 410), STATUS, "answered HTTP 410: gone"),
        (answer({"data": []}), STATUS, "answered JSON of another shape: Expected `array`, got `object`"),
        (Misbehaviour.RESET, STATUS, "reset the connection"),
        (Misbehaviour.SILENCE, STATUS, "did not answer within 0.2 s"),
        (answer([without("fingerprint")]), STATUS, "missing required field `fingerprint`"),
        (answer([ALERT | {"fingerprint": ""}]), STATUS, "listed an alert without a fingerprint"),
        (answer([ALERT | {"startsAt": "today"}]), STATUS, "answered a time that is not RFC 3339"),
        (answer([]), answer({"cluster": {}}), "missing required field `uptime`"),
        (answer([]), answer({"uptime": "3h"}), "answered a time that is not RFC 3339"),
        (answer([]), Misbehaviour.SILENCE, "did not answer within 0.2 s"),
    ],
)
async def test_what_is_no_whole_listing_is_a_temporary_error_that_says_why(
    alerts: bytes, status: bytes, fact: str, client: httpx.AsyncClient
) -> None:
    async with StubHttp({"/api/v2/alerts": alerts, "/api/v2/status": status}) as server:
        with pytest.raises(TemporaryError) as raised:
            await AlertmanagerApi([server.url], client, within=timedelta(milliseconds=200)).listings()
    assert str(raised.value).startswith(f"Alertmanager {server.url}")
    assert fact in str(raised.value)


async def test_one_absent_peer_spoils_the_answer_and_is_named(client: httpx.AsyncClient) -> None:
    absent = refused_url()
    async with alertmanager([ALERT]) as server:
        with pytest.raises(TemporaryError) as raised:
            await AlertmanagerApi([server.url, absent], client).listings()
    assert str(raised.value) == f"Alertmanager {absent} refused the connection"


async def test_all_absent_peers_are_named(client: httpx.AsyncClient) -> None:
    peers = [refused_url(), refused_url()]
    with pytest.raises(TemporaryError) as raised:
        await AlertmanagerApi(peers, client).listings()
    assert all(peer in str(raised.value) for peer in peers)


async def test_peers_are_asked_side_by_side(client: httpx.AsyncClient) -> None:
    """Each peer answers only once the other was asked too."""
    asked: list[str] = []

    def both(name: str, content: bytes) -> Callable[[Asked], bytes]:
        def respond(_: Asked) -> bytes:
            asked.append(name)
            return content

        return respond

    async with (
        StubHttp({"/api/v2/alerts": both("first", answer([])), "/api/v2/status": both("first status", STATUS)}) as one,
        StubHttp({"/api/v2/alerts": both("second", answer([])), "/api/v2/status": STATUS}) as two,
    ):
        await AlertmanagerApi([one.url, two.url], client).listings()
    assert asked.index("second") < asked.index("first status")


async def test_credentials_in_an_address_are_used_and_never_shown(client: httpx.AsyncClient) -> None:
    async with alertmanager([], status=html(500)) as server:
        with pytest.raises(TemporaryError) as raised:
            await AlertmanagerApi([server.url.replace("//", "//ops:hunter2@")], client).listings()
    assert server.asked[0].headers["authorization"].startswith("Basic ")
    assert "hunter2" not in str(raised.value)


async def test_a_client_of_its_own_is_closed() -> None:
    async with alertmanager([]) as server:
        source = AlertmanagerApi([server.url])
        await source.listings()
        await source.aclose()
        with pytest.raises(RuntimeError):
            await source.listings()


async def test_a_client_that_was_given_stays_open(client: httpx.AsyncClient) -> None:
    await AlertmanagerApi([refused_url()], client).aclose()
    assert not client.is_closed


def test_no_peers_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one address"):
        AlertmanagerApi([])


async def test_a_start_is_the_same_in_the_list_and_in_a_webhook(client: httpx.AsyncClient) -> None:
    """As Alertmanager 0.25 wrote one alert's start in both places."""
    async with alertmanager([ALERT | {"startsAt": "2026-11-21T23:46:37.846Z"}]) as server:
        [listing] = await AlertmanagerApi([server.url], client).listings()
    assert listing.alerts[0].alert.starts_at == parse_timestamp("2026-11-21T23:46:37.846789123Z")
