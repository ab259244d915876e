"""Whatever is typed or pasted is answered, and nothing typed is more than text."""

from __future__ import annotations

import asyncio
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from bot.domain.answers import IncidentActed, PlanComing, Problem
from bot.domain.errors import UsageError
from bot.verbs import Reply
from bot.verbs.words import MAX_LENGTH, read_line
from tests.commands.desk import Desk
from tests.stand_ins.people import ADMIN, actor

VERBS = (
    "",
    "restart ",
    "run ",
    "/incident note ",
    "/incident declare ",
    "/incident merge ",
    "can ",
    "cancel ",
    "help ",
)
PIECES = ("qdrant", "INC-1", "into", "--reason", "—break-glass", "=", '"', "'", "<@U0BEN|x>", "search-prod")


def words(text: str) -> list[str]:
    return [it.text for it in read_line(text).words]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("restart qdrant", ["restart", "qdrant"]),
        ("  restart\u00a0qdrant\t\u2003now ", ["restart", "qdrant", "now"]),
        ('--reason "it hangs" x', ["--reason", "it hangs", "x"]),
        ("--reason “it hangs”", ["--reason", "it hangs"]),
        ("it's Ben’s", ["it's", "Ben's"]),
        ("'two words'", ["two words"]),
        ('reason="two words" b=c', ["reason=two words", "b=c"]),
        ('"never closed', ['"never', "closed"]),
        ('3" wide', ['3"', "wide"]),
        ("<@U0BEN|ben smith> <#C0INC|incidents> <!channel>", ["@ben smith", "#incidents", "@channel"]),
        ("<!subteam^S0OPS|@ops> <!here> <@U0BEN>", ["@ops", "@here", "@U0BEN"]),
        ("<http://search.prod|search.prod> <mailto:a@b.example|a@b.example>", ["search.prod", "a@b.example"]),
        ("<https://x.example/a?b=1&amp;c|x>", ["https://x.example/a?b=1&c"]),
        ("p95 <300ms &amp;&lt;!channel&gt;", ["p95", "<300ms", "&<!channel>"]),
        ("q\u200bdr\u202eant\x00", ["qdrant"]),
        ("half \ud800 pair", ["half", "pair"]),
        ("", []),
    ],
)
def test_words_are_what_was_meant(text: str, read: list[str]) -> None:
    assert words(text) == read


def test_person_is_known_by_id_whatever_the_name_says() -> None:
    assert [it.person for it in read_line("<@U0BEN|U0ADA> @U0ADA @ben <@U0X|a").words] == ["U0BEN", "U0ADA", None, None]


def test_quoted_word_is_no_option() -> None:
    assert [it.is_quoted for it in read_line('"--reason" --reason="a b"').words] == [True, False]


def test_line_that_is_too_long_is_refused() -> None:
    assert len(read_line("x" * MAX_LENGTH).words) == 1
    with pytest.raises(UsageError, match="at most 3000"):
        read_line("x" * (MAX_LENGTH + 1))


@pytest.mark.parametrize("piece", ['"', "'", "<", "<@", "a=", '"a" ', "<!a|", "--", " ' ", "<http:a|", '="'])
def test_no_line_takes_long_to_read(piece: str) -> None:
    began = time.perf_counter()
    read_line((piece * MAX_LENGTH)[:MAX_LENGTH])
    assert time.perf_counter() - began < 1


async def test_long_dash_of_a_phone_is_an_option(desk: Desk) -> None:
    await desk.ask("Restart Qdrant —Reason it hangs", PlanComing)
    (request,) = await desk.requests.waiting(10)
    assert request.reason == "it hangs"


@pytest.mark.parametrize(
    "typed",
    [
        "x" * 100_000,
        "restart " + "qdrant " * 2000,
        "restart <!channel>",
        "<!channel>",
        "restart \x00\x1b[31mqdrnat",
        'restart "',
        "restart 'qdrant",
        "restart ''",
        '""',
        "--",
        "--reason",
        "restart qdrant --break-glass no",
        "run ../../etc/passwd",
        "run {service}",
        "status qdrant; rm -rf /",
        "cancel INC-1",
        "/incident show 99999999999999999999",
        "can",
        "can help nonsense",
        "/incident sev",
        "help " * 50,
        "run restart-service service=<!channel>",
        "/incident /ops status",
    ],
)
async def test_hostile_text_meets_a_problem(desk: Desk, typed: str) -> None:
    problem = await desk.problem(typed, by=actor(ADMIN))
    assert len(problem.text) < 500
    assert await desk.requests.waiting(10) == []


async def test_text_is_kept_as_text(desk: Desk) -> None:
    acted = await desk.ask("/incident declare <!channel> \x1b[31m`rm` ${X} \ud800 &lt;!here&gt;", IncidentActed)
    assert acted.incident.title == "@channel [31m`rm` ${X} <!here>"


def test_any_text_is_answered(valkey_url: str) -> None:
    typed = st.lists(st.one_of(st.sampled_from(PIECES), st.text()), max_size=6).map(" ".join)

    with asyncio.Runner() as runner:
        desk, redis = runner.run(_open(valkey_url))

        @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
        @given(st.sampled_from(VERBS), typed)
        def is_answered(verb: str, text: str) -> None:
            reply = runner.run(desk.reply(verb + text, by=actor(ADMIN)))
            assert isinstance(reply, Reply)
            if isinstance(reply.answer, Problem):
                assert reply.answer.text

        is_answered()
        runner.run(redis.aclose())


async def _open(url: str) -> tuple[Desk, Redis]:
    redis = Redis.from_url(url)
    await redis.flushall()
    desk = Desk(redis)
    await desk.declared()
    return desk, redis
