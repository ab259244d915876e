"""Socket Mode between real processes: whatever becomes of a connection, each click is answered, and once."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from bot.adapters.embedded_valkey import server_command
from bot.adapters.valkey_folder import socket_url
from bot.sandbox import cast
from tests.installation import Bot, Installation, PlatformAddresses, installed
from tests.real.processes import ServerProcess, free_port
from tests.waiting import wait_until

QUICK, SLOW = "/ops whoami", "/ops status"
"""Answered at once; answered after 1.5 s, with "Looking…", because nothing of the platform answers."""


@asynccontextmanager
async def silent_platform() -> AsyncIterator[PlatformAddresses]:
    """Yield a platform that takes connections and says nothing."""
    held: list[asyncio.StreamWriter] = []

    async def hold(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield PlatformAddresses({"simulated": {"url": url}}, url, url, {"qdrant": url})
    finally:
        server.close()
        for writer in held:
            writer.close()


@asynccontextmanager
async def in_socket_mode(folder: Path, *, environ: Mapping[str, str] | None = None) -> AsyncIterator[Installation]:
    """Yield an installation whose bot is not started yet."""
    async with (
        silent_platform() as platform,
        installed(folder, platform, bot_port=free_port(), environ=environ, socket_mode=True) as installation,
    ):
        # What is proven here is that an answer comes, and once; a busy machine may take longer than Slack waits.
        await installation.slack.configure(ack_timeout_s=15)
        yield installation


@pytest.fixture
async def it(tmp_path: Path) -> AsyncIterator[Installation]:
    """Yield an installation that is connected."""
    async with in_socket_mode(tmp_path) as installation:
        await installation.bot.start()
        await installation.connected()
        yield installation


async def metric(bot: Bot, name: str) -> float:
    async with httpx.AsyncClient(trust_env=False) as http:
        lines = (await http.get(f"{bot.url}/metrics")).text.splitlines()
    return next(float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"{name} "))


async def numbers(it: Installation) -> list[int]:
    return [socket["number"] for socket in await it.slack.sockets() if not socket["is_leaving"]]


def asking(it: Installation, text: str = QUICK) -> asyncio.Task[dict[str, Any]]:
    return asyncio.create_task(it.slack.command(cast.BEN, cast.INCIDENTS, text))


async def under_way(it: Installation) -> None:
    """Return once the bot holds an envelope that is not acknowledged."""

    async def held() -> bool:
        sockets = await it.slack.sockets()
        return any(socket["sent"] > socket["acked"] for socket in sockets)

    await wait_until(held, description="an envelope is under way")


async def is_operator(it: Installation) -> bool:
    return "operator" in (await asking(it))["answer"]


async def declared(it: Installation) -> dict[str, Any]:
    """Return the card of an incident that Ben declared, once it is known that he may."""
    await wait_until(lambda: is_operator(it), description="his groups are known")
    outcome = await it.slack.command(cast.BEN, cast.INCIDENTS, "/incident declare Answers are slow --severity sev2")
    assert (outcome["status"], "INC-" in outcome["answer"]) == (200, True), outcome["answer"]
    return await it.card_with("Answers are slow")


async def test_commands_buttons_forms_and_events_come_through_the_connections(it: Installation) -> None:
    card = await declared(it)
    assert (await it.slack.click(cast.BEN, card, action_id="incident.ack"))["status"] == 200
    await it.card_with(f"<@{cast.BEN}>")
    await it.slack.global_shortcut(cast.BEN, "incident.declare")
    await shown_modal(it)
    await it.slack.submit(cast.BEN, {"platform": "search", "title": "  ", "severity": "sev2"})
    assert list((await shown_modal(it))["errors"]) == ["title"]
    await it.slack.submit(cast.BEN, {"platform": "search", "title": "It is slow", "severity": "sev2"})
    await wait_until(lambda: is_shown(it, "It is slow"), description="the second incident is there")
    await it.slack.say(cast.BEN, cast.INCIDENTS, "@watchkeeper whoami", thread_ts=card["ts"])
    await it.reply_with("operator")
    async with httpx.AsyncClient(trust_env=False) as http:
        assert (await http.post(f"{it.bot.url}/slack/events", content=b"{}")).status_code == 404
    assert await it.slack.socket_mistakes() == []


async def is_shown(it: Installation, text: str) -> bool:
    return any(text in str(card) for card in await it.cards())


async def refreshed(it: Installation, times: int) -> bool:
    counted = await metric(it.bot, 'watchkeeper_slack_reconnects_total{reason="refreshed"}')
    return counted == times and await metric(it.bot, "watchkeeper_slack_sockets") == 2


async def shown_modal(it: Installation) -> dict[str, Any]:
    found: list[dict[str, Any]] = []

    async def there() -> bool:
        modal = await it.slack.modal(cast.BEN)
        found[:] = [modal] if modal else []
        return bool(found)

    await wait_until(there, description="a window is open")
    return found[0]


async def test_refreshes_in_the_middle_of_clicks_lose_none(it: Installation) -> None:
    answers = []
    for round_ in range(4):
        slow, quick = [asking(it, SLOW) for _ in range(2)], [asking(it) for _ in range(8)]
        await it.slack.disconnect(max(await numbers(it)), ("warning", "refresh_requested")[round_ % 2])
        answers += await asyncio.gather(*quick, *slow)
        await wait_until(lambda: refreshed(it, round_ + 1), description="it has a successor")  # noqa: B023 - awaited
    assert [answer["failure"] for answer in answers] == [None] * 40
    assert await it.slack.socket_mistakes() == []


async def test_an_answer_outlives_the_connection_it_was_asked_through(it: Installation) -> None:
    slow = asking(it, SLOW)
    await under_way(it)
    [holder] = [socket for socket in await it.slack.sockets() if socket["sent"] > socket["acked"]]
    await it.slack.cut(holder["number"])
    answer = await slow
    assert (answer["failure"], answer["status"]) == (None, 200)
    assert await it.slack.socket_mistakes() == []


async def test_the_start_says_where_it_serves_and_how_slack_comes_in(it: Installation) -> None:
    (said,) = it.bot.lines("serving")
    assert (said["part"], said["slack_way_in"], said["platforms"]) == ("serve", "socket mode", ["search"])
    assert said["address"].startswith("127.0.0.1:")


async def test_cut_connections_are_back_at_once(it: Installation) -> None:
    first = await numbers(it)
    for number in first:
        await it.slack.cut(number)

    async def are_back() -> bool:
        now = await numbers(it)
        return len(now) == 2 and not set(now) & set(first)

    await wait_until(are_back, description="both are back", timeout_s=5)
    assert (await asking(it))["failure"] is None
    assert await metric(it.bot, 'watchkeeper_slack_reconnects_total{reason="lost"}') == 2
    assert await metric(it.bot, "watchkeeper_slack_sockets") == 2


async def test_one_of_two_that_goes_leaves_the_other_serving(it: Installation) -> None:
    await it.slack.disconnect((await numbers(it))[0], "too_many_websockets")
    await it.connected(1)
    answers = [await asking(it) for _ in range(5)]
    assert [answer["failure"] for answer in answers] == [None] * 5
    refused = it.bot.lines("slack_socket_refused")
    assert "ten connections" in refused[-1]["why"]


async def test_a_link_turned_off_says_what_to_do(it: Installation) -> None:
    await it.slack.configure(socket_mode=False)
    await wait_until(lambda: it.bot.lines("slack_socket_refused"), description="it says so")
    assert "turn it on" in it.bot.lines("slack_socket_refused")[0]["why"]


async def test_a_stop_answers_what_is_under_way_and_then_closes(it: Installation) -> None:
    slow = asking(it, SLOW)
    await under_way(it)
    it.bot.process._child.send_signal(signal.SIGTERM)
    answer = await slow
    await it.bot.died()
    assert (answer["failure"], answer["status"]) == (None, 200)
    assert await it.slack.sockets() == []
    assert await it.slack.socket_mistakes() == []


async def test_a_wrong_token_is_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    async with in_socket_mode(tmp_path, environ={"SLACK_APP_TOKEN": "xapp-of-another-app"}) as it:
        await it.bot.start()
        await wait_until(lambda: it.bot.lines("slack_socket_refused"), description="it says so")
        [first, *_] = it.bot.lines("slack_socket_refused")
        assert first["level"] == "error"
        assert "SLACK_APP_TOKEN (invalid_auth)" in first["why"]
        assert "connections:write" in first["why"]
        assert "xapp-of-another-app" not in it.bot.log.read_text()
        assert it.bot.process.is_running


async def test_slack_away_at_the_start_stops_nothing_and_is_learnt_later(tmp_path: Path) -> None:
    async with in_socket_mode(tmp_path) as it:
        await it.slack.fault("server_error", target="auth.test", times=2, status=503)
        await it.slack.fault("server_error", target="apps.connections.open", times=4, status=503)
        await it.bot.start()
        await it.connected()
        await wait_until(lambda: it.bot.lines("slack_identity_known"), description="it learnt who it is", timeout_s=20)
        assert len(it.bot.lines("slack_identity_unknown")) == 2
        assert it.bot.lines("slack_identity_known")[0]["user"] == cast.BOT_USER
        card = await declared(it)
        await it.slack.say(cast.BEN, cast.INCIDENTS, "hey @watchkeeper whoami", thread_ts=card["ts"])
        await it.reply_with("operator")


@dataclass
class Store:
    """A Valkey that a test takes away and brings back."""

    folder: Path
    url: str
    process: ServerProcess | None = None

    async def start(self) -> None:
        settings = {"port": "0", "unixsocket": f"{self.folder}/v.sock", "dir": str(self.folder), "appendonly": "yes"}
        options = [word for name, value in settings.items() for word in (f"--{name}", value)]
        command = server_command(options, lock=self.folder / "v.lock")
        self.process = ServerProcess(command, log=self.folder / "valkey.log")
        await wait_until((self.folder / "v.sock").exists, description="the store listens")

    async def kill(self) -> None:
        assert self.process is not None
        await self.process.kill()
        (self.folder / "v.sock").unlink(missing_ok=True)


@pytest.fixture
async def store(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Store]:
    folder = tmp_path_factory.mktemp("v")
    store = Store(folder, socket_url(folder / "v.sock"))
    await store.start()
    try:
        yield store
    finally:
        await store.kill()


async def test_without_the_store_the_connections_are_closed_and_with_it_they_are_back(
    tmp_path: Path, store: Store
) -> None:
    async with in_socket_mode(tmp_path, environ={"REDIS_URL": store.url}) as it:
        await it.bot.start()
        await it.connected()
        await store.kill()
        await it.connected(0)
        assert it.bot.lines("slack_sockets_paused")
        assert await metric(it.bot, "watchkeeper_slack_sockets") == 0
        await store.start()
        await it.connected()
        assert (await asking(it))["failure"] is None
        assert it.bot.lines("slack_sockets_resume")


async def test_two_processes_share_the_clicks_and_a_worker_takes_none(tmp_path: Path, store: Store) -> None:
    async with in_socket_mode(tmp_path, environ={"REDIS_URL": store.url}) as it:
        await it.bot.start(module=("bot", "web"))
        async with beside(it, "web") as second, beside(it, "worker") as worker:
            await it.connected(4)
            answers = [await asking(it) for _ in range(24)]
            served = [await commands_served(bot) for bot in (it.bot, second, worker)]
        assert [answer["failure"] for answer in answers] == [None] * 24
        assert sum(served) == 24
        assert (served[0] > 0, served[1] > 0, served[2]) == (True, True, 0)
        assert await it.slack.socket_mistakes() == []


async def commands_served(bot: Bot) -> float:
    return await metric(bot, 'watchkeeper_acks_total{family="command",outcome="answered"}')


@asynccontextmanager
async def beside(it: Installation, part: str) -> AsyncIterator[Bot]:
    """Yield another process of the same installation, with a port and a data folder of its own."""
    port = free_port()
    folder = it.folder / f"{part}-beside"
    folder.mkdir()
    config = folder / "watchkeeper.yaml"
    given = yaml.safe_load((it.folder / "watchkeeper.yaml").read_text())
    config.write_text(yaml.safe_dump({**given, "server": {"bind": "127.0.0.1", "port": port}}))
    environ = {"WATCHKEEPER_CONFIG": str(config), "WATCHKEEPER_DATA_DIR": str(folder / "data")}
    bot = Bot(folder, {**it.bot.environ, **environ}, port)
    try:
        await bot.start(module=("bot", part))
        yield bot
    finally:
        await bot.stop()
