"""Goal 2: how long people wait for an acknowledgement, every real handler on, beside a framework that does nothing."""

from __future__ import annotations

import json
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs

from bench.children import Child, NotMeasured, floor
from bench.deliveries import Clicks, Commands
from bench.load import Job
from bench.report import Section
from bench.rounds import MakeJob, alternate, run
from bench.sink import sink
from bench.stage import PLATFORM, Stage, stage
from bench.store import Store, running_store
from bench.waiting import until
from bench.webhooks import Webhooks, now_text
from bot.adapters import redis_keys as keys
from bot.adapters.redis_store import RedisStore
from bot.messages.incident_card import ACK
from bot.sandbox import cast
from bot.sandbox.client import SandboxClient
from bot.sandbox.deliveries import Surface
from bot.sandbox.shapes import Json

INCIDENTS = 20
"""So that ten requests at once never mean the same incident."""
READS, CHANGES, ONE_BY_ONE = 1000, 400, 200
"""Requests of one measurement. Each change is told in a thread, and what is told waits for the workspace's limits."""
TAKERS = (cast.BEN, cast.CHI)
"""Take incidents from each other, so that each acknowledgement changes something."""


async def measure(section: Section, folder: Path) -> None:
    """Fill the section.

    The whole bot opens the incidents and shows one; then the measured process is the one that answers people, so that
    what the loops make of thousands of changes is no part of an acknowledgement. What that adds is told as a note.
    """
    async with stage(folder) as scene, running_store(scene.folder) as store, sink() as answers:
        async with scene.bot(store.url, "serve") as bot:
            asked = await _asked_by_people(bot, scene, store, answers)
        async with scene.bot(store.url, "web") as bot:
            compare = _Comparison(section, folder, scene, store, bot)
            await compare.at_ten("`/ops help`", "command", asked.help(READS))
            await compare.at_ten("`/incident ack`", "command", asked.take(CHANGES))
            await compare.at_ten("*Acknowledge* button", "click", asked.press(CHANGES))
            await compare.at_one("`/ops help`", "command", asked.help(ONE_BY_ONE))
            await compare.at_one("*Acknowledge* button", "click", asked.press(ONE_BY_ONE))
            changed = await _audited(store)
        section.notes.append(f"{changed} entries in the audit: each `ack` and each press took over an incident")
        async with scene.bot(store.url, "serve") as bot:
            compare = _Comparison(section, folder, scene, store, bot)
            await compare.alone(
                "*Acknowledge* button in `watchkeeper serve`, a long backlog waiting", asked.press(READS)
            )


@dataclass(frozen=True, slots=True)
class _Asked:
    """What people really sent once, to be sent many times."""

    command: str
    click: Json
    incidents: tuple[str, ...]
    """Ids of open incidents."""
    answers: str
    """Where answers after the acknowledgement go."""
    secret: str

    def help(self, count: int) -> Commands:
        """Return a question that reads."""
        return Commands(self.secret, self.command, "/ops", ("help",), (cast.BEN,), count, self.answers)

    def take(self, count: int) -> Commands:
        """Return acknowledgements by command."""
        texts = tuple(f"ack INC-{number}" for number in range(1, INCIDENTS + 1))
        return Commands(self.secret, self.command, "/incident", texts, TAKERS, count, self.answers)

    def press(self, count: int) -> Clicks:
        """Return acknowledgements by button; a button's value is the id of its incident."""
        templates = tuple(json.dumps(self._click_on(incident)) for incident in self.incidents)
        return Clicks(self.secret, templates, TAKERS, count, self.answers)

    def _click_on(self, incident: str) -> Json:
        return self.click | {"actions": [self.click["actions"][0] | {"value": incident}]}


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
        self._section.ratio(f"p50, {what}, 10 connections", below.p50_ms, ours.p50_ms, "ms", at_most=2.5)
        self._section.ratio(f"p99, {what}, 10 connections", below.p99_ms, ours.p99_ms, "ms", at_most=1.5)
        self._section.tell(f"CPU, {what}", f"{ours.cpu_us:,.0f} µs", floor=f"{below.cpu_us:,.0f} µs")
        self._section.notes.append(f"{what}, 10 connections: floor {below.summary()}; Watchkeeper {ours.summary()}")

    async def at_one(self, what: str, listener: str, requests: Commands | Clicks) -> None:
        """Compare with the framework as it comes, at one connection."""
        async with self._floor(listener, "default") as default, self._floor(listener, "direct") as least:
            servers = (default, least, self._bot)
            above, below, ours = await alternate([self._jobs(one, requests, 1) for one in servers])
        self._section.ratio(
            f"p50, {what}, 1 connection, beside default Bolt", above.p50_ms, ours.p50_ms, "ms", at_most=0.25
        )
        self._section.notes.append(
            f"{what}, 1 connection: default Bolt {above.summary()}; floor {below.summary()}; "
            f"Watchkeeper {ours.summary()}"
        )

    async def alone(self, what: str, requests: Commands | Clicks) -> None:
        """Add one round of the bot as a note."""
        [ours] = await alternate([self._jobs(self._bot, requests, 10)], rounds=1)
        self._section.notes.append(f"{what}, 10 connections: {ours.summary()}")

    def _floor(self, listener: str, mode: str) -> AbstractAsyncContextManager[Child]:
        secret = self._scene.signing_secret
        return floor("slack", self._folder, name=f"slack-{mode}", secret=secret, listener=listener, mode=mode)

    def _jobs(self, server: Child, requests: Commands | Clicks, connections: int) -> MakeJob:
        bystanders = (self._store.pid, self._scene.sandbox.pid, self._scene.platform.pid)

        def make(_name: str) -> Job:
            return Job(server.port, requests, connections=connections, server=server.pid, bystanders=bystanders)

        return make


async def _asked_by_people(bot: Child, scene: Stage, store: Store, answers: str) -> _Asked:
    """Let alerts open incidents, and let somebody type a command and press a button on the first one shown."""
    webhooks = Webhooks(PLATFORM, scene.webhook_token, "acks", now_text(), INCIDENTS, INCIDENTS, 1)
    await run(Job(bot.port, webhooks))
    async with SandboxClient(scene.sandbox_url) as chat:

        async def opened() -> bool:
            return len(await _open_incidents(store)) == INCIDENTS and bool(await _cards(chat))

        await until(opened, f"{INCIDENTS} incidents are open and one of them is shown", within_s=60)
        typed = await chat.command(cast.BEN, cast.INCIDENTS, "/ops help")
        pressed = await chat.click(cast.BEN, (await _cards(chat))[0], action_id=ACK)
        for act, outcome in (("/ops help", typed), ("the button", pressed)):
            if outcome["status"] != 200:
                raise NotMeasured(f"{act} was answered with {outcome['status']} {outcome['answer']}")
        sent = {delivery["surface"]: delivery["body"] for delivery in await chat.deliveries()}
    click = json.loads(parse_qs(sent[Surface.INTERACTIONS])["payload"][0])
    incidents = tuple(await _open_incidents(store))
    return _Asked(sent[Surface.COMMANDS], click, incidents, answers, scene.signing_secret)


async def _open_incidents(store: Store) -> list[str]:
    return await RedisStore(store.redis).members(keys.OPEN_INCIDENTS, 0)


async def _audited(store: Store) -> int:
    """Return how many entries the audit has."""
    return await store.redis.xlen(keys.AUDIT)


async def _cards(chat: SandboxClient) -> list[Json]:
    return [message for message in await chat.messages(cast.INCIDENTS) if ACK in json.dumps(message)]
