"""Goal 2: how long people wait for an acknowledgement, with every real handler, beside a framework that does nothing."""

from __future__ import annotations

from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import cast as typed

from bench.children import Child, NotMeasured, floor
from bench.deliveries import Clicks, Commands
from bench.load import Job
from bench.report import Section
from bench.rounds import MakeJob, alternate, run
from bench.sink import sink
from bench.stage import PLATFORM, Stage, playing
from bench.store import Store
from bench.waiting import until
from bench.webhooks import Webhooks
from bot.adapters import redis_keys as keys
from bot.messages.incident_card import ACK
from bot.sandbox import cast
from bot.sandbox.client import SandboxClient
from bot.sandbox.shapes import Json

INCIDENTS = 20
"""So that ten requests at once never mean the same incident."""
AT_TEN, AT_ONE = 1000, 200
"""Requests of one measurement, by connections."""
PRESSES = 400
TAKERS = (cast.BEN, cast.CHI)


async def measure(section: Section, folder: Path) -> None:
    """Fill the section."""
    async with playing(folder) as (scene, store, bot), SandboxClient(scene.sandbox_url) as chat, sink() as answers:
        card = await _incidents_with_a_card(bot, scene, store, chat)
        command = await _delivered(chat, "/ops help", "command")
        press = await _pressed(chat, card)
        everybody = tuple(_press_of(press, one) for one in await _open_incidents(store))
        names = tuple(f"ack INC-{number}" for number in range(1, INCIDENTS + 1))
        act = command.replace("command=%2Fops", "command=%2Fincident")

        def help_(count: int) -> Commands:
            return Commands(scene.signing_secret, command, ("help",), (cast.BEN,), count, answers)

        def take(count: int) -> Commands:
            return Commands(scene.signing_secret, act, names, TAKERS, count, answers)

        def button(count: int) -> Clicks:
            return Clicks(scene.signing_secret, everybody, TAKERS, count, answers)

        compare = _Comparison(section, folder, scene, store, bot)
        await compare.at_ten("`/ops help`", "command", help_(AT_TEN))
        await compare.at_ten("`/incident ack INC-…`, taken over each time", "command", take(PRESSES))
        await compare.at_ten("The button that acknowledges, taken over each time", "click", button(PRESSES))
        await compare.at_one("`/ops help`", "command", help_(AT_ONE))
        await compare.at_one("The button that acknowledges, taken over each time", "click", button(AT_ONE))


class _Comparison:
    """Measures one kind of delivery at the floors and at the bot, and adds what was found to the section."""

    def __init__(self, section: Section, folder: Path, scene: Stage, store: Store, bot: Child) -> None:
        self._section = section
        self._folder = folder
        self._scene = scene
        self._store = store
        self._bot = bot

    async def at_ten(self, what: str, listener: str, requests: Commands | Clicks) -> None:
        """Compare with one bare listener, at ten connections."""
        async with self._floor(listener, "direct") as least:
            below, ours = await alternate([self._jobs(one, requests, 10) for one in (least, self._bot)])
        self._section.ratio(f"p50 of {what}, 10 connections", below.p50_ms, ours.p50_ms, "ms", at_most=2.5)
        self._section.ratio(f"p99 of {what}, 10 connections", below.p99_ms, ours.p99_ms, "ms", at_most=1.5)
        self._section.notes.append(f"{what}, 10 connections: floor {below.summary()}; Watchkeeper {ours.summary()}")

    async def at_one(self, what: str, listener: str, requests: Commands | Clicks) -> None:
        """Compare with the framework as it comes, at one connection."""
        async with AsyncExitStack() as exits:
            default = await exits.enter_async_context(self._floor(listener, "default"))
            least = await exits.enter_async_context(self._floor(listener, "direct"))
            servers = (default, least, self._bot)
            above, below, ours = await alternate([self._jobs(one, requests, 1) for one in servers])
        self._section.ratio(f"p50 of {what}, 1 connection, default Bolt", above.p50_ms, ours.p50_ms, "ms", at_most=0.25)
        self._section.notes.append(
            f"{what}, 1 connection: default Bolt {above.summary()}; floor {below.summary()}; "
            f"Watchkeeper {ours.summary()}"
        )

    def _floor(self, listener: str, mode: str) -> typed("object", object):
        return floor("slack", self._folder, secret=self._scene.signing_secret, listener=listener, mode=mode)

    def _jobs(self, server: Child, requests: Commands | Clicks, connections: int) -> MakeJob:
        bystanders = (self._store.pid, self._scene.sandbox.pid, self._scene.platform.pid)

        def make(_name: str) -> Job:
            return Job(server.port, requests, connections=connections, server=server.pid, bystanders=bystanders)

        return make


async def _incidents_with_a_card(bot: Child, scene: Stage, store: Store, chat: SandboxClient) -> Json:
    """Let alerts open incidents; return the first card that is shown."""
    since = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    webhooks = Webhooks(PLATFORM, scene.webhook_token, "acks", since, INCIDENTS, INCIDENTS, 1)
    await run(Job(bot.port, webhooks))

    async def opened() -> bool:
        return len(await _open_incidents(store)) == INCIDENTS and bool(await _cards(chat))

    await until(opened, f"{INCIDENTS} incidents are open and one is shown", within_s=30)
    return (await _cards(chat))[0]


async def _open_incidents(store: Store) -> list[str]:
    return [member.decode() for member in await store.redis.zrange(keys.OPEN_INCIDENTS, 0, -1)]


async def _cards(chat: SandboxClient) -> list[Json]:
    return [message for message in await chat.messages(cast.INCIDENTS) if ACK in str(message)]


async def _delivered(chat: SandboxClient, line: str, kind: str) -> str:
    """Let somebody type a command; return the body the bot was sent."""
    outcome = await chat.command(cast.BEN, cast.INCIDENTS, line)
    if outcome["status"] != 200:
        raise NotMeasured(f"{line} was answered with {outcome['status']} {outcome['answer']}")
    return _last_body(await chat.deliveries(), line.partition(" ")[0].strip("/"))


async def _pressed(chat: SandboxClient, card: Json) -> str:
    """Let somebody acknowledge; return the payload the bot was sent."""
