"""Who may do what: roles from people and user groups, by id, default deny, with the reason for every no.

Group memberships are asked for every five minutes and usable for an hour; older ones grant nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from bot.domain.answers import Can, WhoAmI
from bot.domain.errors import BotError, NotAllowed
from bot.domain.ids import GroupId, PlatformName, TeamId, UserId
from bot.domain.people import LADDER, Actor, ActorKind
from bot.domain.rights import Need, Role
from bot.domain.settings import Members
from bot.ports.groups import KnownPerson, Membership, Memberships
from bot.ports.workspace import Directory, Person

USABLE_FOR = timedelta(minutes=60)
REFRESH_EVERY = timedelta(minutes=5)
PERSON_USABLE_FOR = timedelta(minutes=60)
LOOK_AGAIN_AFTER = timedelta(seconds=5)
"""How long one process trusts its own copy of the shared memberships."""
FIRST_ANSWER_WITHIN = timedelta(seconds=2)
"""How long the first request of a process waits for groups that nobody has asked about yet; Slack gives it 3 s."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the configuration grants."""

    team: TeamId
    roles: Mapping[Role, Members]
    owners: Mapping[PlatformName, Members]
    cli_users: Mapping[str, UserId] = field(default_factory=dict)

    def groups(self) -> frozenset[GroupId]:
        """Return every user group that grants something."""
        named = (members.groups for members in [*self.roles.values(), *self.owners.values()])
        return frozenset(group for groups in named for group in groups)

    def listed(self) -> frozenset[UserId]:
        """Return every person who is granted something by name; a listed bot or guest is meant."""
        named = (members.people for members in [*self.roles.values(), *self.owners.values()])
        return frozenset(person for people in named for person in people)


