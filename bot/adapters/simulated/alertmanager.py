"""The simulated Alertmanager: keeps what Prometheus sends, groups it, and tells a receiver what changed.

Grouping and the decision to notify follow the real one (`dispatch` and `notify` of 0.25): a group waits ``group_wait``
before its first message and ``group_interval`` between later ones; a message goes out when something new fires, when
something that was reported firing is resolved, or when ``repeat_interval`` has passed. What the receiver refuses for
good is tried again at the next interval, and an alert that is resolved by then is never reported at all.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from bot.adapters.simulated.clock import Clock, Pace
from bot.adapters.simulated.inventory import ALERTMANAGER
from bot.adapters.simulated.rules import SentAlert
from bot.adapters.simulated.world import World

RECEIVER = "watchkeeper"
GROUP_BY = ("platform", "alertname", "job")
"""One service is one problem: whoever breaks another one meanwhile gets another incident."""
GROUP_WAIT = timedelta(seconds=10)
GROUP_INTERVAL = timedelta(seconds=10)
REPEAT_INTERVAL = timedelta(hours=1)
LEAST_DEADLINE = timedelta(seconds=2)
"""A receiver has at least so long to answer, however fast time runs: its work takes real time."""

NO_TIME = "0001-01-01T00:00:00Z"
"""How Go writes a time that is not set."""


class Receiver(Protocol):
    """Takes webhook bodies."""

    async def deliver(self, body: bytes, *, deadline: datetime) -> bool:
        """Return True once the body was accepted; False when it was refused for good or ``deadline`` has passed."""
        ...


@dataclass(frozen=True, slots=True)
class StoredAlert:
    """An alert as Alertmanager keeps it."""

    fingerprint: str
    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: datetime
    ends_at: datetime
    updated_at: datetime
    generator_url: str

    def fires(self, at: datetime) -> bool:
        """Say whether it counts as firing."""
        return self.ends_at > at


@dataclass(slots=True)
class AlertGroup:
    """Alerts that are reported together."""

    labels: dict[str, str]
    next_flush: datetime
    alerts: dict[str, StoredAlert] = field(default_factory=dict)
    was_flushed: bool = False

    @property
    def key(self) -> str:
        """Alertmanager's group key for a route without matchers."""
        pairs = ", ".join(f"{name}={json.dumps(value)}" for name, value in sorted(self.labels.items()))
        return f"{{}}:{{{pairs}}}"


@dataclass(frozen=True, slots=True)
class Reported:
    """What the receiver knows of a group."""

    firing: frozenset[str]
    resolved: frozenset[str]
    at: datetime

    def needs_update(self, group: _Split, *, now: datetime, repeat: timedelta) -> bool:
        """Say whether the receiver must hear of the group again."""
        if not group.firing <= self.firing:
            return True
        if not group.firing:
            return bool(self.firing)
        return not group.resolved <= self.resolved or self.at < now - repeat


@dataclass(frozen=True, slots=True)
class _Split:
    """Fingerprints of a group at one moment."""

    firing: frozenset[str]
    resolved: frozenset[str]


