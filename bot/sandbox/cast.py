"""Who and what the sandbox workspace holds at the start: one module, so that tests and the page agree on the cast."""

from __future__ import annotations

from dataclasses import dataclass

TEAM = "T0SANDBOX"
TEAM_NAME = "Sandbox"
TEAM_DOMAIN = "sandbox"
APP = "A0SANDBOX"
BOT_USER = "U0BOT"
BOT = "B0BOT"
BOT_NAME = "watchkeeper"
BOT_TOKEN = "xoxb-sandbox"  # noqa: S105 - opens this sandbox only
APP_TOKEN = "xapp-sandbox"  # noqa: S105 - the same

ADA = "U0ADA"
BEN = "U0BEN"
CHI = "U0CHI"
DEE = "U0DEE"
ELI = "U0ELI"

INCIDENTS = "C0INC"
APPROVALS = "C0APR"
ADMIN = "C0ADM"
REPORTS = "C0REP"
GENERAL = "C0GEN"

OPS_GROUP = "S0OPS"
APPROVERS_GROUP = "S0APPROVERS"
SEARCH_GROUP = "S0SEARCH"


@dataclass(frozen=True, slots=True)
class CastPerson:
    """One person at the start; ``part`` is what the page shows beside the name."""

    id: str
    name: str
    real_name: str
    part: str
    is_admin: bool = False


@dataclass(frozen=True, slots=True)
class CastChannel:
    """One channel at the start; everybody is a member, the bot only where ``has_bot``."""

    id: str
    name: str
    purpose: str
    has_bot: bool


@dataclass(frozen=True, slots=True)
class CastGroup:
    """One user group at the start."""

    id: str
    handle: str
    name: str
    members: tuple[str, ...]


PEOPLE = (
    CastPerson(ADA, "ada", "Ada", "admin", is_admin=True),
    CastPerson(BEN, "ben", "Ben", "operator"),
    CastPerson(CHI, "chi", "Chi", "approver"),
    CastPerson(DEE, "dee", "Dee", "owner, approver"),
    CastPerson(ELI, "eli", "Eli", "viewer"),
)

CHANNELS = (
    CastChannel(INCIDENTS, "incidents", "One thread per incident", has_bot=True),
    CastChannel(APPROVALS, "approvals", "Plans that wait for a second person", has_bot=True),
    CastChannel(ADMIN, "ops-admin", "What the bot's keepers should know", has_bot=True),
    CastChannel(REPORTS, "reports", "Routine reports", has_bot=True),
    CastChannel(GENERAL, "general", "Everything else", has_bot=False),
)

GROUPS = (
    CastGroup(OPS_GROUP, "ops", "Operations", (BEN, CHI, DEE)),
    CastGroup(APPROVERS_GROUP, "approvers", "Approvers", (CHI, DEE)),
    CastGroup(SEARCH_GROUP, "search", "Search platform", (DEE, ADA)),
)

COMMANDS = ("/ops", "/incident")
MESSAGE_SHORTCUTS = (("incident.add_to_timeline", "Add to timeline"),)

SCOPES = frozenset(
    {
        "app_mentions:read",
        "channels:history",
        "channels:read",
        "chat:write",
        "commands",
        "groups:history",
        "groups:read",
        "im:history",
        "im:write",
        "usergroups:read",
        "users:read",
    }
)
"""Scopes granted at the start: those of the project's manifest, and the two that let it look at channels."""

EVENTS = frozenset(
    {
        "app_home_opened",
        "app_mention",
        "message.channels",
        "message.im",
        "reaction_added",
        "subteam_created",
        "subteam_members_changed",
        "subteam_updated",
        "user_change",
    }
)
"""Event subscriptions of the bot at the start; ``message.*`` names the channel's kind as Slack's manifest does."""
