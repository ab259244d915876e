"""`watchkeeper simulate`: what a body would do, decided by the real rules, with nothing written and nothing sent."""

from __future__ import annotations

import hashlib
import io
import json
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.adapters.redis_incidents import RedisIncidents
from bot.adapters.redis_intake import RedisIntake
from bot.adapters.redis_store import RedisStore
from bot.app import platform_rules
from bot.cli import main
from bot.domain.errors import UserError
from bot.domain.foretelling import Fate, Happening
from bot.domain.ids import PlatformName
from bot.domain.incidents import Incident
from bot.domain.webhook import read_webhook
from bot.messages.cards import render_card
from bot.messages.foretold import Simulation, as_json, as_text
from bot.messages.plain import to_plain
from bot.ports.transitions import Transition
from bot.settings import examine
from bot.simulation import Body, read_body, simulate
from handlers.alertmanager import MAX_BODY_BYTES
from tests.messages.slack_checks import check
from tests.simulate.stage import EXPECTED, NOW, PAYLOADS, PLATFORM, a_door, body_of, changed, configure

CARD_LINE = "  |"
NAMES = sorted(path.stem for path in PAYLOADS.glob("am-*.json"))
THREE = "am-group-three-alertnames"
QUIET = "am-single-firing"
RUNNING = "the running store"


