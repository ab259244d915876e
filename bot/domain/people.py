"""Who acts, and what they may do. Default deny: a role that was not granted is not held."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.domain.ids import PlatformName, TeamId, UserId
from bot.domain.rights import Role

LADDER = (Role.VIEWER, Role.OPERATOR, Role.APPROVER, Role.ADMIN)
"""Each role includes the ones before it; break-glass stands beside."""


class ActorKind(StrEnum):
    """What stands behind an act."""

    PERSON = "person"
    """Somebody of the workspace, known by user and team id."""
    CLI = "cli"
    """An operating system user at the terminal, mapped to a person; never votes."""
    ALERT_SOURCE = "alert_source"
    """Alertmanager."""
    WATCHKEEPER = "watchkeeper"
    """A timer, a schedule, the reconciler."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who acts, with the rights they hold at this moment."""

    id: UserId
    team: TeamId
    kind: ActorKind = ActorKind.PERSON
    roles: frozenset[Role] = frozenset()
    owns: frozenset[PlatformName] = frozenset()
    act: str = ""
    """Id of the delivery behind this act; the same delivery has an effect once."""

    def has(self, role: Role) -> bool:
        """Return whether this actor holds ``role`` or, on the ladder, one above it."""
        if role is Role.BREAK_GLASS:
            return role in self.roles
        return any(held in self.roles for held in LADDER[LADDER.index(role) :])

    def operates(self, platform: PlatformName | None) -> bool:
        """Return whether they may ask for changes, acknowledge and cancel: operator, or owner of the platform."""
        return self.has(Role.OPERATOR) or (platform is not None and platform in self.owns)


ALERT_SOURCE = Actor(UserId("alert source"), TeamId(""), ActorKind.ALERT_SOURCE)
WATCHKEEPER = Actor(UserId("watchkeeper"), TeamId(""), ActorKind.WATCHKEEPER)
