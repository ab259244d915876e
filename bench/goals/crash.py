"""Goal 6: what a crash right after the acknowledgements costs: incidents lost, messages doubled, time.

A hundred webhooks are acknowledged, the process is killed with its state store, and started again on the same folder.
The floor is the same with a clean stop instead of the kill.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median

import msgspec
from redis.asyncio import Redis

from bench.children import Child, NotMeasured
from bench.load import send_all
from bench.report import Section
from bench.stage import PLATFORM, Stage, stage
from bench.waiting import comes_true
from bench.webhooks import Webhooks, now_text
from bot.adapters import redis_keys as keys
from bot.adapters.embedded_valkey import attach
from bot.adapters.redis_store import RedisStore
from bot.domain.ids import IncidentId
from bot.sandbox.client import SandboxClient

WEBHOOKS = 100
POINTS = 5
CLEAN_STOPS = 3
CENTRE_S, SPREAD_S = 0.3, 0.3
"""When the process is killed, counted from the last acknowledgement: the centre, give or take."""
SEED = 6
FIRST_MESSAGE_WITHIN_S = 35.0
"""Above the life of a publisher's lease (30 s): a start that says nothing for so long is broken."""
ABSORB_WITHIN_S = 30.0
"""How long the accepted webhooks have to meet their incidents after that."""
LOOK_ON_S = 8.0
"""How long messages are watched after the first one: a double of what was under way comes early."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What one end and the start after it came to."""

    end: str
    known: int
    """Webhooks whose alert is a member of an incident."""
    waiting: int
    """Accepted webhooks that have not met an incident yet: late, not lost."""
    in_two: int
    """Webhooks whose alert is a member of more than one incident."""
    doubled: int
    """Messages that carry an id that another message of theirs carries."""
    messages: int
    first_message_s: float
    """From the start of the process to the first message; infinite when none came in time."""
    ready_s: float

    def summary(self) -> str:
        """Return one line of figures."""
        return (
            f"{self.end}: {self.known} known, {self.waiting} still waiting, {self.in_two} in two incidents; "
            f"{self.doubled} of {self.messages} messages doubled; "
            f"ready after {self.ready_s:.2f} s, first message "
            f"{'not in time' if math.isinf(self.first_message_s) else f'after {self.first_message_s:.2f} s'}"
        )


async def measure(section: Section, folder: Path, *, points: int = POINTS, clean_stops: int = CLEAN_STOPS) -> None:
    """Fill the section."""
    chance = random.Random(SEED)  # the same points in each run
    moments = [CENTRE_S + chance.uniform(-SPREAD_S, SPREAD_S) for _ in range(points)]
    clean: list[Trial] = []
    killed: list[Trial] = []
    for number, moment in enumerate(moments):
        killed.append(await _trial(folder, moment, is_crash=True))
        section.notes.append(killed[-1].summary())
        if number < clean_stops:
            clean.append(await _trial(folder, moment, is_crash=False))
            section.notes.append(clean[-1].summary())
    section.count(f"Webhooks lost, {points} kills after {WEBHOOKS} each", _lost(killed), exactly=0)
    section.count("Alerts in two incidents", sum(one.in_two for one in killed), exactly=0)
    section.count("Messages doubled", sum(one.doubled for one in killed), exactly=0)
    mute = sum(math.isinf(one.first_message_s) for one in (*clean, *killed))
    section.count(f"Starts without a message within {FIRST_MESSAGE_WITHIN_S:.0f} s", mute, exactly=0)
    below, ours = _first_messages(clean), _first_messages(killed)
    if below and ours:
        what = "First pending message after a kill, beside a clean stop"
        section.ratio(what, median(below), median(ours), "s", at_most=2)
    section.tell(
        "Process to ready",
        f"{median(one.ready_s for one in killed):.2f} s",
        floor=f"{median(one.ready_s for one in clean):.2f} s",
    )


def _first_messages(trials: list[Trial]) -> list[float]:
    """Return when the first message came, where one came."""
    return [one.first_message_s for one in trials if math.isfinite(one.first_message_s)]


