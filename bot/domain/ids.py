"""Identities. Every thing Watchkeeper makes has a ULID; the short number that people type (``INC-42``) is an alias."""

from __future__ import annotations

from datetime import datetime
from typing import NewType

from ulid import ULID

PlatformName = NewType("PlatformName", str)
ServiceName = NewType("ServiceName", str)
RunbookName = NewType("RunbookName", str)
Fingerprint = NewType("Fingerprint", str)
"""Alertmanager's 16 hex digits over an alert's labels."""
GroupKey = NewType("GroupKey", str)
"""Alertmanager's key of a group; can exceed 255 characters, so indexes hold its digest."""
UserId = NewType("UserId", str)
"""A person of the workspace (``U…``), or ``cli:<os user>`` / ``bot`` / ``alert source`` as an actor."""
TeamId = NewType("TeamId", str)
GroupId = NewType("GroupId", str)
ChannelId = NewType("ChannelId", str)
ContainerId = NewType("ContainerId", str)
IncidentId = NewType("IncidentId", str)
ApprovalId = NewType("ApprovalId", str)
RunId = NewType("RunId", str)
RequestId = NewType("RequestId", str)
IntakeId = NewType("IntakeId", str)
CardId = NewType("CardId", str)
NoticeId = NewType("NoticeId", str)


def new_ulid() -> str:
    """Return a fresh ULID: 26 characters that sort by the time they were made."""
    return str(ULID())


def made_at(ulid: str) -> datetime:
    """Return when a ULID was made, as its maker's clock had it."""
    return ULID.from_str(ulid).datetime
