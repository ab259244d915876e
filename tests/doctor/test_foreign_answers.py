"""What other systems answer the doctor: text of theirs stays text on one line, and no shape of theirs ends the look."""

from __future__ import annotations

import io
import json
import unicodedata
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiohttp
import httpx
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.adapters.monitoring_inspection import AlertmanagerInspectionApi, PrometheusInspectionApi, read_configuration
from bot.adapters.slack_inspection import SlackInspectionApi
from bot.doctor import consult
from bot.doctor.showing import JsonReport, LineReport, Report
from bot.domain.checks import Check, fail
from bot.domain.errors import BotError
from bot.domain.ids import ChannelId
from bot.ports.inspection import NotAnswered
from bot.services.doctor import Examined
from bot.settings import examine
from tests.doctor.office import Office, opened
from tests.messages.hostile import HOSTILE

FORGED = "1.0\nok    slack.token                   all is well\r\x1b[1A\x1b[31mred\x9b2J\u202egnp\u2028end"
INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}
LAUGHTER = "\n".join(
    ["a0: &a0 {receiver: x}", *(f"a{n}: &a{n} {{routes: [{', '.join([f'*a{n - 1}'] * 10)}]}}" for n in range(1, 9))]
)


def invisible(text: str) -> set[str]:
    """Return what a terminal would obey instead of showing."""
    return {character for character in text if unicodedata.category(character) in INVISIBLE} - {"\n"}


@asynccontextmanager
async def answering(body: bytes, **headers: str) -> AsyncIterator[str]:
    """Yield the address of a server that answers everything alike."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json", headers=headers)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(app, host="127.0.0.1") as server:
        yield str(server.make_url("/"))


@pytest_asyncio.fixture
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    async with opened(tmp_path_factory.mktemp("office")) as office:
        yield office


async def test_what_an_alertmanager_says_of_itself_forges_no_line_of_the_doctor(office: Office) -> None:
    status = {"config": {"original": "route: {}"}, "versionInfo": {"version": FORGED}, "cluster": {"status": FORGED}}
    async with answering(json.dumps(status).encode()) as url:
        office.it.platform["alertmanager"]["url"] = url
        shown, written = await office.it.read(), (await office.it.examine()).written
    assert "all is well" in shown
    assert [line for line in shown.splitlines() if line.startswith("ok    slack.token ") and "is well" in line] == []
    assert invisible(shown) == set()
    assert invisible(written) == set()


@pytest.mark.parametrize("report", [LineReport, JsonReport])
async def test_nothing_a_finding_repeats_is_obeyed_by_a_terminal(report: type[Report]) -> None:
    out = io.StringIO()
    shown = report(out, examine({}))
    findings = tuple(fail(Check.STORE_REACH, text, fix=text) for text in HOSTILE)
    shown.section(Examined(0, "The store", findings))
    shown.end(1)
    assert invisible(out.getvalue()) == set()
    assert len([line for line in out.getvalue().splitlines() if "store.reach" in line]) == len(HOSTILE)


@pytest.mark.parametrize("url", ["redis://:store-pass/word@store:6379/0", "redis://:store-pass@[::1", "store-pass"])
async def test_an_address_of_the_store_that_is_none_is_a_finding(url: str, tmp_path: Path) -> None:
    out = io.StringIO()
    environ = {
        "REDIS_URL": url,
        "WATCHKEEPER_CONFIG": str(tmp_path / "none.yaml"),
        "SLACK_API_URL": "http://127.0.0.1:9",
    }
    assert await consult(out, scopes=(), strict=False, as_json=False, environ=environ) == 2
    assert "REDIS_URL" in out.getvalue()
    assert "store-pass" not in out.getvalue()
    assert "store.reach" not in out.getvalue()


SHAPES = (
    *("[]", "null", '"x"', "{}", '{"data": "x"}', '{"data": []}', "[" * 90_000, "\ufffd"),
    '{"data": {"activeTargets": [1], "activeAlertmanagers": [1], "groups": [1], "yaml": 5}}',
    '{"data": {"activeTargets": 5, "activeAlertmanagers": 5, "groups": 5, "yaml": "global: 5"}}',
    '{"data": {"activeTargets": [{}], "activeAlertmanagers": [{}], "groups": [{"rules": [{}]}], "yaml": "[["}}',
    json.dumps({"data": {"yaml": "[" * 5_000}}),
    json.dumps({"data": {"yaml": "x: &x [*x]"}}),
    'alertmanager_notifications_total{integration="webhook"} 1.2.3\n',
)


@pytest.mark.parametrize("body", SHAPES, ids=range(len(SHAPES)))
async def test_an_answer_of_another_shape_is_no_answer_of_monitoring(body: str) -> None:
    async with answering(body.encode()) as url, httpx.AsyncClient(trust_env=False) as http:
        prometheus, alertmanager = PrometheusInspectionApi(url, http), AlertmanagerInspectionApi(url, http)
        asked: tuple[Callable[[], Awaitable[object]], ...] = (
            *(prometheus.alertmanagers, prometheus.jobs, prometheus.rules, prometheus.external_labels),
            *(alertmanager.facts, alertmanager.deliveries),
        )
        for ask in asked:
            await answered_or_not(ask)


SLACK_SHAPES = (
    *(
        b"[1]",
        b'"x"',
        b"\xff",
        b"[" * 90_000,
        b'{"ok": true}',
        b'{"ok": true, "channel": 5, "usergroups": 5, "user": 5}',
    ),
    b'{"ok": true, "team_id": null, "user_id": null, "channel": [], "usergroups": [5], "user": "x"}',
    b'{"ok": false, "error": {"a": 1}}',
)


@pytest.mark.parametrize("body", SLACK_SHAPES, ids=range(len(SLACK_SHAPES)))
async def test_an_answer_of_another_shape_is_no_answer_of_slack(body: bytes) -> None:
    async with answering(body, Date="Fri, 31 Dec 9999 23:59:59 -2359") as url, aiohttp.ClientSession() as session:
        slack = SlackInspectionApi("xoxb-x", "xapp-x", f"{url}api/", session)
        for ask in (slack.identity, slack.socket_mode, slack.groups):
            await answered_or_not(ask)
        await answered_or_not(lambda: slack.channel(ChannelId("C0")))


async def answered_or_not(ask: Callable[[], Awaitable[object]]) -> None:
    """Pass where the question is answered or refused in our words; anything else is raised."""
    with suppress(BotError):
        await ask()


CONFIGURATIONS = (
    *("route: 5", "route: {routes: 5}", "route: {routes: [5]}", "route: {matchers: 5}", "route: {match: 5}"),
    *("route: {}\nreceivers: 5", "route: {}\nreceivers: [5]", "route: {}\nreceivers: [{1: 2}]"),
    "route: {}\nreceivers: [{webhook_configs: [{max_alerts: many}]}]",
    "route: {}\nreceivers: [{webhook_configs: [{http_config: 5}]}]",
    *("route: {}\nx: 2001-99-99", "route: {}\nx: !!timestamp abc", "route: &r {routes: [*r]}"),
    *(LAUGHTER + "\nroute: *a8", "[" * 5_000),
)


@pytest.mark.parametrize("text", CONFIGURATIONS, ids=range(len(CONFIGURATIONS)))
def test_a_configuration_of_another_shape_is_no_configuration(text: str) -> None:
    with pytest.raises(NotAnswered):
        read_configuration(text)
