"""Every fault of the workspace, its people and the machine is found and named, and its fix, followed, heals it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.adapters.embedded_valkey import EmbeddedValkey
from bot.domain.checks import Check, Level
from bot.sandbox import cast
from tests.doctor.examining import Fault, found_and_healed
from tests.doctor.office import FAULTS, Office, opened

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    async with opened(tmp_path_factory.mktemp("office")) as office:
        yield office


@pytest_asyncio.fixture(loop_scope="module")
async def office(shared_office: Office) -> Office:
    await shared_office.heal()
    return shared_office


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
async def test_fault_is_found_and_its_fix_heals(office: Office, fault: Fault[Office]) -> None:
    await found_and_healed(fault, office, office.it)


async def test_warnings_fail_only_when_strict(office: Office) -> None:
    del office.it.config["server"]["public_url"]
    assert (await office.it.examine()).code == 0
    assert (await office.it.examine(strict=True)).code == 1


async def test_a_bad_token_is_said_once(office: Office) -> None:
    await office.slack.configure(token_trouble="token_revoked")
    assert [line.check for line in (await office.it.examine()).troubles] == ["slack.token"]


async def test_healthy_lines_read_the_same_twice(office: Office) -> None:
    first, second = [(await office.it.examine()).lines for _ in range(2)]
    assert [(it.section, it.check) for it in first] == [(it.section, it.check) for it in second]
    assert {it.level for it in first} == {"ok"}


async def test_before_the_first_start_the_doctor_says_so(office: Office) -> None:
    read = await office.it.read()
    assert "the embedded Valkey was never started" in read
    assert "the first start makes it" in read
    assert "nothing runs at" in read
    assert not (office.it.folder / "data").exists()


async def test_an_app_token_that_is_limited_is_nothing_to_do(office: Office) -> None:
    office.it.environ["SLACK_APP_TOKEN"] = cast.APP_TOKEN
    await office.slack.fault("rate_limited", target="apps.connections.open", times=1, seconds=30)
    limited, accepted = [await office.it.examine(strict=True) for _ in range(2)]
    assert [(it.code, it.shown()) for it in (limited, accepted)] == [(0, "nothing")] * 2
    assert "Slack limits how often connections open" in limited.written
    assert "shows when serve connects (log event slack_socket_refused)" in accepted.written


async def test_a_wrong_workspace_blames_nobody(office: Office) -> None:
    office.it.config["slack"]["team"] = "T0ELSEWHERE"
    told = await office.it.examine()
    assert [(it.check, it.level) for it in told.troubles] == [("slack.token", "fail"), ("people.groups", "warn")]
    assert "take U0" not in told.written


async def test_what_is_left_out_is_named(office: Office) -> None:
    del office.it.environ["SLACK_BOT_TOKEN"]
    without_token = await office.it.examine()
    without_token.trouble(Check.ENVIRONMENT, Level.WARN, "skipped Slack, People: no SLACK_BOT_TOKEN")
    assert "skipped Slack, People: no SLACK_BOT_TOKEN" in await office.it.read()
    office.it.environ["REDIS_URL"] = "elsewhere"
    del office.it.config["roles"]
    told = await office.it.examine()
    told.trouble(Check.ENVIRONMENT, Level.WARN, "skipped State store: REDIS_URL is no address")
    told.trouble(Check.CONFIGURATION, Level.WARN, "skipped Watchkeeper itself, every platform")


async def test_a_store_that_does_not_run_yet_is_no_warning(office: Office) -> None:
    data = office.it.folder / "data-of-an-earlier-run"
    office.it.environ["WATCHKEEPER_DATA_DIR"] = str(data)
    async with EmbeddedValkey(data):
        pass
    told = await office.it.examine(strict=True)
    assert (told.code, told.shown()) == (0, "nothing")
    assert "looked at once it runs" in told.written


@asynccontextmanager
async def answering_as_watchkeeper(port: int) -> AsyncIterator[None]:
    """Answer the health routes at ``port`` as a running Watchkeeper does."""

    async def alive(_: web.Request) -> web.Response:
        return web.json_response({"status": "alive"})

    app = web.Application()
    app.router.add_get("/{path:.*}", alive)
    async with TestServer(app, host="127.0.0.1", port=port):
        yield


async def test_a_store_that_is_away_while_watchkeeper_answers_is_a_warning(office: Office) -> None:
    data = office.it.folder / "data-of-somebody-else"
    data.mkdir(mode=0o700)
    office.it.environ["WATCHKEEPER_DATA_DIR"] = str(data)
    async with answering_as_watchkeeper(office.port):
        told = await office.it.examine()
    told.trouble(Check.STORE_REACH, Level.WARN, "no Watchkeeper is running on")
