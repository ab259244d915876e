"""The one page that spells every key, with its type, its fields and how long it lives.

One hash tag keeps all keys in one slot, so each script stays in one place; the volume is tiny. A key without a TTL says
why it is permanent. Times are integer milliseconds; documents are JSON whose times are ISO 8601.
"""

from __future__ import annotations

from bot.domain.effects import TimerKind
from bot.domain.ids import (
    ApprovalId,
    CardId,
    IncidentId,
    IntakeId,
    NoticeId,
    PlatformName,
    RequestId,
    RunId,
    UserId,
)
from bot.ports.doorbell import Index

PREFIX = "{wk}"

META = f"{PREFIX}:meta"
"""Hash: installation, epoch, audit_seq, sealed_seq, sealed_hash, frozen (why). Permanent: the store's identity."""

NUMBERS = f"{PREFIX}:numbers"
"""Hash: incident, approval, run → the last short number given. Permanent: numbers are never given twice."""

AUDIT = f"{PREFIX}:audit"
"""Stream, id ``<seq>-1``: at, e (JSON). Permanent until exported."""

SEALS = f"{PREFIX}:seals"
"""Stream, id ``<seq>-1``: h (SHA-256, hex). Permanent, as long as the audit."""

INTAKE = f"{PREFIX}:{Index.INTAKE}"
"""Sorted set (ms): accepted webhooks that no incident has met yet. Permanent index; a member lives for seconds."""

REQUESTS = f"{PREFIX}:{Index.REQUESTS}"
"""Sorted set (ms): requests without a plan. Permanent index."""

APPROVED = f"{PREFIX}:{Index.APPROVED}"
"""Sorted set (ms): yeses that wait for the starter. Permanent index."""

QUEUED = f"{PREFIX}:{Index.QUEUED}"
"""Sorted set (ms): runs that wait for a driver. Permanent index."""

ACTIVE = f"{PREFIX}:{Index.ACTIVE}"
"""Sorted set (ms): runs that a driver holds. Permanent index."""

DUE = f"{PREFIX}:{Index.DUE}"
"""Sorted set (ms): ``kind:subject`` of every timer. Permanent index."""

DIRTY = f"{PREFIX}:{Index.DIRTY}"
"""Sorted set (ms): cards that do not show the truth. Permanent index."""

NOTICES = f"{PREFIX}:{Index.NOTICES}"
"""Sorted set (ms × 1000 + order): notices that are not said. Permanent index."""

LOCKS = f"{PREFIX}:locks"
"""Hash: target → ``run|until_ms`` (0: kept for a run; else a starter's lease). Permanent; fields go with the run."""

OPEN_INCIDENTS = f"{PREFIX}:incidents:open"
"""Sorted set (ms): incidents that are not closed. Permanent index."""

RECENT_INCIDENTS = f"{PREFIX}:incidents:recent"
"""Sorted set (ms): the newest 100,000 incidents, closed ones included. Permanent index, trimmed."""

OPEN_APPROVALS = f"{PREFIX}:approvals:open"
"""Sorted set (ms): pending and approved approvals. Permanent index."""

OPEN_RUNS = f"{PREFIX}:runs:open"
"""Sorted set (ms): runs that are not over. Permanent index."""

RECENT_RUNS = f"{PREFIX}:runs:recent"
"""Sorted set (ms): the newest 10,000 runs. Permanent index, trimmed."""

HISTORY = f"{PREFIX}:history"
"""Hash: ``platform runbook parameters`` → JSON of how it went last. Permanent: one field per thing ever run."""

PUBLISHER = f"{PREFIX}:publisher"
"""Hash: holder, fence, until. Permanent: the fence only grows."""

RECONCILE = f"{PREFIX}:{Index.RECONCILE}"
"""Set: platforms the reconciler is asked to look at now. Permanent index."""

DOORBELL = f"{PREFIX}:doorbell"
"""Pub/sub channel: the name of an index that got work. A hint, never the hand-over."""

GROUPS = f"{PREFIX}:groups"
"""Hash: user group → JSON {members, at}. Permanent: one field per group of the configuration."""

ALIASES = f"{PREFIX}:aliases"
"""Hash: ``INC-42`` → id. Permanent: what people wrote down keeps working."""