class AccessService:
    """Turns an identity into an `Actor` with today's rights."""

    def __init__(
        self,
        rules: Rules,
        memberships: Memberships,
        directory: Directory,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._rules = rules
        self._memberships = memberships
        self._directory = directory
        self._now = now
        self._known: Mapping[GroupId, Membership] = {}
        self._looked_at: datetime | None = None
        self._asking = asyncio.Lock()
        self._has_asked = False

    async def actor(self, user: UserId, team: TeamId, *, act: str = "") -> Actor:
        """Return the person with the rights they hold now; NotAllowed for other teams, bots, guests and leavers."""
        if team != self._rules.team and user not in self._rules.listed():
            raise NotAllowed(f"{user} belongs to another workspace; Watchkeeper serves {self._rules.team} only")
        groups = await self._groups_of(user)
        if user not in self._rules.listed() and not groups:
            self._refuse_strangers(await self._person(user))
        return self._with_rights(Actor(user, team, act=act), groups)

    async def terminal_actor(self, os_user: str, *, act: str = "") -> Actor:
        """Return the person an operating system user stands for; it never votes."""
        person = self._rules.cli_users.get(os_user)
        if person is None:
            raise NotAllowed(f"{os_user}: not mapped to a person; add it to cli_users in watchkeeper.yaml")
        actor = Actor(person, self._rules.team, ActorKind.CLI, act=act)
        return self._with_rights(actor, await self._groups_of(person))

    async def again(self, actor: Actor) -> Actor:
        """Return the actor with the rights they hold now; somebody who left holds none."""
        try:
            fresh = await self.actor(actor.id, actor.team or self._rules.team, act=actor.act)
        except NotAllowed:
            return replace(actor, roles=frozenset(), owns=frozenset())
        return replace(fresh, kind=actor.kind)

    def _with_rights(self, actor: Actor, groups: frozenset[GroupId]) -> Actor:
        roles = {role for role, members in self._rules.roles.items() if _is_one_of(members, actor.id, groups)}
        owns = {name for name, members in self._rules.owners.items() if _is_one_of(members, actor.id, groups)}
        return replace(actor, roles=frozenset(roles), owns=frozenset(owns))

    def _refuse_strangers(self, person: Person) -> None:
        """Refuse whom nobody listed: bots, guests, deactivated accounts, people of other workspaces."""
        what = self._stranger(person)
        if what:
            raise NotAllowed(f"{person.id} is {what}; only people listed in watchkeeper.yaml may ask then")

    def _stranger(self, person: Person) -> str:
        """Return why somebody is none of the people of this workspace; empty when they are."""
        reasons = {
            "a bot": person.is_bot,
            "a guest": person.is_guest,
            "deactivated": person.is_deactivated,
            "of another workspace": person.team != self._rules.team,
        }
        return next((reason for reason, holds in reasons.items() if holds), "")

    async def _person(self, user: UserId) -> Person:
        known = await self._memberships.person(user)
        if known and self._now() - known.as_of < PERSON_USABLE_FOR:
            return known.person
        person = await self._directory.person(user)
        await self._memberships.put_person(KnownPerson(person, self._now()))
        return person

    async def _groups_of(self, user: UserId) -> frozenset[GroupId]:
        await self._look()
        return frozenset(
            group
            for group, membership in self._known.items()
            if user in membership.members and self._is_usable(membership)
        )

    def _is_usable(self, membership: Membership) -> bool:
        return self._now() - membership.as_of < USABLE_FOR

    async def _look(self) -> None:
        """Read the shared copy, unless that was done a moment ago."""
        now = self._now()
        if self._looked_at is None or now - self._looked_at > LOOK_AGAIN_AFTER:
            self._known = await self._memberships.all()
            self._looked_at = now
            if self._lacks_groups() and not self._has_asked:
                await self._ask_for_the_first_time()

    def _lacks_groups(self) -> bool:
        return bool(self._rules.groups() - self._known.keys())

    async def _ask_for_the_first_time(self) -> None:
        """Wait for the first answer, once: until it is there, nobody of a group holds any role."""
        with suppress(TimeoutError):
            async with asyncio.timeout(FIRST_ANSWER_WITHIN.total_seconds()), self._asking:
                self._known = await self._memberships.all()
                if self._lacks_groups() and not self._has_asked:
                    await self._ask_about_groups()
                    self._known = await self._memberships.all()

    async def refresh(self) -> dict[GroupId, str]:
        """Ask the workspace who belongs to each group; return the groups that could not be asked, and why."""
        async with self._asking:
            return await self._ask_about_groups()

    async def _ask_about_groups(self) -> dict[GroupId, str]:
        try:
            return await self._learn_members()
        finally:
            self._has_asked = True

    async def _learn_members(self) -> dict[GroupId, str]:
        failed: dict[GroupId, str] = {}
        for group in sorted(self._rules.groups()):
            try:
                members = await self._directory.group_members(group)
                people = [await self._person(member) for member in sorted(members)]
            except BotError as exc:
                # One group that was deleted must not keep the others from being asked about.
                failed[group] = str(exc)
                continue
            own = {it.id for it in people if not self._stranger(it)}
            await self._memberships.put(group, Membership(frozenset(own), self._now()))
        self._looked_at = None
        return failed

    async def who_am_i(self, actor: Actor) -> WhoAmI:
        """Return what is known of the person who asks."""
        groups = await self._groups_of(actor.id)
        times = [self._known[group].as_of for group in groups]
        stale = sorted(set(self._rules.groups()) - {g for g, known in self._known.items() if self._is_usable(known)})
        trouble = f"members of {', '.join(stale)} are not known; what these groups grant is denied" if stale else ""
        return WhoAmI(actor, tuple(sorted(groups)), min(times, default=None), trouble)

    def who_holds(self, role: Role, platform: PlatformName | None = None) -> tuple[UserId | GroupId, ...]:
        """Return the people and groups that hold a role (or one above it), or own the platform."""
        wanted = LADDER[LADDER.index(role) :] if role in LADDER else (role,)
        members = [self._rules.roles[held] for held in wanted if held in self._rules.roles]
        if platform is not None and platform in self._rules.owners and role is not Role.ADMIN:
            members.append(self._rules.owners[platform])
        return _names(members)

    def owners(self, platform: PlatformName) -> tuple[UserId | GroupId, ...]:
        """Return the owners of a platform, as the configuration names them."""
        return _names([self._rules.owners[platform]]) if platform in self._rules.owners else ()

    def approvers(self) -> tuple[UserId | GroupId, ...]:
        """Return who is asked for a yes, as the configuration names them."""
        return _names([self._rules.roles[Role.APPROVER]]) if Role.APPROVER in self._rules.roles else ()

    def explain(
        self, actor: Actor, what: str, role: Role, *, platform: PlatformName | None = None, need: Need | None = None
    ) -> Can:
        """Return whether the actor may do what takes ``role``, and who else may."""
        owner = platform is not None and platform in actor.owns and role in (Role.OPERATOR, Role.APPROVER)
        allowed = actor.has(role) or owner
        holds = ", ".join(sorted(actor.roles)) or "no role"
        why = f"owner of {platform}" if owner and not actor.has(role) else f"takes {role}; holds {holds}"
        return Can(actor.id, what, allowed, why, need, role, tuple(map(str, self.who_holds(role, platform))))


def _is_one_of(members: Members, user: UserId, groups: frozenset[GroupId]) -> bool:
    return members.everybody or user in members.people or bool(groups & members.groups)


def _names(members: list[Members]) -> tuple[UserId | GroupId, ...]:
    names: dict[UserId | GroupId, None] = {}
    for some in members:
        names.update(dict.fromkeys(sorted(some.groups)))
        names.update(dict.fromkeys(sorted(some.people)))
    return tuple(names)