class SimulatedAlertmanager:
    """One Alertmanager without peers and without silences."""

    def __init__(
        self,
        *,
        world: World,
        clock: Clock,
        pace: Pace,
        receiver: Receiver,
        external_url: str,
        group_by: Sequence[str] = GROUP_BY,
    ) -> None:
        self.external_url = external_url
        self.group_by = tuple(group_by)
        self._world = world
        self._clock = clock
        self._pace = pace
        self._receiver = receiver
        self._groups: dict[tuple[tuple[str, str], ...], AlertGroup] = {}
        self._reported: dict[str, Reported] = {}
        self._memory_since = self.up_since(clock.now())

    def up_since(self, at: datetime) -> datetime:
        """Return when its process started."""
        return self._world.started_at(ALERTMANAGER, at)

    def receive(self, alerts: Sequence[SentAlert], at: datetime) -> None:
        """Take what Prometheus sends; it is lost while the service is stopped."""
        if not self._world.answers(ALERTMANAGER, at):
            return
        self._forget_former_life(at)
        for alert in alerts:
            self._insert(_stored(alert, at), at)

    def groups(self, now: datetime) -> list[AlertGroup]:
        """Return the groups that hold a firing alert, by key."""
        self._forget_former_life(now)
        alive = [group for group in self._groups.values() if any(alert.fires(now) for alert in group.alerts.values())]
        return sorted(alive, key=lambda group: group.key)

    def alerts(self, now: datetime) -> list[StoredAlert]:
        """Return the firing alerts, in the order of messages."""
        firing = [alert for group in self.groups(now) for alert in group.alerts.values() if alert.fires(now)]
        return sorted(firing, key=_message_order)

    async def flush_due(self) -> None:
        """Report every group whose time has come; return when the receiver accepted, refused or ran out of time."""
        now = self._clock.now()
        if not self._world.answers(ALERTMANAGER, now):
            return
        self._forget_former_life(now)
        due = [group for group in self._groups.values() if group.next_flush <= now]
        await asyncio.gather(*(self._flush(group, now) for group in due))

    def _insert(self, alert: StoredAlert, at: datetime) -> None:
        labels = {name: alert.labels[name] for name in self.group_by if name in alert.labels}
        key = tuple(labels.items())
        wait = self._pace.shortened(GROUP_WAIT)
        if key not in self._groups:
            if not alert.fires(at):
                return
            self._groups[key] = AlertGroup(labels=labels, next_flush=at + wait)
        group = self._groups[key]
        group.alerts[alert.fingerprint] = alert
        if not group.was_flushed and alert.starts_at + wait < at:
            group.next_flush = at

    def _forget_former_life(self, at: datetime) -> None:
        """Empty the memory after a restart; only what was reported survives on disk."""
        up_since = self.up_since(at)
        if up_since != self._memory_since:
            self._memory_since = up_since
            self._groups.clear()

    async def _flush(self, group: AlertGroup, now: datetime) -> None:
        group.next_flush = now + self._pace.shortened(GROUP_INTERVAL)
        group.was_flushed = True
        shown = sorted(group.alerts.values(), key=_message_order)
        split = _Split(
            firing=frozenset(alert.fingerprint for alert in shown if alert.fires(now)),
            resolved=frozenset(alert.fingerprint for alert in shown if not alert.fires(now)),
        )
        if self._must_tell(group, split, now):
            deadline = now + max(self._pace.shortened(GROUP_INTERVAL), LEAST_DEADLINE)
            if not await self._receiver.deliver(self._body(group, shown, now), deadline=deadline):
                return
            self._reported[group.key] = Reported(split.firing, split.resolved, now)
        self._drop_resolved(group, shown, now)

    def _must_tell(self, group: AlertGroup, split: _Split, now: datetime) -> bool:
        reported = self._reported.get(group.key)
        if reported is None:
            return bool(split.firing)
        return reported.needs_update(split, now=now, repeat=self._pace.shortened(REPEAT_INTERVAL))

    def _drop_resolved(self, group: AlertGroup, shown: Sequence[StoredAlert], now: datetime) -> None:
        """Forget what was reported resolved, unless it changed while the message was under way."""
        for alert in shown:
            if not alert.fires(now) and group.alerts.get(alert.fingerprint) is alert:
                del group.alerts[alert.fingerprint]
        key = tuple(group.labels.items())
        if not group.alerts and self._groups.get(key) is group:
            del self._groups[key]

    def _body(self, group: AlertGroup, shown: Sequence[StoredAlert], now: datetime) -> bytes:
        fires = any(alert.fires(now) for alert in shown)
        message = {
            "receiver": RECEIVER,
            "status": "firing" if fires else "resolved",
            "alerts": [_in_message(alert, now) for alert in shown],
            "groupLabels": dict(sorted(group.labels.items())),
            "commonLabels": _common([alert.labels for alert in shown]),
            "commonAnnotations": _common([alert.annotations for alert in shown]),
            "externalURL": self.external_url,
            "version": "4",
            "groupKey": group.key,
            "truncatedAlerts": 0,
        }
        return go_json(message)


def fingerprint_of(labels: dict[str, str]) -> str:
    """Return Alertmanager's fingerprint: FNV-1a (64 bits) over the sorted labels, as 16 hex digits.

    Source: prometheus/common `model/signature.go`; it reproduces the fingerprints of captured messages.
    """
    digest = 0xCBF29CE484222325
    for name in sorted(labels):
        for byte in b"%b\xff%b\xff" % (name.encode(), labels[name].encode()):
            digest = ((digest ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return f"{digest:016x}"


def timestamp(at: datetime) -> str:
    """Return a time as Prometheus and Alertmanager write it, in milliseconds."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def go_json(value: object) -> bytes:
    """Return JSON as Go's encoder writes it: no blanks, HTML characters escaped, a newline at the end."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text.encode() + b"\n"


def _stored(alert: SentAlert, at: datetime) -> StoredAlert:
    return StoredAlert(
        fingerprint=fingerprint_of(alert.labels),
        labels=dict(sorted(alert.labels.items())),
        annotations=dict(sorted(alert.annotations.items())),
        starts_at=alert.starts_at,
        ends_at=alert.ends_at,
        updated_at=at,
        generator_url=alert.generator_url,
    )


def _in_message(alert: StoredAlert, now: datetime) -> dict[str, object]:
    fires = alert.fires(now)
    return {
        "status": "firing" if fires else "resolved",
        "labels": alert.labels,
        "annotations": alert.annotations,
        "startsAt": timestamp(alert.starts_at),
        "endsAt": NO_TIME if fires else timestamp(alert.ends_at),
        "generatorURL": alert.generator_url,
        "fingerprint": alert.fingerprint,
    }


def _message_order(alert: StoredAlert) -> tuple[str, str, list[tuple[str, str]]]:
    return alert.labels.get("job", ""), alert.labels.get("instance", ""), sorted(alert.labels.items())


def _common(mappings: Sequence[dict[str, str]]) -> dict[str, str]:
    first, *others = mappings
    return {name: value for name, value in first.items() if all(other.get(name) == value for other in others)}