REFUSED = f"{PREFIX}:refused"
"""Hash: ``platform reason`` → count of refused webhooks since the administrators were last told. Permanent index."""

DAY_MS = 86_400_000
INTAKE_TTL_MS = 7 * DAY_MS
SEEN_TTL_MS = 2 * DAY_MS
RUN_TTL_MS = 400 * DAY_MS
APPROVAL_TTL_MS = 400 * DAY_MS
ARCHIVE_TTL_MS = 400 * DAY_MS
CARD_TTL_MS = 400 * DAY_MS
PERSON_TTL_MS = DAY_MS
NOTICE_TTL_MS = 7 * DAY_MS
SHARE_TTL_MS = 30 * 60_000


def alerts(platform: PlatformName) -> str:
    """Hash: fingerprint → ``startsAt|status|seq`` last accepted. Permanent; goes with the incident that holds it."""
    return f"{PREFIX}:alerts:{platform}"


def holders(platform: PlatformName) -> str:
    """Hash: fingerprint → incident that holds it, while open or inside its re-open window. Permanent index."""
    return f"{PREFIX}:holders:{platform}"


def group_homes(platform: PlatformName) -> str:
    """Hash: digest of a group key → its incident, while open or inside its re-open window. Permanent index."""
    return f"{PREFIX}:group_homes:{platform}"


def intake(entry: IntakeId) -> str:
    """Hash: platform, body, changed, at. TTL 7 days: replays are made from it."""
    return f"{PREFIX}:intake:{entry}"


def incident(incident_id: IncidentId) -> str:
    """Hash: v, doc. Permanent while open; goes into the archive when its re-open window is over."""
    return f"{PREFIX}:incident:{incident_id}"


def timeline(incident_id: IncidentId) -> str:
    """Stream: e (JSON of a timeline entry). Permanent while open; TTL once archived: what is left of the archive's."""
    return f"{PREFIX}:timeline:{incident_id}"


def archive(incident_id: IncidentId) -> str:
    """String: zlib over JSON {doc, timeline}. TTL 400 days."""
    return f"{PREFIX}:archive:{incident_id}"


def request(request_id: RequestId) -> str:
    """String: JSON of a plan request. Goes with its index entry; TTL 2 days for one that was orphaned."""
    return f"{PREFIX}:request:{request_id}"


def approval(approval_id: ApprovalId) -> str:
    """Hash: v, doc. TTL 400 days once final."""
    return f"{PREFIX}:approval:{approval_id}"


def run(run_id: RunId) -> str:
    """Hash: v, doc, state, fence, claims, owner, beat (ms), cancel, pause. TTL 400 days once over."""
    return f"{PREFIX}:run:{run_id}"


def card(card_id: CardId) -> str:
    """Hash: place, rank, want, shown, channel, ts, digest, sending, reposted. TTL 400 days after its last change."""
    return f"{PREFIX}:card:{card_id}"


def message(channel: str, ts: str) -> str:
    """String: the card a message shows. TTL 400 days."""
    return f"{PREFIX}:message:{channel}:{ts}"


def notice(notice_id: NoticeId) -> str:
    """Hash: doc, at, sending. Goes when it was said; TTL 7 days."""
    return f"{PREFIX}:notice:{notice_id}"


def seen(act: str) -> str:
    """String: outcome of a delivery. TTL 2 days, longer than the workspace retries."""
    return f"{PREFIX}:seen:{act}"


def evidence(subject: str) -> str:
    """String: JSON of an incident's first evidence. TTL 7 days, then the thread has it."""
    return f"{PREFIX}:evidence:{subject}"


def person(user: UserId) -> str:
    """String: JSON of what was learnt of somebody. TTL 1 day; older than an hour it is asked again."""
    return f"{PREFIX}:person:{user}"


def share(share_id: str) -> str:
    """String: JSON of an answer that its reader may repeat for everybody. TTL 30 minutes, or until that is done."""
    return f"{PREFIX}:share:{share_id}"


def timer(kind: TimerKind, subject: str) -> str:
    """Member of ``due``."""
    return f"{kind}:{subject}"


DOCKET = f"{PREFIX}:docket"
"""Name of the docket that carries runs; its own keys below it (streams, leases, results) follow its own lifetimes."""
