"""What each kind of argument takes, for verbs that are not in the table yet."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from bot.domain.answers import Problem, Said
from bot.domain.effects import Place
from bot.domain.rights import Role
from bot.verbs import Argument, Entrance, Family, Kind, Parsed, Reply, Request, Verb, VerbTable
from tests.commands.desk import Desk
from tests.stand_ins.people import VIEWER, actor


async def read(redis: Redis, argument: Argument, text: str) -> Said | Problem:
    """Return what a verb with one argument is handed."""

    async def handler(parsed: Parsed) -> Reply:
        return Reply(Said(parsed.text(argument.name)))

    verb = Verb(Family.OPS, "try", "tries", "/ops try", Role.VIEWER, handler, (argument,))
    table = VerbTable((verb,), Desk(redis).services.catalogue)
    request = Request(actor(VIEWER), Family.OPS, f"try {text}", Entrance.SLASH, Place())
    answer = (await table.answer(request)).answer
    assert isinstance(answer, (Said, Problem))
    return answer


@pytest.mark.parametrize(
    ("kind", "typed", "value"),
    [
        (Kind.DURATION, "90m", "1h30m"),
        (Kind.DURATION, "2H", "2h"),
        (Kind.NUMBER, "12", "12"),
        (Kind.SEVERITY, "Sev-1", "sev1"),
        (Kind.WORD, "anything", "anything"),
        (Kind.PERSON, "<@U0BEN|ben>", "U0BEN"),
        (Kind.RUNBOOK, "Recover-Qdrant", "recover-qdrant"),
    ],
)
async def test_value_is_canonical(redis_client: Redis, kind: Kind, typed: str, value: str) -> None:
    assert await read(redis_client, Argument("thing", kind), typed) == Said(value)


@pytest.mark.parametrize(
    ("kind", "typed", "said"),
    [
        (Kind.DURATION, "90", "a duration such as 30m"),
        (Kind.NUMBER, "-1", "a number"),
        (Kind.NUMBER, "1234567890", "a number"),
        (Kind.NUMBER, "١٢", "a number"),
        (Kind.SEVERITY, "sev5", "a severity"),
        (Kind.RUN, "APR-1", "a run such as RUN-3"),
        (Kind.PARAMETERS, "=x", "a parameter such as name=value"),
        (Kind.PERSON, "ben", "a person"),
    ],
)
async def test_anything_else_is_refused(redis_client: Redis, kind: Kind, typed: str, said: str) -> None:
    answer = await read(redis_client, Argument("thing", kind), typed)
    assert isinstance(answer, Problem)
    assert said in answer.text


async def test_choices_are_spelled_out(redis_client: Redis) -> None:
    argument = Argument("colour", Kind.WORD, choices=("red", "green"))
    assert await read(redis_client, argument, "RED") == Said("red")
    answer = await read(redis_client, argument, "gren")
    assert isinstance(answer, Problem)
    assert (answer.text, answer.nearest) == ("“gren” is not red or green.", ("/ops try green", "/ops try red"))
