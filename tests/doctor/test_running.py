"""How the doctor behaves as a command: bounded in time, in a stable order, with exit codes, and without a secret."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from bot.domain.checks import Check, Level, fail, ok
from bot.sandbox import cast
from bot.services.doctor import Examined, Question, Section, examine
from tests.doctor.hanging import silent_server
from tests.doctor.office import Office, opened
from tests.installation import SIGNING_SECRET, WEBHOOK_TOKEN, CommandResult
from tests.project.checkout import ROOT as CHECKOUT

pytestmark = pytest.mark.asyncio(loop_scope="module")

BOUND_S = 9.0
"""Five seconds for a question, and the rest for a busy machine."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    async with opened(tmp_path_factory.mktemp("office")) as office:
        yield office


@pytest_asyncio.fixture(loop_scope="module")
async def office(shared_office: Office) -> Office:
    await shared_office.heal()
    return shared_office


async def run(office: Office, *arguments: str) -> CommandResult:
    """Return what ``watchkeeper doctor`` prints as a command."""
    office.it.write()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bot", "doctor", *arguments),
        cwd=office.it.folder,
        env={**os.environ, **office.it.environ, "PYTHONPATH": str(CHECKOUT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    return CommandResult(process.returncode or 0, out.decode(), err.decode())


async def test_hanging_endpoints_are_named_and_delay_nothing_else(office: Office) -> None:
    async with silent_server() as silent:
        office.it.platform["services"]["qdrant"]["url"] = silent
        office.it.platform["prometheus"]["url"] = silent
        office.it.platform["alertmanager"]["url"] = silent
        started = time.monotonic()
        told = await office.it.examine()
        took = time.monotonic() - started
    assert took < BOUND_S
    named = {line.check for line in told.troubles}
    assert named == {Check.SERVICE_PROBES, Check.PROMETHEUS_READY, Check.ALERTMANAGER_STATUS}
    assert all(silent in line.text and "did not answer within" in line.text for line in told.troubles)


async def test_a_silent_slack_is_said_once_and_in_time(office: Office) -> None:
    async with silent_server() as silent:
        office.it.environ["SLACK_API_URL"] = f"{silent}/api/"
        started = time.monotonic()
        told = await office.it.examine()
        took = time.monotonic() - started
    assert took < BOUND_S
    assert [line.check for line in told.troubles] == [Check.SLACK_TOKEN]
    assert "let this machine reach" in told.troubles[0].fix


async def test_a_silent_store_is_named_in_time(office: Office) -> None:
    async with silent_server() as silent:
        office.it.environ["REDIS_URL"] = silent.replace("http", "redis")
        told = await office.it.examine()
    assert [line.check for line in told.troubles] == [Check.STORE_REACH]


async def test_lines_carry_level_check_text_and_fix(office: Office) -> None:
    await office.slack.configure(scopes=sorted(cast.SCOPES - {"groups:history"}))
    result = await run(office)
    assert (result.code, result.err) == (1, "")
    (line,) = [line for line in result.out.splitlines() if line.startswith("FAIL")]
    level, check, rest = line.split(maxsplit=2)
    assert (level, check) == ("FAIL", "slack.scopes")
    assert rest.startswith("the app lacks groups:history; fix: add groups:history under OAuth & Permissions → Scopes")
    assert result.out.splitlines()[-1].endswith("0 warn, 1 FAIL")


async def test_exit_codes_of_the_command(office: Office) -> None:
    healthy = await run(office, "--strict", "--json")
    assert (healthy.code, json.loads(healthy.out)["exit_code"]) == (0, 0)
    del office.it.config["server"]["public_url"]
    assert (await run(office)).code == 0
    assert (await run(office, "--strict")).code == 1
    del office.it.config["slack"]
    assert (await run(office)).code == 2


async def test_without_any_configuration_the_rest_is_looked_at(office: Office) -> None:
    office.it.environ["WATCHKEEPER_CONFIG"] = str(office.it.folder / "not-there.yaml")
    told = await office.it.examine()
    assert told.code == 2
    assert "there is no" in told.trouble(Check.CONFIGURATION, Level.FAIL, "not-there.yaml").text
    assert "slack.token" in {line.check for line in told.lines}


async def test_no_secret_is_ever_shown(office: Office) -> None:
    office.it.environ["REDIS_URL"] = "redis://keeper:store-password-of-the-tests@127.0.0.1:1/0"
    office.it.environ["SLACK_APP_TOKEN"] = "xapp-of-another-app"
    office.it.platform["services"]["qdrant"]["api_key"] = "key-of-qdrant-in-the-tests"
    office.it.platform["alertmanager"]["secrets"] = [WEBHOOK_TOKEN, "the-second-secret"]
    secrets = (
        *(cast.BOT_TOKEN, SIGNING_SECRET, WEBHOOK_TOKEN, "xapp-of-another-app", "the-second-secret"),
        *("store-password-of-the-tests", "key-of-qdrant-in-the-tests"),
    )
    shown = "".join([(await office.it.examine()).written, await office.it.read()])
    office.it.config["rolls"] = {}
    shown += (await office.it.examine()).written
    assert [secret for secret in secrets if secret in shown] == []


async def test_a_slow_section_loses_its_turn_and_quick_ones_keep_theirs() -> None:
    slow = asyncio.Event()

    async def quick() -> list[object]:
        return []

    async def waits() -> list[object]:
        await slow.wait()
        return []

    def section(title: str, ask: object) -> Section:
        return Section(title, (Question(Check.STORE_REACH, title, ask),))  # type: ignore[arg-type]

    sections = [section("first", quick), section("hangs", waits), section("third", quick), section("fourth", quick)]
    seen: list[Examined] = []
    async for examined in examine(sections):
        seen.append(examined)
        if examined.title == "fourth":
            slow.set()
    assert [it.title for it in seen] == ["first", "third", "fourth", "hangs"]


async def test_levels_have_one_spelling() -> None:
    assert [ok(Check.DATA_FOLDER, "x").level, fail(Check.DATA_FOLDER, "x", fix="y").level] == [Level.OK, Level.FAIL]
    assert replace(ok(Check.DATA_FOLDER, "x"), subject="search").sentence() == "search: x"
