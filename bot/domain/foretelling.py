"""What a webhook would do, told before it does: each decision with the line of the profile or the fact it rests on.

The decisions are those of `meeting`; nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain import incident_acts
from bot.domain.alerts import Alert, AlertGroup, AlertStatus
from bot.domain.correlation import Judgement, is_doubtful, is_quiet, judge
from bot.domain.effects import TimerKind
from bot.domain.ids import Fingerprint, GroupId, PlatformName, UserId
from bot.domain.incidents import Incident, IncidentOutcome, IncidentRules, IncidentState
from bot.domain.meeting import Meeting
from bot.domain.profiles import Profile


class Fate(StrEnum):
    """What becomes of one alert."""

    TAKEN = "taken"
    """An incident holds it afterwards."""
    REPEATED = "repeated"
    """It equals the last accepted report of it, so it is dropped at the door."""
    QUIET = "quiet"
    """Its ``severity`` is one that concerns no incident."""
    UNHELD = "unheld"
    """It is resolved, and no incident holds it."""


class Happening(StrEnum):
    """What becomes of one incident."""

    OPENED = "opened"
    JOINED = "joined"
    """It holds alerts that it did not hold."""
    UPDATED = "updated"
    """Alerts that it holds changed."""
    REOPENED = "reopened"
    RESOLVED = "resolved"
    WAITING = "waiting"
    """Nothing fires any more; a run on its target has the last word."""
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class AlertForetold:
    """One alert of the body."""

    alert: Alert
    judgement: Judgement
    fate: Fate
    incident: str = ""
    """``INC-7``; empty where no incident takes it."""


@dataclass(frozen=True, slots=True)
class Call:
    """People who are pinged, and when."""

    at: datetime
    mentions: tuple[UserId | GroupId, ...]
    why: str


@dataclass(frozen=True, slots=True)
class IncidentForetold:
    """One incident that the body would open, or meet."""

    meeting: Meeting
    happening: Happening
    calls: tuple[Call, ...]
    """Soonest first; those of an escalation are made only if nobody has acknowledged by then."""
    keeps_times: bool
    """Whether the times that were set before stay as they are."""


@dataclass(frozen=True, slots=True)
class Foretold:
    """Everything that one readable body would do."""

    group: AlertGroup
    alerts: tuple[AlertForetold, ...]
    incidents: tuple[IncidentForetold, ...]
    warnings: tuple[str, ...]

    @property
    def is_news(self) -> bool:
        """Return whether the body would be kept; what only repeats is answered well and dropped."""
        return any(it.fate is not Fate.REPEATED for it in self.alerts)


@dataclass(frozen=True, slots=True)
class Installation:
    """What the warnings compare with."""

    platforms: Collection[PlatformName]
    longest_label: int
    """Characters of a name that a card shows."""


def foretell(
    group: AlertGroup,
    meetings: Sequence[Meeting],
    news: Collection[Fingerprint],
    *,
    known: Mapping[Fingerprint, Alert],
    profile: Profile,
    rules: IncidentRules,
    installation: Installation,
    now: datetime,
) -> Foretold:
    """Return what a group would do, from the meetings that were decided over its ``news``.

    ``known`` are its alerts as the incidents that hold them have them.
    """
    alerts = tuple(_alert(alert, judge(profile, alert), meetings, news) for alert in group.alerts)
    incidents = tuple(_incident(met, rules, now) for met in meetings)
    warnings = tuple(dict.fromkeys(_warnings(group, alerts, known, installation)))
    return Foretold(group, alerts, incidents, warnings)


def _alert(
    alert: Alert, judgement: Judgement, meetings: Sequence[Meeting], news: Collection[Fingerprint]
) -> AlertForetold:
    if alert.fingerprint not in news:
        return AlertForetold(alert, judgement, Fate.REPEATED)
    for met in meetings:
        if alert in met.alerts:
            return AlertForetold(alert, judgement, Fate.TAKEN, met.after.name)
    return AlertForetold(alert, judgement, Fate.QUIET if is_quiet(alert) else Fate.UNHELD)


def _incident(met: Meeting, rules: IncidentRules, now: datetime) -> IncidentForetold:
    timers = [timer for timer in met.decision.effects.timers if timer.kind in (TimerKind.ESCALATE, TimerKind.ACK_ASK)]
    calls = [Call(now, notice.mentions, notice.kind) for notice in met.decision.effects.notices if notice.mentions]
    for timer in timers:
        if timer.at is not None:
            calls += _calls_of_timer(met.after, timer.kind, rules, timer.at)
    return IncidentForetold(met, _happening(met), tuple(calls), keeps_times=not timers and met.before is not None)


def _calls_of_timer(incident: Incident, kind: TimerKind, rules: IncidentRules, at: datetime) -> list[Call]:
    """Return whom the timer calls, as the decision that will meet it says today."""
    if kind is TimerKind.ESCALATE:
        decision = incident_acts.escalate(incident, rules, at)
    else:
        decision = incident_acts.ask_if_still_held(incident, at)
    return [Call(at, notice.mentions, notice.kind) for notice in decision.effects.notices]


def _happening(met: Meeting) -> Happening:
    before, after = met.before, met.after
    if before is None:
        return Happening.OPENED
    if met.decision.outcome is IncidentOutcome.WAITING:
        return Happening.WAITING
    if met.decision.outcome is not IncidentOutcome.DONE:
        return Happening.UNCHANGED
    if before.state is IncidentState.RESOLVED:
        return Happening.REOPENED
    if after.state is IncidentState.RESOLVED:
        return Happening.RESOLVED
    return Happening.JOINED if after.members.keys() - before.members.keys() else Happening.UPDATED


def _warnings(
    group: AlertGroup,
    alerts: Sequence[AlertForetold],
    known: Mapping[Fingerprint, Alert],
    installation: Installation,
) -> Iterator[str]:
    if group.truncated:
        yield (
            f"truncatedAlerts is {group.truncated}: Alertmanager cut them from the message; "
            "set max_alerts: 0 at its receiver"
        )
    for it in alerts:
        yield from _platform_label(it.alert, group.platform, installation.platforms)
        yield from _what_is_missing(it)
        yield from _long_labels(it.alert, installation.longest_label)
        if is_doubtful(known.get(it.alert.fingerprint), it.alert):
            yield (
                f"{it.alert.name} fires again with the startsAt it was resolved with: Watchkeeper asks Alertmanager "
                "before it believes that; here it counts as firing"
            )


def _platform_label(alert: Alert, platform: PlatformName, platforms: Collection[PlatformName]) -> Iterator[str]:
    label = alert.labels.get("platform", platform)
    if label == platform:
        return
    where = "another platform of watchkeeper.yaml" if label in platforms else "no platform of watchkeeper.yaml"
    yield (
        f'label platform="{label}" names {where}: the address decides, so it counts as {platform}; '
        f"check that this receiver's url ends with /alertmanager/{platform}"
    )


def _what_is_missing(it: AlertForetold) -> Iterator[str]:
    if it.fate is Fate.QUIET:
        return
    alert, judgement = it.alert, it.judgement
    if judgement.service is None:
        yield f"{alert.name} matches no service of the profile: it counts as the platform's own; see `alerts` of each"
    if judgement.rule is None or not judgement.rule.matchers:
        yield f"{alert.name} fits no rule of `severity` that names a label: it counts as {judgement.severity}"
    if alert.status is AlertStatus.FIRING and not any(name.endswith("_url") for name in alert.annotations):
        yield f"{alert.name} has no annotation runbook_url: its card links no page that says what to do"


def _long_labels(alert: Alert, longest: int) -> Iterator[str]:
    for name, value in alert.labels.items():
        if len(value) > longest:
            yield f"{alert.name}: label {name} has {len(value)} characters; a card shows the first {longest}"
