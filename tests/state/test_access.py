"""Rights come from people and groups by id; what is not known grants nothing."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.adapters.redis_memberships import RedisMemberships
from bot.domain.errors import BotError, NotAllowed, PermanentError, TemporaryError
from bot.domain.ids import GroupId, TeamId, UserId
from bot.domain.people import ActorKind
from bot.domain.rights import Role
from bot.domain.settings import Members
from bot.ports.workspace import Person
from bot.services.access import USABLE_FOR, AccessService, Rules
from tests.state.builders import SEARCH, TEAM
from tests.state.conftest import State
from tests.state.stage import Directory, a_member

OPS, SEARCH_TEAM = GroupId("S0OPS"), GroupId("S0SEARCH")
ADA, BEN, LISTED = UserId("U0ADA"), UserId("U0BEN"), UserId("U0LISTED")
MINUTE = timedelta(minutes=1)
RULES = Rules(
    TEAM,
    {
        Role.VIEWER: Members(everybody=True),
        Role.OPERATOR: Members(groups=frozenset({OPS})),
        Role.APPROVER: Members(people=frozenset({LISTED}), groups=frozenset({OPS})),
    },
    {SEARCH: Members(groups=frozenset({SEARCH_TEAM}))},
    {"root": ADA},
)


class Wall:
    """The clock on the wall."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 2, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def directory() -> Directory:
    made = Directory()
    made.groups = {OPS: frozenset({ADA}), SEARCH_TEAM: frozenset({ADA, BEN})}
    return made


@pytest.fixture
def access(state: State, directory: Directory, wall: Wall) -> AccessService:
    return AccessService(RULES, RedisMemberships(state.store), directory, now=wall)


async def test_groups_grant_what_the_configuration_says(access: AccessService) -> None:
    assert await access.refresh() == {}
    ada, ben = await access.actor(ADA, TEAM), await access.actor(BEN, TEAM)
    assert ada.has(Role.APPROVER)
    assert (set(ben.roles), set(ben.owns)) == ({Role.VIEWER}, {SEARCH})
    assert ben.operates(SEARCH)


async def test_who_asks_before_groups_are_known_waits_for_the_first_answer(access: AccessService) -> None:
    ada, again = await asyncio.gather(access.actor(ADA, TEAM), access.actor(ADA, TEAM))
    assert ada.has(Role.OPERATOR)
    assert again.has(Role.OPERATOR)


async def test_who_asks_while_groups_are_asked_about_waits_for_the_answer(
    access: AccessService, directory: Directory
) -> None:
    first = asyncio.create_task(access.refresh())
    await asyncio.sleep(0)  # the loop has begun to ask
    assert (await access.actor(ADA, TEAM)).has(Role.OPERATOR)
    await first


async def test_a_workspace_that_does_not_answer_is_waited_for_once_and_not_long(
    access: AccessService, directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[GroupId] = []

    async def never(group: GroupId) -> frozenset[UserId]:
        asked.append(group)
        return await asyncio.Future[frozenset[UserId]]()

    monkeypatch.setattr(directory, "group_members", never)
    monkeypatch.setattr("bot.services.access.FIRST_ANSWER_WITHIN", timedelta(milliseconds=20))
    assert not (await access.actor(ADA, TEAM)).has(Role.OPERATOR)
    assert not (await access.actor(ADA, TEAM)).has(Role.OPERATOR)
    assert len(asked) == 1


async def test_groups_nobody_asked_about_for_an_hour_grant_nothing(access: AccessService, wall: Wall) -> None:
    await access.refresh()
    wall.now += USABLE_FOR - MINUTE
    assert (await access.actor(ADA, TEAM)).has(Role.OPERATOR)
    wall.now += MINUTE
    stale = await access.actor(ADA, TEAM)
    assert (set(stale.roles), set(stale.owns)) == ({Role.VIEWER}, set())
    assert "S0OPS" in (await access.who_am_i(stale)).trouble


@pytest.mark.parametrize("trouble", [TemporaryError("away"), PermanentError("missing_scope")])
async def test_a_failed_refresh_keeps_the_old_until_it_is_stale(
    access: AccessService, directory: Directory, wall: Wall, trouble: BotError
) -> None:
    await access.refresh()
    directory.trouble = trouble
    wall.now += 30 * MINUTE
    assert set(await access.refresh()) == {OPS, SEARCH_TEAM}
    assert (await access.actor(ADA, TEAM)).has(Role.OPERATOR)
    wall.now += 30 * MINUTE
    directory.trouble = None
    assert not (await access.actor(ADA, TEAM)).has(Role.OPERATOR)


STRANGERS = {
    "bot": a_member(BEN, is_bot=True),
    "guest": a_member(BEN, is_guest=True),
    "deactivated": a_member(BEN, is_deactivated=True),
    "of another workspace": a_member(BEN, team="T0OTHER"),
}


@pytest.mark.parametrize("person", STRANGERS.values(), ids=STRANGERS)
async def test_strangers_are_refused_even_out_of_a_group(
    access: AccessService, directory: Directory, person: Person
) -> None:
    directory.people[BEN] = person
    await access.refresh()
    with pytest.raises(NotAllowed, match="listed"):
        await access.actor(BEN, TEAM)


@pytest.mark.parametrize("person", STRANGERS.values(), ids=STRANGERS)
async def test_a_listed_stranger_is_meant(access: AccessService, directory: Directory, person: Person) -> None:
    directory.people[LISTED] = replace(person, id=LISTED)
    assert (await access.actor(LISTED, person.team)).has(Role.APPROVER)


async def test_another_workspace_is_refused(access: AccessService) -> None:
    await access.refresh()
    with pytest.raises(NotAllowed, match="another workspace"):
        await access.actor(ADA, TeamId("T0OTHER"))


async def test_a_person_who_left_holds_nothing_any_more(
    access: AccessService, directory: Directory, wall: Wall
) -> None:
    await access.refresh()
    ada = await access.actor(ADA, TEAM)
    directory.people[ADA] = a_member(ADA, is_deactivated=True)
    wall.now += USABLE_FOR
    await access.refresh()
    gone = await access.again(ada)
    assert (gone.roles, gone.owns) == (frozenset(), frozenset())


async def test_a_group_that_is_gone_keeps_no_other_from_being_asked_about(
    access: AccessService, directory: Directory
) -> None:
    async def members(group: GroupId) -> frozenset[UserId]:
        if group == OPS:
            raise PermanentError("no_such_subteam")
        return frozenset({BEN})

    directory.group_members = members  # type: ignore[method-assign]
    assert await access.refresh() == {OPS: "no_such_subteam"}
    assert (await access.actor(BEN, TEAM)).owns == {SEARCH}


async def test_the_terminal_is_the_person_it_is_mapped_to(access: AccessService) -> None:
    await access.refresh()
    actor = await access.terminal_actor("root")
    assert (actor.id, actor.kind) == (ADA, ActorKind.CLI)
    assert actor.has(Role.OPERATOR)
    with pytest.raises(NotAllowed, match="cli_users"):
        await access.terminal_actor("nobody")


async def test_processes_share_what_was_learnt(access: AccessService, state: State, wall: Wall) -> None:
    await access.refresh()
    silent = Directory()
    silent.trouble = TemporaryError("away")
    other = AccessService(RULES, RedisMemberships(state.store), silent, now=wall)
    assert (await other.actor(ADA, TEAM)).has(Role.APPROVER)
