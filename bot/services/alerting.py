"""Alerting: let accepted webhooks meet incidents, and settle with Alertmanager what webhooks cannot say."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from bot.domain.alerts import Alert, AlertGroup, AlertmanagerListing, AlertStatus
from bot.domain.correlation import is_doubtful, opens_incident
from bot.domain.effects import Channel, NoticeKind, Place, notice
from bot.domain.errors import BotError
from bot.domain.fault_points import FaultPoint, reached
from bot.domain.ids import Fingerprint, GroupKey, PlatformName
from bot.ports.incidents import IncidentChange, Incidents
from bot.ports.intake import Intake, IntakeEntry, IntakeQueue, Refusal
from bot.ports.outbox import Outbox
from bot.ports.platforms import PlatformPorts, Platforms

log = logging.getLogger(__name__)

MIN_UPTIME = timedelta(minutes=5)
"""An Alertmanager that started later has not heard from Prometheus about everything yet."""
POLLS = 3
"""Looks in a row that must all miss an alert before its absence counts."""
POLL_EVERY = timedelta(seconds=1)

Clock = Callable[[], datetime]
Sleep = Callable[[timedelta], Awaitable[None]]


def utc_now() -> datetime:
    """Return the time of this machine, which is compared with Alertmanager's."""
    return datetime.now(UTC)


async def asleep(span: timedelta) -> None:
    """Wait on the event loop's clock."""
    await asyncio.sleep(span.total_seconds())


class IntakeService:
    """Lets one accepted webhook meet its incidents."""

    def __init__(
        self,
        incidents: Incidents,
        platforms: Platforms,
        queue: IntakeQueue,
        *,
        now: Clock = utc_now,
        sleep: Sleep = asleep,
    ) -> None:
        self._incidents = incidents
        self._platforms = platforms
        self._queue = queue
        self._now = now
        self._sleep = sleep

    async def serve(self, entry: IntakeEntry) -> Sequence[IncidentChange]:
        """Settle what is doubtful and absorb the rest."""
        if entry.group.platform not in self._platforms:
            log.warning("intake_of_unknown_platform", extra={"platform": entry.group.platform, "entry": entry.id})
            await self._queue.finish(entry.id)
            return ()
        group = await self._settled(entry.group)
        await reached(FaultPoint.INTAKE_BEFORE_ABSORB)
        return await self._incidents.absorb(entry.id, group)

    async def _settled(self, group: AlertGroup) -> AlertGroup:
        """Return the group as it really stands where a report contradicts what was known; no answer means firing."""
        known = await self._incidents.known(group.platform, [alert.fingerprint for alert in group.alerts])
        doubtful = {it.fingerprint: it for it in group.alerts if is_doubtful(known.get(it.fingerprint), it)}
        if not doubtful:
            return group
        try:
            ended = await self._ended(self._platforms[group.platform], doubtful)
        except BotError as exc:
            log.info("doubt_unanswered", extra={"platform": group.platform, "why": str(exc)})
            return group
        alerts = tuple(_as_known(alert, known) if alert.fingerprint in ended else alert for alert in group.alerts)
        return replace(group, alerts=alerts)

    async def _ended(self, platform: PlatformPorts, doubtful: Mapping[Fingerprint, Alert]) -> frozenset[Fingerprint]:
        """Return the doubtful alerts that are over: missing from three looks, and not firing in Prometheus either."""
        missing = dict(doubtful)
        for look in range(POLLS):
            if look:
                await self._sleep(POLL_EVERY)
            listings = await platform.alerts.listings()
            if _too_young(listings, self._now()):
                return frozenset()
            missing = {name: alert for name, alert in missing.items() if name not in _listed(listings)}
            if not missing:
                return frozenset()
        return await _not_firing_in_prometheus(platform, missing)


def _too_young(listings: Sequence[AlertmanagerListing], now: datetime) -> bool:
    """Return whether an Alertmanager has not run long enough for the absence of an alert to count."""
    return any(now - listing.up_since <= MIN_UPTIME for listing in listings)


def _listed(listings: Sequence[AlertmanagerListing]) -> frozenset[Fingerprint]:
    return frozenset(it.alert.fingerprint for listing in listings for it in listing.alerts)


async def _not_firing_in_prometheus(
    platform: PlatformPorts, gone: Mapping[Fingerprint, Alert]
) -> frozenset[Fingerprint]:
    """Return those that Prometheus does not fire either; its alerts lack external labels, so they are a subset."""
    if not gone:
        return frozenset()
    rules = await platform.metrics.firing()
    return frozenset(
        name for name, alert in gone.items() if not any(set(labels) <= set(alert.labels.items()) for _, labels in rules)
    )