def _lost(trials: list[Trial]) -> int:
    return sum(WEBHOOKS - one.known - one.waiting for one in trials)


async def _trial(folder: Path, moment_s: float, *, is_crash: bool) -> Trial:
    async with stage(folder) as scene, SandboxClient(scene.sandbox_url) as chat:
        data_dir = scene.fresh_data_dir()
        await _accept_and_end(scene, data_dir, moment_s, is_crash=is_crash)
        before = len(await _posts(chat))
        async with _again(scene, data_dir) as (bot, ready_s):
            first_s = await _first_message(chat, bot, before)
            await asyncio.sleep(LOOK_ON_S)
            members, waiting = await _members(data_dir)
            ids = await _message_ids(chat)
    return Trial(
        end=f"killed after {moment_s:.2f} s" if is_crash else f"stopped after {moment_s:.2f} s",
        known=len(members),
        waiting=waiting,
        in_two=sum(count > 1 for count in members.values()),
        doubled=sum(count - 1 for count in ids.values()),
        messages=ids.total(),
        first_message_s=first_s,
        ready_s=ready_s,
    )


async def _accept_and_end(scene: Stage, data_dir: Path, moment_s: float, *, is_crash: bool) -> None:
    """Start a bot, let it acknowledge every webhook, and end it ``moment_s`` after the last one."""
    bot = await scene.start_bot(data_dir)
    try:
        await bot.ready()
        webhooks = Webhooks(PLATFORM, scene.webhook_token, "crash", now_text(), WEBHOOKS, WEBHOOKS, 1)
        _, statuses = await send_all(bot.port, webhooks.build(), connections=10)
        if statuses[200] != WEBHOOKS:
            raise NotMeasured(f"not every webhook was acknowledged: {dict(statuses)}")
        await asyncio.sleep(moment_s)
    finally:
        await (bot.kill() if is_crash else bot.stop())


@asynccontextmanager
async def _again(scene: Stage, data_dir: Path) -> AsyncIterator[tuple[Child, float]]:
    """Yield the bot started again on its folder, and the seconds until it was ready."""
    bot = await scene.start_bot(data_dir)
    try:
        yield bot, await bot.ready()
    finally:
        await bot.stop()


async def _first_message(chat: SandboxClient, bot: Child, before: int) -> float:
    """Return the seconds from the bot's start to its first post, as the stand-in notes it."""

    async def posted() -> bool:
        return len(await _posts(chat)) > before

    if not await comes_true(posted, within_s=FIRST_MESSAGE_WITHIN_S, every_s=0.25):
        return math.inf
    return (await _posts(chat))[before] - bot.started_wall


async def _posts(chat: SandboxClient) -> list[float]:
    """Return when each message was posted, in seconds since the epoch."""
    calls = await chat.calls("chat.postMessage")
    return [datetime.fromisoformat(call["at"]).timestamp() for call in calls if call["answer"].get("ok")]


async def _message_ids(chat: SandboxClient) -> Counter[str]:
    """Return how many standing messages carry each id."""
    state = await chat.state()
    messages = [message for channel in state["channels"].values() for message in channel["messages"]]
    marks = [message["metadata"] for message in messages if message.get("metadata") and not message["deleted"]]
    return Counter(str(mark["event_payload"]["id"]) for mark in marks)


async def _members(data_dir: Path) -> tuple[Counter[str], int]:
    """Return in how many incidents each fingerprint is, and how many webhooks wait: none, if that comes soon."""
    redis = Redis.from_url(await attach(data_dir))
    try:

        async def nothing_waits() -> bool:
            return await redis.zcard(keys.INTAKE) == 0

        await comes_true(nothing_waits, within_s=ABSORB_WITHIN_S)
        store, found = RedisStore(redis), Counter[str]()
        for incident in await store.members(keys.RECENT_INCIDENTS, 0):
            [document] = await store.fields(keys.incident(IncidentId(incident)), ["doc"])
            found.update(msgspec.json.decode(document or b'{"members": {}}')["members"].keys())
        return found, await redis.zcard(keys.INTAKE)
    finally:
        await redis.aclose()
