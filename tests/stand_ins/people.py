"""People with the rights of one rung of the ladder each, and a directory that knows them."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.domain.ids import GroupId, PlatformName, TeamId, UserId
from bot.domain.people import Actor, ActorKind
from bot.domain.rights import Role
from bot.domain.settings import Members
from bot.ports.workspace import Person

TEAM = TeamId("T0TEAM")
VIEWER, OPERATOR, APPROVER, ADMIN = (UserId(f"U0{name}") for name in ("VIEW", "OPER", "APPR", "ADMIN"))
OWNER = UserId("U0OWNER")
"""Holds no role but the viewer's, and owns the platforms a test says."""
STRANGER = UserId("U0STRANGER")
"""Holds no role at all."""
ROLES = {
    VIEWER: {Role.VIEWER},
    OPERATOR: {Role.VIEWER, Role.OPERATOR},
    APPROVER: {Role.VIEWER, Role.APPROVER},
    ADMIN: {Role.VIEWER, Role.ADMIN, Role.BREAK_GLASS},
    OWNER: {Role.VIEWER},
    STRANGER: set(),
}


def actor(user: UserId, *, owns: tuple[str, ...] = (), act: str = "", kind: ActorKind = ActorKind.PERSON) -> Actor:
    """Return one of the people above."""
    return Actor(user, TEAM, kind, frozenset(ROLES[user]), frozenset(map(PlatformName, owns)), act)


def role_members() -> dict[Role, Members]:
    """Return the configuration that gives the people above their roles."""
    return {role: Members(frozenset(user for user, roles in ROLES.items() if role in roles)) for role in Role}


@dataclass
class FakeDirectory:
    """Everybody is an ordinary person of the workspace but those listed."""

    bots: frozenset[UserId] = frozenset()
    guests: frozenset[UserId] = frozenset()
    groups: dict[GroupId, frozenset[UserId]] = field(default_factory=dict)

    async def group_members(self, group: GroupId) -> frozenset[UserId]:
        return self.groups.get(group, frozenset())

    async def person(self, user: UserId) -> Person:
        return Person(user, TEAM, user in self.bots, user in self.guests, is_deactivated=False)
