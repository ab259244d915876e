"""Accepted webhooks in Redis: one script keeps a body before it is answered; a loop lets incidents meet it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.adapters import redis_keys as keys
from bot.adapters.redis_store import Change, RedisStore, Script, decode, encode, from_ms, to_ms, translated
from bot.domain.alerts import Alert, AlertGroup
from bot.domain.ids import Fingerprint, IntakeId, PlatformName, new_ulid
from bot.ports.intake import Accepted, IntakeEntry, Refusal

log = logging.getLogger(__name__)

MAX_REFUSED_NAMES = 32
OTHER_NAMES = "(other names)"
ALERTS_A_SCRIPT = 3000
"""Lua unpacks no more than about 8,000 values into one command; a larger group goes in parts."""


def _state(alert: Alert) -> str:
    return f"{to_ms(alert.starts_at)}|{alert.status}"


def _reported(report: bytes) -> str:
    """Return the state in a kept report, without its sequence number."""
    return report.decode().rpartition("|")[0]


class RedisIntake:
    """Implements `bot.ports.intake.Intake` and `bot.ports.intake.IntakeQueue`."""

    def __init__(self, store: RedisStore) -> None:
        self._store = store
        self._accept = Script("accept.lua")

    async def accept(self, group: AlertGroup, body: bytes) -> Accepted:
        """Keep the group and its body in one round trip; drop it when nothing is new."""
        changed = 0
        for start in range(0, len(group.alerts), ALERTS_A_SCRIPT):
            part = replace(group, alerts=group.alerts[start : start + ALERTS_A_SCRIPT])
            changed += await self._accept_part(part, body if start == 0 else b"")
        return Accepted(changed)

    async def _accept_part(self, group: AlertGroup, body: bytes) -> int:
        entry = IntakeId(new_ulid())
        pairs = [part for alert in group.alerts for part in (alert.fingerprint, _state(alert))]
        with translated():
            changed = await self._accept(
                self._store.redis,
                (keys.alerts(group.platform), keys.INTAKE, keys.intake(entry), keys.NUMBERS),
                self._store.skew_ms(),
                entry,
                group.platform,
                body,
                encode(group),
                keys.INTAKE_TTL_MS,
                keys.DOORBELL,
                encode(pairs),
            )
        return int(changed)

    async def news(self, group: AlertGroup) -> frozenset[Fingerprint]:
        """Return the alerts that `accept` would keep: they differ from the last accepted. Nothing is written."""
        reports = await self._store.fields(keys.alerts(group.platform), [alert.fingerprint for alert in group.alerts])
        pairs = zip(group.alerts, reports, strict=True)
        return frozenset(it.fingerprint for it, last in pairs if last is None or _reported(last) != _state(it))

    async def note_oversized(self, platform: PlatformName, size_bytes: int) -> None:
        """Ask the reconciler to look at the platform at once."""
        log.warning("webhook_too_large", extra={"platform": platform, "size_bytes": size_bytes})
        await self._store.command("SADD", keys.RECONCILE, platform)
        await self._store.command("PUBLISH", keys.DOORBELL, keys.RECONCILE)

    async def note_refused(self, path_platform: str, reason: Refusal) -> None:
        """Count a refused webhook, under a bounded number of names; a loop tells the administrators."""
        field = f"{path_platform} {reason}"
        known = await self._store.command("HEXISTS", keys.REFUSED, field)
        if not known and await self._store.command("HLEN", keys.REFUSED) >= MAX_REFUSED_NAMES:
            field = f"{OTHER_NAMES} {reason}"
        await self._store.command("HINCRBY", keys.REFUSED, field, 1)

    async def take_refused(self) -> dict[str, int]:
        """Return and forget the refused webhooks counted since the last call."""
        flat = await self._store.command("HGETALL", keys.REFUSED)
        counts = flat if isinstance(flat, dict) else dict(zip(flat[::2], flat[1::2], strict=True))
        for field, count in counts.items():
            if await self._store.command("HINCRBY", keys.REFUSED, field, -int(count)) == 0:
                await self._store.command("HDEL", keys.REFUSED, field)
        return {field.decode(): int(count) for field, count in counts.items() if int(count)}

    async def take_oversized(self) -> frozenset[PlatformName]:
        """Return and forget the platforms the reconciler is asked to look at."""
        found = await self._store.command("SMEMBERS", keys.RECONCILE)
        for name in found:
            await self._store.command("SREM", keys.RECONCILE, name)
        return frozenset(PlatformName(name.decode()) for name in found)

    async def waiting(self, limit: int) -> Sequence[IntakeEntry]:
        """Return the oldest entries that no incident has met."""
        names = [IntakeId(name) for name in await self._store.members(keys.INTAKE, limit)]
        found: list[IntakeEntry] = []
        for name in names:
            group, changed, at = await self._store.fields(keys.intake(name), ["group", "changed", "at"])
            if group is None or changed is None or at is None:
                await self.finish(name)
                continue
            fresh = set(decode(changed, list[str]))
            whole = decode(group, AlertGroup)
            news = tuple(alert for alert in whole.alerts if alert.fingerprint in fresh)
            found.append(IntakeEntry(name, replace(whole, alerts=news), from_ms(at)))
        return found

    async def finish(self, entry: IntakeId) -> None:
        """Forget an entry that concerns no incident."""
        change = Change()
        change.op("ZREM", keys.INTAKE, entry)
        await self._store.commit(change)

    async def oldest(self) -> datetime | None:
        """Return since when the oldest entry waits."""
        first = await self._store.scored(keys.INTAKE, 0, 0)
        return from_ms(first[0][1]) if first else None
