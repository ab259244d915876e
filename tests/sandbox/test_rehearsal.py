"""A person rehearses their configuration: what is printed is enough to connect a bot, in both ways of delivery."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import httpx
import pytest
import yaml
from slack_sdk.web.async_client import AsyncWebClient

from bot.cli import PROBLEM, main
from bot.domain.settings import SimulatedRuntime
from bot.sandbox import cast
from bot.sandbox.client import SandboxClient
from bot.sandbox.rehearsal import configuration_lines, exports, guide, rehearsal_config
from bot.settings import load_settings


@asynccontextmanager
async def rehearsing(*arguments: str) -> AsyncIterator[str]:
    """Give what `watchkeeper sandbox` prints, while it runs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "sandbox", "--port", "0", *arguments, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        printed = b""
        while b"# 3." not in printed:
            line = await asyncio.wait_for(process.stdout.readline(), 30)
            assert line, printed
            printed += line
        yield printed.decode()
    finally:
        process.terminate()
        await process.wait()


def environment(printed: str) -> dict[str, str]:
    lines = [line.removeprefix("export ") for line in printed.splitlines() if line.startswith("export ")]
    return dict(line.split("=", 1) for line in lines)


async def test_what_is_printed_connects_a_bot_by_http() -> None:
    async with rehearsing() as printed, aiohttp.ClientSession() as session:
        given = environment(printed)
        client = AsyncWebClient(given["SLACK_BOT_TOKEN"], base_url=given["SLACK_API_URL"], session=session)
        document = yaml.safe_load(printed[printed.index("# 2.") :])
        incidents = document["slack"]["channels"]["incidents"]
        posted = await client.chat_postMessage(channel=incidents, text="hello")
        assert posted["ok"]
        slack = {"SLACK_API_URL", "SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET"}
        assert given.keys() == slack | {"WATCHKEEPER_CONFIG", "WATCHKEEPER_DATA_DIR"}


async def test_a_platform_beside_it_is_shown_and_described_for_the_bot(tmp_path: Path) -> None:
    async with (
        rehearsing("--platform", "search-prod") as printed,
        httpx.AsyncClient(trust_env=False) as client,
    ):
        given = environment(printed)
        config = tmp_path / given["WATCHKEEPER_CONFIG"]
        config.write_text(printed[printed.index("# 2.") : printed.index("# 3.")])
        settings = load_settings({**given, "WATCHKEEPER_CONFIG": str(config)})
        (platform,) = settings.platforms.values()
        assert [secret.reveal() for secret in platform.alertmanager.secrets] == [given["REHEARSAL_TOKEN"]]
        page = given["SLACK_API_URL"].removesuffix("/api/")
        shown = (await client.get(f"{page}/page/platform")).json()
        assert shown["addresses"] == {name: address.url for name, address in platform.services.items()}
        assert isinstance(platform.runtime, SimulatedRuntime)
        control = platform.runtime.url
    async with httpx.AsyncClient(trust_env=False) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(f"{control}/control/state")


def test_a_platform_that_no_configuration_could_name_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sandbox", "--port", "0", "--platform", "Search Prod"]) == PROBLEM
    assert "Search Prod" in capsys.readouterr().err


async def test_what_is_printed_connects_a_bot_by_socket_mode() -> None:
    async with rehearsing("--socket-mode") as printed, aiohttp.ClientSession() as session:
        given = environment(printed)
        client = AsyncWebClient(base_url=given["SLACK_API_URL"], session=session)
        opened = await client.apps_connections_open(app_token=given["SLACK_APP_TOKEN"])
        async with session.ws_connect(opened["url"]) as connection:
            assert (await connection.receive_json(timeout=10))["type"] == "hello"
        assert "SLACK_SIGNING_SECRET" not in given


async def test_limits_are_slacks_from_the_start() -> None:
    async with rehearsing() as printed:
        url = environment(printed)["SLACK_API_URL"].removesuffix("/api/")
        async with SandboxClient(url) as chat, aiohttp.ClientSession() as session:
            client = AsyncWebClient(cast.BOT_TOKEN, base_url=f"{url}/api/", session=session)
            for _ in range(20):
                await client.users_list()
            headers = {"authorization": f"Bearer {cast.BOT_TOKEN}"}
            async with session.post(f"{url}/api/users.list", headers=headers) as answer:
                assert answer.status == 429
            assert len(await chat.calls("users.list")) == 21


def test_every_rehearsal_has_its_own_secret_unless_one_is_given() -> None:
    assert len({rehearsal_config().signing_secret for _ in range(5)}) == 5
    assert "export SLACK_SIGNING_SECRET=mine" in exports(rehearsal_config(signing_secret="mine"))


def test_the_other_way_of_delivery_is_unset() -> None:
    assert "unset SLACK_APP_TOKEN" in exports(rehearsal_config())
    assert "unset SLACK_SIGNING_SECRET" in exports(rehearsal_config(socket_mode=True))


def test_the_printed_configuration_is_yaml_with_the_cast() -> None:
    config = rehearsal_config()
    document = yaml.safe_load("\n".join(configuration_lines(config)))
    assert document["slack"] == {
        "team": cast.TEAM,
        "channels": {
            "incidents": cast.INCIDENTS,
            "approvals": cast.APPROVALS,
            "admin": cast.ADMIN,
            "reports": cast.REPORTS,
        },
    }
    named = {member for members in document["roles"].values() for member in members} - {"*"}
    assert named <= {it.id for it in (*cast.PEOPLE, *cast.GROUPS)}


def test_everybody_and_every_channel_is_named() -> None:
    shown = guide(rehearsal_config())
    assert all(it.id in shown for it in (*cast.PEOPLE, *cast.GROUPS, *cast.CHANNELS))


def test_a_port_that_is_taken_is_named_with_the_way_out(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["sandbox", "--port", str(port)]) == PROBLEM
    assert f"port {port}:" in capsys.readouterr().err