def _as_known(alert: Alert, known: Mapping[Fingerprint, Alert]) -> Alert:
    return known.get(alert.fingerprint, alert)


@dataclass(slots=True)
class _Absence:
    """How often in a row each firing member was missing from Alertmanager's list."""

    misses: dict[Fingerprint, int] = field(default_factory=dict)

    def note(self, firing: Iterable[Fingerprint], listed: frozenset[Fingerprint]) -> frozenset[Fingerprint]:
        """Count one look; return the members whose absence counts now."""
        self.misses = {name: self.misses.get(name, 0) + 1 for name in firing if name not in listed}
        return frozenset(name for name, count in self.misses.items() if count >= POLLS)


class ReconcilerService:
    """Compares open incidents with Alertmanager's own list: silenced alerts never send resolved, we were away."""

    def __init__(
        self,
        incidents: Incidents,
        intake: Intake,
        platforms: Platforms,
        *,
        now: Clock = utc_now,
        sleep: Sleep = asleep,
    ) -> None:
        self._incidents = incidents
        self._intake = intake
        self._platforms = platforms
        self._now = now
        self._sleep = sleep
        self._absences: dict[PlatformName, _Absence] = {}

    async def reconcile(self, name: PlatformName, *, polls: int = 1) -> Sequence[IncidentChange]:
        """Look ``polls`` times, a second apart; absence counts after three looks in a row, here or over minutes."""
        changes: list[IncidentChange] = []
        for poll in range(polls):
            if poll:
                await self._sleep(POLL_EVERY)
            changes += await self._look(self._platforms[name])
        return changes

    async def _look(self, platform: PlatformPorts) -> Sequence[IncidentChange]:
        """Take one look. TemporaryError when a peer does not answer: then nothing counts."""
        listings = await platform.alerts.listings()
        await self._open_missed(platform.name, listings)
        incidents = await self._incidents.open(platform.name)
        firing = {alert.fingerprint: alert for incident in incidents for alert in incident.firing}
        absence = self._absences.setdefault(platform.name, _Absence())
        if _too_young(listings, self._now()):
            absence.misses.clear()
            log.info("reconciled", extra={"platform": platform.name, "firing": len(firing), "missing": None})
            return ()
        gone = absence.note(firing, _listed(listings))
        proven = await _not_firing_in_prometheus(platform, {name: firing[name] for name in gone})
        if not proven:
            return ()
        log.info("alerts_gone", extra={"platform": platform.name, "alerts": sorted(proven)})
        return await self._incidents.reconcile(platform.name, [firing[name] for name in proven], self._now())

    async def _open_missed(self, platform: PlatformName, listings: Sequence[AlertmanagerListing]) -> None:
        """Accept what fires there and no incident holds, as if its webhook had come."""
        active = [
            it.alert for listing in listings for it in listing.alerts if not it.silenced_by and not it.inhibited_by
        ]
        candidates = {alert.fingerprint: alert for alert in active if opens_incident(alert)}
        known = await self._incidents.known(platform, candidates)
        missed = [alert for name, alert in candidates.items() if not _is_held(known.get(name))]
        groups: dict[str, list[Alert]] = {}
        for alert in missed:
            groups.setdefault(alert.name, []).append(alert)
        for name, alerts in groups.items():
            log.info("alerts_missed", extra={"platform": platform, "alert": name, "count": len(alerts)})
            group = AlertGroup(platform, GroupKey(f"reconciler/{name}"), "reconciler", tuple(alerts))
            await self._intake.accept(group, b"")


def _is_held(known: Alert | None) -> bool:
    return known is not None and known.status is AlertStatus.FIRING


REASONS: Mapping[str, str] = {
    Refusal.UNKNOWN_PLATFORM: "no platform has that name",
    Refusal.BAD_CREDENTIALS: "wrong credentials",
}


class RefusedWebhooks:
    """Tells the administrators of webhooks that were turned away: Alertmanager drops them without a word."""

    def __init__(self, queue: IntakeQueue, outbox: Outbox) -> None:
        self._queue = queue
        self._outbox = outbox

    async def tell(self) -> None:
        """Say once what was refused since the last time."""
        for field_, count in sorted((await self._queue.take_refused()).items()):
            platform, _, reason = field_.rpartition(" ")
            text = f"{count} webhooks for “{platform}” were turned away: {REASONS.get(reason, reason)}."
            hint = "Alertmanager drops what is turned away. See its receiver, and `platforms:` in watchkeeper.yaml."
            told = notice(NoticeKind.OPERATIONS, Place(channel=Channel.ADMIN), rank=3, text=text, hint=hint)
            await self._outbox.say(told)