@pytest.fixture(autouse=True)
def _installation(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Give every test a configuration of its own."""
    configure(monkeypatch, tmp_path)


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch, valkey_url: str, redis_client: Redis) -> Redis:
    """Return a client of the store that the simulation reads."""
    monkeypatch.setenv("REDIS_URL", valkey_url)
    return redis_client


async def over_nothing(body: Body, *, now: datetime = NOW) -> Simulation:
    return await simulate(body, PLATFORM, empty=True, now=now)


async def happen(redis: Redis, body: Body) -> Sequence[Transition[Incident, Any]]:
    """Let a body really happen, as door and loop do; return what it changed."""
    settings = examine().settings
    assert settings is not None
    store = RedisStore(redis)
    rules = {name: platform_rules(platform) for name, platform in settings.platforms.items()}
    intake, incidents = RedisIntake(store), RedisIncidents(store, rules)
    await intake.accept(read_webhook(PlatformName(PLATFORM), body.content), body.content)
    return [change for entry in await intake.waiting(10) for change in await incidents.absorb(entry.id, entry.group)]


async def digest(redis: Redis) -> str:
    """Return a hash of all keys with their values and whether they end."""
    total = hashlib.sha256()
    store = RedisStore(redis)
    for key in sorted(await store.command("KEYS", "*")):
        kept = [await store.command(command, key) for command in ("DUMP", "PEXPIRETIME")]
        total.update(repr((key, kept)).encode())
    return total.hexdigest()


# -- what is said ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
async def test_captured_bodies_are_told_word_for_word(name: str) -> None:
    lines = as_text(await over_nothing(body_of(name))).splitlines()
    told = "\n".join(line for line in lines if not line.startswith(CARD_LINE)) + "\n"
    assert told == (EXPECTED / f"{name}.txt").read_text(encoding="utf8")


@pytest.mark.parametrize("name", NAMES)
async def test_card_is_the_one_that_would_be_shown(name: str) -> None:
    found = await over_nothing(body_of(name))
    quoted = [line for line in as_text(found).splitlines() if line.startswith(CARD_LINE)]
    shown = [line for card in found.cards for line in to_plain(render_card(card)).split("\n")]
    assert [line.removeprefix(CARD_LINE).strip() for line in quoted] == [line.strip() for line in shown]
    for card in found.cards:
        check(render_card(card))


async def test_json_has_every_decision_and_message() -> None:
    told: dict[str, Any] = json.loads(json.dumps(as_json(await over_nothing(body_of(THREE)))))
    (incident,) = told["incidents"]
    assert (told["outcome"], told["decided_over"]) == ("accepted", "an empty store")
    assert (incident["name"], incident["happening"], incident["severity"]["after"]) == ("INC-1", "opened", "sev1")
    assert incident["calls"] == [
        {"at": "2026-11-21T21:35:00+00:00", "mentions": ["S0SEARCH"], "why": "escalated"},
    ]
    assert (incident["card"]["channel"], bool(incident["card"]["attachments"])) == ("C0INC", True)
    assert [it["rule"]["number"] for it in told["alerts"]] == [7, 1, 2]


async def test_a_moment_reckoned_just_before_now_is_not_a_minute_nearer() -> None:
    found = await over_nothing(body_of(THREE))
    later = replace(found, now=found.now + timedelta(milliseconds=20))
    assert "calls     S0SEARCH in 5 min (" in as_text(later)


async def test_long_labels_and_quiet_alerts_are_pointed_out() -> None:
    labels = {"alertname": "Watchdog", "severity": "none"}
    quiet = await over_nothing(changed(QUIET, labels=labels))
    assert [it.fate for it in quiet.foretold.alerts] == [Fate.QUIET]
    assert (quiet.foretold.incidents, quiet.foretold.warnings) == ((), ())
    long = await over_nothing(changed(QUIET, labels={"alertname": "Odd", "job": "qdrant", "path": "x" * 200}))
    assert any("label path has 200 characters" in warning for warning in long.foretold.warnings)
    assert any("fits no rule" in warning for warning in long.foretold.warnings)


# -- over the present state ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
async def test_nothing_is_written_and_nobody_is_asked(
    name: str, running: Redis, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, valkey_url: str
) -> None:
    async with a_door() as door:
        tokens = {"REDIS_URL": valkey_url, "SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "s"}
        configure(monkeypatch, tmp_path, port=door.port, environ=tokens)
        await happen(running, body_of(THREE))
        before = await digest(running)
        found = await simulate(body_of(name), PLATFORM)
        as_text(found)
        as_json(found)
        assert (await digest(running), door.knocks, found.why_empty) == (before, 0, "")


@pytest.mark.parametrize("name", NAMES)
async def test_what_is_foretold_is_what_happens(name: str, running: Redis) -> None:
    await happen(running, body_of(THREE))
    told = await simulate(body_of(name), PLATFORM)
    happened = await happen(running, body_of(name))
    foretold = [
        (it.meeting.after.name, it.meeting.after.state, it.meeting.after.severity) for it in told.foretold.incidents
    ]
    assert foretold == [(it.state.name, it.state.state, it.state.severity) for it in happened]
    assert [card.incident.members.keys() for card in told.cards] == [it.state.members.keys() for it in happened]


async def test_repeated_body_is_dropped_and_says_so(running: Redis) -> None:
    await happen(running, body_of(THREE))
    told = await simulate(body_of(THREE), PLATFORM)
    assert ({it.fate for it in told.foretold.alerts}, told.outcome) == ({Fate.REPEATED}, "known")
    assert "3 alerts would be answered 200 and dropped: nothing in it is news" in as_text(told)
    assert f"decided over {RUNNING}, as of " in as_text(told)


async def test_joining_resolving_and_opening_again_are_told_apart(running: Redis) -> None:
    firing, resolved = body_of("am-group-two-firing"), body_of("am-group-mixed-firing-resolved")

    async def foretold(body: Body) -> Happening:
        (incident,) = (await simulate(body, PLATFORM)).foretold.incidents
        return incident.happening

    await happen(running, body_of(QUIET))
    assert await foretold(firing) is Happening.JOINED
    await happen(running, firing)
    assert await foretold(resolved) is Happening.UPDATED
    over = changed("am-group-two-firing", status="resolved", endsAt="2026-11-21T21:20:00Z")
    assert await foretold(over) is Happening.RESOLVED
    await happen(running, over)
    anew = changed("am-group-two-firing", startsAt="2026-11-21T21:25:00Z")
    assert await foretold(anew) is Happening.REOPENED
    assert "INC-1 would be opened again, in the same thread" in as_text(await simulate(anew, PLATFORM))


async def test_doubtful_report_is_pointed_out(running: Redis) -> None:
    over = changed(QUIET, status="resolved", endsAt="2026-11-21T21:20:00Z")
    for body in (body_of(QUIET), over):
        await happen(running, body)
    warnings = (await simulate(body_of(QUIET), PLATFORM)).foretold.warnings
    assert any("fires again with the startsAt it was resolved with" in warning for warning in warnings)


async def test_empty_ignores_the_running_store(running: Redis) -> None:
    await happen(running, body_of(THREE))
    told = await over_nothing(body_of(THREE))
    assert ([it.happening for it in told.foretold.incidents], told.why_empty) == (
        [Happening.OPENED],
        "--empty asks for that",
    )


async def test_unreachable_store_is_answered_as_an_empty_one() -> None:
    told = await simulate(body_of(QUIET), None)
    assert "no Watchkeeper is running" in told.why_empty
    assert "decided over an empty store: no Watchkeeper is running" in as_text(told)


# -- what cannot be told ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<html><body>502</body></html>", "b.json: this is HTML or XML"),
        (b'{"version": "4",\n  alerts: []}', "b.json: not JSON at line 2, column 3"),
        (b"", "b.json: body: empty"),
        (b'{"alerts": []}', "b.json: groupKey: missing"),
        (b'{"groupKey": "k", "alerts": [{"fingerprint": "f", "status": "on", "startsAt": ""}]}', "alerts[0].status"),
        (b" " * (MAX_BODY_BYTES + 1), "over the 5,000,000 bytes that are read"),
    ],
)
async def test_what_the_door_turns_away_is_named_with_its_answer(content: bytes, words: str) -> None:
    with pytest.raises(UserError) as refused:
        await over_nothing(Body("b.json", content))
    assert words in str(refused.value)
    assert "Alertmanager would be answered" in str(refused.value)


async def test_unknown_platform_names_the_nearest() -> None:
    with pytest.raises(UserError, match=r"serch-prod: no platform .* did you mean search-prod"):
        await simulate(body_of(QUIET), "serch-prod", empty=True)


def test_missing_file_is_named() -> None:
    with pytest.raises(UserError, match=r"nothing\.json: cannot be read \(No such file or directory\)"):
        read_body("nothing.json", io.BytesIO())


# -- the command -----------------------------------------------------------------------------------------------------


def command(*arguments: str) -> int:
    return main(["simulate", str(PAYLOADS / f"{THREE}.json"), "--empty", *arguments])


def test_command_prints_lines_json_or_blocks(capsys: pytest.CaptureFixture[str]) -> None:
    assert command("--platform", PLATFORM) == 0
    assert capsys.readouterr().out.endswith("Nothing was written, and nothing was sent.\n")
    assert command("--json") == 0
    assert json.loads(capsys.readouterr().out)["platform"] == PLATFORM
    assert command("--blocks") == 0
    blocks = json.loads(capsys.readouterr().out)["attachments"][0]["blocks"]
    assert "INC-1" in json.dumps(blocks)


def test_command_reads_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(body_of(QUIET).content)))
    assert main(["simulate", "-", "--empty"]) == 0
    assert "INC-1 would be opened" in capsys.readouterr().out


def test_command_fails_with_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "nothing.json", "--empty"]) == 1
    assert capsys.readouterr().err.count("\n") == 1


FORGED = "\x1b[31mred\x1b]0;title\x07\x9b2J\u202egnp\u2028\x7f\r\nok, says the alert"
INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}


@pytest.mark.parametrize("shape", [(), ("--json",), ("--blocks",)])
def test_nothing_in_a_body_is_obeyed_by_the_terminal(
    shape: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    message = json.loads(body_of(THREE).content)
    for alert in message["alerts"]:
        alert["labels"] = {name: f"{value}{FORGED}" for name, value in alert["labels"].items()}
        alert["annotations"] = {name: f"{value}{FORGED}" for name, value in alert["annotations"].items()}
    message |= {"groupKey": FORGED, "receiver": FORGED}
    file = tmp_path / "body.json"
    file.write_text(json.dumps(message))
    assert main(["simulate", str(file), "--empty", *shape]) == 0
    shown = capsys.readouterr()
    written = shown.out + shown.err
    assert "says the alert" in written
    assert {it for it in written if unicodedata.category(it) in INVISIBLE} <= {"\n"}


def test_what_is_wrong_is_said_without_what_a_terminal_would_obey(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", f"{FORGED}.json"]) == 1
    told = capsys.readouterr().err
    assert "cannot be read" in told
    assert {it for it in told if unicodedata.category(it) in INVISIBLE} <= {"\n"}


@pytest.mark.parametrize("content", [b"[" * 200_000, b'{"alerts":' * 100_000, b"\xff\xfe", b"\x00"])
async def test_no_body_is_too_strange_to_be_refused_in_words(content: bytes) -> None:
    with pytest.raises(UserError, match=r"strange: .*answered 400"):
        await over_nothing(Body("strange", content))


def test_a_name_that_no_file_can_have_is_refused_in_words() -> None:
    with pytest.raises(UserError, match="cannot be read"):
        read_body("a\0b", io.BytesIO())
