"""Arguments that several verbs share."""

from __future__ import annotations

from bot.domain.rights import Role
from bot.verbs import Argument, Kind

PLATFORM = Argument("platform", Kind.PLATFORM, help="needed only where several could be meant")
SOME_PLATFORM = Argument("platform", Kind.PLATFORM, required=False, help="of this platform only")
INCIDENT = Argument("incident", Kind.INCIDENT, help="INC-42; in its thread it goes without saying")
REASON = Argument("reason", Kind.TEXT, required=False, help="why; shown to whoever decides, and kept")
BREAK_GLASS = Argument(
    "break-glass",
    Kind.WORD,
    required=False,
    choices=("yes",),
    role=Role.BREAK_GLASS,
    help="an emergency: starts without a second person, takes a reason, is reviewed within 24 hours",
)
