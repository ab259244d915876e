"""Who may ask for what: default deny, the ladder, owners on what they own."""

from __future__ import annotations

import pytest

from bot.domain.answers import PlanComing, Problem
from bot.domain.people import Actor
from bot.domain.rights import Role
from bot.verbs import Family
from tests.commands.desk import Desk
from tests.stand_ins.people import ADMIN, APPROVER, OPERATOR, OWNER, STRANGER, TEAM, VIEWER, actor

ASKERS = {
    "stranger": actor(STRANGER),
    "viewer": actor(VIEWER),
    "operator": actor(OPERATOR),
    "approver": actor(APPROVER),
    "admin": actor(ADMIN),
    "owner": actor(OWNER, owns=("search-prod",)),
    "owner elsewhere": actor(OWNER, owns=("search-staging",)),
}
READING = ("help", "platforms", "status", "alerts", "approvals", "runs", "whoami", "can status", "/incident list")
READING_ONE = ("run RUN-1", "/incident show INC-1")
ASKING = ("restart web", "run recover-qdrant", "/incident declare it is slow", "/incident ack INC-1", "pause RUN-1")
ADMINISTERING = ("audit", "unfreeze --reason the copy of 3:00 is back")

MATRIX = [
    *((who, READING + READING_ONE, who != "stranger") for who in ASKERS),
    *((who, ASKING, who in ("operator", "approver", "admin", "owner")) for who in ASKERS),
    *((who, ADMINISTERING, who == "admin") for who in ASKERS),
]


@pytest.mark.parametrize(("who", "commands", "allowed"), MATRIX)
async def test_roles_decide(desk: Desk, who: str, commands: tuple[str, ...], allowed: bool) -> None:
    await desk.declared()
    await desk.running()
    for command in commands:
        answer = (await desk.reply(command, by=ASKERS[who])).answer
        assert isinstance(answer, Problem) is not allowed, (command, answer)


async def test_every_verb_is_refused_to_somebody_without_a_role(desk: Desk) -> None:
    for verb in desk.table.verbs:
        problem = await desk.problem(verb.example, by=actor(STRANGER))
        assert "you hold no role" in problem.text


async def test_a_role_is_looked_at_before_names_are(desk: Desk) -> None:
    problem = await desk.problem("restart qdrnat", by=actor(VIEWER))
    assert "operator" in problem.text
    assert "qdrant" not in f"{problem.text}{problem.hint}{problem.nearest}"


async def test_break_glass_is_a_role_of_its_own(desk: Desk) -> None:
    command = "restart qdrant --break-glass --reason the whole search is down"
    only = Actor(VIEWER, TEAM, roles=frozenset({Role.VIEWER, Role.BREAK_GLASS}))
    assert "break_glass" in (await desk.problem(command, by=actor(APPROVER))).text
    await desk.ask(command, PlanComing, by=only)
    assert "operator" in (await desk.problem("restart qdrant", by=only)).text


async def test_votes_cannot_be_typed(desk: Desk) -> None:
    names = {name for verb in desk.table.verbs for name in (verb.name, *verb.aliases)}
    assert not names & {"approve", "deny", "vote", "confirm", "yes", "no", "review"}


async def test_every_verb_says_what_it_is(desk: Desk) -> None:
    for verb in desk.table.verbs:
        assert verb.summary
        assert verb.example.startswith(f"/{verb.family} {verb.name}")
        assert all(it.help for it in (*verb.arguments, *verb.options)), verb.name


async def test_every_example_can_be_read(desk: Desk) -> None:
    await desk.declared()
    await desk.declared()
    for _ in range(3):
        run = await desk.running()
        await desk.runs.cancel(run.id, actor(OPERATOR))
    admin = actor(ADMIN)
    for verb in desk.table.verbs:
        answer = (await desk.reply(verb.example, by=admin)).answer
        assert not isinstance(answer, Problem), (verb.example, answer)


async def test_names_are_taken_once(desk: Desk) -> None:
    for family in Family:
        names = [name for verb in desk.table.of(family) for name in (verb.name, *verb.aliases)]
        assert len(names) == len(set(names))
