"""Incidents in Redis: loads what an event concerns, lets `bot.domain.incidents` decide, commits in one script."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from bot.adapters import redis_keys as keys
from bot.adapters.redis_deliveries import answered, told_again
from bot.adapters.redis_locks import holder_of
from bot.adapters.redis_store import (
    Change,
    Committed,
    Document,
    RedisStore,
    Refused,
    decode,
    encode,
    read_document,
    to_ms,
)
from bot.domain import incident_acts, incident_alerts
from bot.domain.alerts import Alert, AlertGroup, AlertStatus
from bot.domain.correlation import IncidentIndex
from bot.domain.effects import TimelineEntry, TimerKind
from bot.domain.errors import NotAllowed, UnknownName, UsageError
from bot.domain.ids import Fingerprint, GroupKey, IncidentId, IntakeId, PlatformName, RunId, new_ulid
from bot.domain.incidents import Incident, IncidentDecision, IncidentOutcome, IncidentRules, Opening
from bot.domain.meeting import Meeting, Scene, digest_of, meet
from bot.domain.people import Actor
from bot.domain.profiles import Profile
from bot.domain.rights import Severity
from bot.ports.incidents import Declaration, IncidentChange
from bot.ports.transitions import Transition

RECENT_KEPT = 100_000
FIELDS_AN_OP = 1000
"""Lua unpacks no more than about 8,000 values into one command."""
FIRING_REPORT = b"|firing|"
RESOLVED_REPORT = b"|resolved|"


@dataclass(frozen=True, slots=True)
class PlatformRules:
    """What the adapter needs to know of a platform to let the domain decide."""

    profile: Profile
    incidents: IncidentRules


@dataclass(frozen=True, slots=True)
class _Scene:
    """The incidents that a group of alerts may concern, at one moment."""

    homes: Mapping[str, IncidentId]
    """By fingerprint and group digest."""
    documents: Mapping[IncidentId, Document[Incident]]
    locks: Mapping[bytes, bytes]
    now: datetime


@dataclass(frozen=True, slots=True)
class _Look:
    """What a group of alerts would do, and what that was decided on."""

    scene: _Scene
    named: Mapping[str, IncidentId]
    meetings: tuple[Meeting, ...]


@dataclass(frozen=True, slots=True)
class _Archive:
    doc: Incident
    timeline: tuple[TimelineEntry, ...]


class RedisIncidents:
    """Implements `bot.ports.incidents.Incidents`."""

    def __init__(self, store: RedisStore, platforms: Mapping[PlatformName, PlatformRules]) -> None:
        self._store = store
        self._platforms = platforms

    # -- alerts ------------------------------------------------------------------------------------------------------

    async def absorb(self, entry: IntakeId, group: AlertGroup) -> Sequence[IncidentChange]:
        """Let the alerts of an accepted entry meet their incidents, and finish the entry."""
        return await self._store.again(lambda: self._absorb(group, entry), f"intake {entry}")

    async def reconcile(self, platform: PlatformName, gone: Iterable[Alert], at: datetime) -> Sequence[IncidentChange]:
        """Let members that are proven gone count as resolved at ``at``; one that began anew meanwhile is not meant."""
        missing = tuple(gone)
        prints = [alert.fingerprint for alert in missing]

        async def attempt() -> Sequence[IncidentChange] | Refused:
            holding = await self._holding(platform, prints)
            members = {name: alert for it in holding for name, alert in it.state.members.items()}
            resolved = tuple(
                replace(alert, status=AlertStatus.RESOLVED, ends_at=at)
                for alert in missing
                if members.get(alert.fingerprint) == alert
            )
            if not resolved:
                return ()
            return await self._absorb(AlertGroup(platform, GroupKey(""), "reconciler", resolved), None, holding)

        return await self._store.again(attempt, f"reconciling {platform}")

    async def _absorb(
        self, group: AlertGroup, entry: IntakeId | None, seen: Sequence[Document[Incident]] = ()
    ) -> Sequence[IncidentChange] | Refused:
        """Meet each incident the group concerns, in one commit; Refused when somebody was faster.

        ``seen`` are incidents that must still be as they were read.
        """
        seen_now = await self._look(group, is_message=entry is not None)
        scene, named = seen_now.scene, seen_now.named
        change = Change()
        for document in seen:
            change.require_field(keys.incident(document.state.id), "v", document.version)
        if entry:
            change.require_member(keys.INTAKE, entry)
            change.op("ZREM", keys.INTAKE, entry)
        changes: list[IncidentChange] = []
        for met in seen_now.meetings:
            if met.before is None:
                change.take_number("incident", met.after.number)
                digest = met.after.group
                for name in [digest, *(alert.fingerprint for alert in met.alerts)]:
                    self._require_home(change, group.platform, digest, name, named.get(name))
            before = scene.documents[met.before.id] if met.before else None
            changes.append(self._add(change, before, met.decision, scene.now))
        held = {alert.fingerprint for met in seen_now.meetings for alert in met.alerts}
        await self._forget_reports(change, group, held)
        answer = await self._store.commit(change)
        if isinstance(answer, Refused):
            finished = answer.guard[:2] == ("member", keys.INTAKE)
            return () if finished else answer
        return changes

    async def preview(self, group: AlertGroup) -> Sequence[Meeting]:
        """Return what absorbing the group would do now. Nothing is written."""
        return (await self._look(group)).meetings

    async def _look(self, group: AlertGroup, *, is_message: bool = True) -> _Look:
        """Load what a group of alerts may concern, and let it be decided."""
        rules = self._rules(group.platform)
        digest = digest_of(group)
        # Numbers before indexes: an incident that is opened after this look makes the commit fail, so none is doubled.
        numbers = (await self._store.load(keys.NUMBERS)).hashes[0]
        named = await self._named_homes(group, digest)
        scene = await self._scene(named)
        known = Scene(
            now=scene.now,
            next_number=int(numbers.get(b"incident", b"0")) + 1,
            index=_index(scene, digest, rules.incidents),
            incidents={id_: document.state for id_, document in scene.documents.items()},
            runs_on_target=_runs_on_target(scene),
        )
        return _Look(scene, named, meet(group, known, rules.profile, rules.incidents, is_message=is_message))

    def _rules(self, platform: PlatformName) -> PlatformRules:
        rules = self._platforms.get(platform)
        if rules is None:
            raise UnknownName(f"{platform}: not configured any more; add it to watchkeeper.yaml to close its incidents")
        return rules

    async def _named_homes(self, group: AlertGroup, digest: str) -> dict[str, IncidentId]:
        """Return, by fingerprint and group digest, the incidents the indexes name."""
        prints = [alert.fingerprint for alert in group.alerts]
        held = await self._store.fields(keys.holders(group.platform), prints)
        home = await self._store.fields(keys.group_homes(group.platform), [digest])
        pairs = zip([*prints, digest], [*held, *home], strict=True)
        return {name: IncidentId(value.decode()) for name, value in pairs if value}

    async def _scene(self, named: Mapping[str, IncidentId]) -> _Scene:
        """Return the incidents that are named, as they stand; of a merged one, the one it went into."""
        homes = dict(named)
        while True:
            ids = tuple(dict.fromkeys(homes.values()))
            loaded = await self._store.load(keys.LOCKS, *map(keys.incident, ids))
            found = zip(ids, loaded.hashes[1:], strict=True)
            documents = {id_: document for id_, fields in found if (document := read_document(fields, Incident))}
            merged = {id_: it.state.merged_into for id_, it in documents.items() if it.state.merged_into}
            if not merged:
                return _Scene(homes, documents, loaded.hashes[0], loaded.now)
            homes = {name: merged.get(home) or home for name, home in homes.items()}

    def _require_home(
        self, change: Change, platform: PlatformName, digest: str, name: str, home: IncidentId | None
    ) -> None:
        """Hold only while the index says the same of an alert, or of the group, as when it was read."""
        if name:
            key = keys.group_homes(platform) if name == digest else keys.holders(platform)
            change.require_field(key, name, home or "")

    async def _forget_reports(self, change: Change, group: AlertGroup, held: set[Fingerprint]) -> None:
        """Let the next report be news of alerts that ended although the last accepted report fires, or unheld ones.

        A report that equals the last accepted one is dropped; where Alertmanager or Prometheus settled that an alert is
        over, its firing again with the same ``startsAt`` would never be heard of.
        """
        ended = [alert.fingerprint for alert in group.alerts if alert.status is AlertStatus.RESOLVED]
        reports = await self._store.fields(keys.alerts(group.platform), ended)
        forget = [
            name
            for name, report in zip(ended, reports, strict=True)
            if report and (name not in held or FIRING_REPORT in report)
        ]
        _remove_fields(change, keys.alerts(group.platform), forget)

    def _add(
        self, change: Change, before: Document[Incident] | None, decision: IncidentDecision, now: datetime
    ) -> IncidentChange:
        """Write one decision into the commit; return what the caller is told when it goes through."""
        state = decision.state or (before.state if before else None)
        if state is None:
            raise ValueError("a decision about nothing")
        if decision.state is not None:
            change.put_document(keys.incident(state.id), before.version if before else "", encode(decision.state))
            self._index_incident(change, decision.state, before.state if before else None, now)
        change.add_effects(decision.effects, now)
        return Transition(state, decision.outcome, now)

    def _index_incident(self, change: Change, incident: Incident, before: Incident | None, now: datetime) -> None:
        """Keep the indexes that correlation, lists and aliases read."""
        if before is None:
            change.op("HSET", keys.ALIASES, incident.name, incident.id)
            change.op("ZADD", keys.RECENT_INCIDENTS, to_ms(now), incident.id)
            change.op("ZREMRANGEBYRANK", keys.RECENT_INCIDENTS, 0, -RECENT_KEPT - 1)
        if incident.state.is_closed:
            change.op("ZREM", keys.OPEN_INCIDENTS, incident.id)
        elif before is None or before.state.is_closed:
            change.op("ZADD", keys.OPEN_INCIDENTS, to_ms(incident.opened_at), incident.id)
        news = [name for name in incident.members if before is None or name not in before.members]
        for fingerprint in news:
            change.op("HSET", keys.holders(incident.platform), fingerprint, incident.id)
        if before is None and incident.group:
            change.op("HSET", keys.group_homes(incident.platform), incident.group, incident.id)

    async def known(self, platform: PlatformName, fingerprints: Iterable[Fingerprint]) -> Mapping[Fingerprint, Alert]:
        """Return how the alerts stand in the incidents that hold them."""
        prints = list(fingerprints)
        holding = await self._holding(platform, prints)
        members = {name: alert for document in holding for name, alert in document.state.members.items()}
        return {name: members[name] for name in prints if name in members}

    async def _holding(self, platform: PlatformName, prints: Sequence[Fingerprint]) -> list[Document[Incident]]:
        """Return the incidents that hold the alerts."""
        held = await self._store.fields(keys.holders(platform), prints)
        ids = tuple(dict.fromkeys(IncidentId(value.decode()) for value in held if value))
        loaded = await self._store.load(*map(keys.incident, ids))
        return [document for fields in loaded.hashes if (document := read_document(fields, Incident))]

    # -- people and timers -------------------------------------------------------------------------------------------

    async def declare(self, declaration: Declaration, actor: Actor) -> IncidentChange:
        """Open an incident that never resolves by itself."""

        async def attempt() -> IncidentChange | Refused:
            loaded = await self._store.load(keys.NUMBERS)
            given = int(loaded.hashes[0].get(b"incident", b"0")) + 1
            opening = Opening(
                id=IncidentId(new_ulid()),
                number=given,
                platform=declaration.platform,
                service=declaration.classification.service,
                severity=declaration.classification.severity,
                group="",
                offers=declaration.classification.offers,
            )
            rules = self._rules(declaration.platform).incidents
            decision = incident_acts.declare_incident(opening, declaration.title, actor, rules, loaded.now)
            if decision.state is None:
                raise NotAllowed(f"declaring an incident takes the operator role or ownership of {opening.platform}")
            change = Change()
            change.take_number("incident", given)
            change.once(actor.act, str(opening.id))
            answer = self._add(change, None, decision, loaded.now)
            committed = await self._store.commit(change)
            if isinstance(committed, Refused) and committed.guard[0] == "absent":
                first = await self.get(IncidentId(committed.found))
                return Transition(first, IncidentOutcome.UNCHANGED, loaded.now)
            return answer if isinstance(committed, Committed) else committed

        return await self._store.again(attempt, "declaring an incident")

    async def acknowledge(self, incident: IncidentId, actor: Actor) -> IncidentChange:
        """Put the incident into the actor's hands."""
        return await self._meet(
            incident, lambda it, rules, now: incident_acts.acknowledge(it, actor, rules, now), act=actor.act
        )

    async def mitigate(self, incident: IncidentId, actor: Actor) -> IncidentChange:
        """Say that the impact has stopped."""
        return await self._meet(incident, lambda it, _, now: incident_acts.mitigate(it, actor, now), act=actor.act)

    async def resolve(self, incident: IncidentId, actor: Actor, *, reason: str = "") -> IncidentChange:
        """Say that it is over."""
        return await self._meet(
            incident,
            lambda it, rules, now: incident_acts.resolve(it, actor, rules, now, reason=reason),
            act=actor.act,
        )

    async def reopen(self, incident: IncidentId, actor: Actor) -> IncidentChange:
        """Say that it is not over."""
        return await self._meet(
            incident, lambda it, rules, now: incident_acts.reopen(it, actor, rules, now), act=actor.act
        )

    async def change_severity(self, incident: IncidentId, severity: Severity, actor: Actor) -> IncidentChange:
        """Give it another severity."""
        return await self._meet(
            incident,
            lambda it, rules, now: incident_acts.change_severity(it, severity, actor, rules, now),
            act=actor.act,
        )

    async def add_note(self, incident: IncidentId, text: str, actor: Actor) -> IncidentChange:
        """Put a line into its timeline."""
        return await self._meet(
            incident, lambda it, rules, now: incident_acts.add_note(it, text, actor, rules, now), act=actor.act
        )

    async def ask_if_still_held(self, incident: IncidentId) -> IncidentChange:
        """Meet the timer of an acknowledgement that went quiet."""
        return await self._meet(incident, lambda it, _, now: incident_acts.ask_if_still_held(it, now))

    async def drop_acknowledgement(self, incident: IncidentId) -> IncidentChange:
        """Meet the timer of a question that nobody answered."""
        return await self._meet(incident, incident_acts.drop_acknowledgement)

    async def escalate(self, incident: IncidentId) -> IncidentChange:
        """Meet the timer of an incident that nobody took."""
        return await self._meet(incident, incident_acts.escalate)

    async def remind_still_firing(self, incident: IncidentId) -> IncidentChange:
        """Meet the timer of an incident resolved by a person while its alerts fire."""
        return await self._meet(incident, lambda it, _, now: incident_acts.remind_still_firing(it, now))

    async def settle(self, incident: IncidentId) -> IncidentChange:
        """Look whether it can resolve now that a run on its target may have ended."""

        async def attempt() -> IncidentChange | Refused:
            loaded = await self._store.load(keys.LOCKS, keys.incident(incident))
            before = self._present(incident, loaded.hashes[1])
            run = holder_of(loaded.hashes[0], before.state.platform, before.state.service, loaded.now)
            rules = self._rules(before.state.platform).incidents
            return await self._commit(before, incident_alerts.settle(before.state, run, rules, loaded.now), loaded.now)

        return await self._store.again(attempt, f"incident {incident}")

    async def merge(self, incident: IncidentId, into: IncidentId, actor: Actor) -> IncidentChange:
        """Close ``incident`` in favour of ``into``, which takes over its members."""

        async def attempt() -> IncidentChange | Refused:
            loaded = await self._store.load(keys.incident(incident), keys.incident(into))
            source, home = (
                self._present(name, fields) for name, fields in zip((incident, into), loaded.hashes, strict=True)
            )
            if source.state.platform != home.state.platform:
                raise UsageError(
                    f"{source.state.name} is of {source.state.platform}, {home.state.name} of {home.state.platform}: "
                    "only incidents of one platform merge"
                )
            rules = self._rules(home.state.platform).incidents
            decision = incident_acts.merge(source.state, home.state, actor, rules, loaded.now)
            if decision.state is None:
                return await told_again(self._store, source.state, decision.outcome, actor.act, loaded.now)
            change = Change()
            change.once(actor.act, decision.outcome)
            answer = self._add(change, source, decision, loaded.now)
            received = incident_acts.receive_merged(home.state, source.state, actor, rules, loaded.now)
            self._add(change, home, received, loaded.now)
            for fingerprint in source.state.members:
                change.op("HSET", keys.holders(home.state.platform), fingerprint, into)
            if source.state.group:
                change.op("HSET", keys.group_homes(home.state.platform), source.state.group, into)
            return await answered(self._store, change, answer, lambda: self.get(incident))

        return await self._store.again(attempt, f"merging incident {incident}")

    async def _meet(
        self,
        incident: IncidentId,
        decide: Callable[[Incident, IncidentRules, datetime], IncidentDecision],
        *,
        act: str = "",
    ) -> IncidentChange:
        """Let one event meet one incident."""

        async def attempt() -> IncidentChange | Refused:
            loaded = await self._store.load(keys.incident(incident))
            before = self._present(incident, loaded.hashes[0])
            rules = self._rules(before.state.platform).incidents
            return await self._commit(before, decide(before.state, rules, loaded.now), loaded.now, act=act)

        return await self._store.again(attempt, f"incident {incident}")

    def _present(self, incident: IncidentId, fields: Mapping[bytes, bytes]) -> Document[Incident]:
        document = read_document(fields, Incident)
        if document is None:
            raise UnknownName(f"incident {incident}: closed long ago or never there; `/incident list` shows the others")
        return document

    async def _commit(
        self, before: Document[Incident], decision: IncidentDecision, now: datetime, *, act: str = ""
    ) -> IncidentChange | Refused:
        if decision.state is None:
            return await told_again(self._store, before.state, decision.outcome, act, now)
        change = Change()
        change.once(act, decision.outcome)
        answer = self._add(change, before, decision, now)
        return await answered(self._store, change, answer, lambda: self.get(answer.state.id))

    # -- reading -----------------------------------------------------------------------------------------------------

    async def get(self, incident: IncidentId) -> Incident:
        """Return one incident, archived ones included."""
        loaded = await self._store.load(keys.incident(incident))
        document = read_document(loaded.hashes[0], Incident)
        if document is not None:
            return document.state
        return (await self._archived(incident)).doc

    async def _archived(self, incident: IncidentId) -> _Archive:
        packed = await self._store.string(keys.archive(incident))
        if packed is None:
            raise UnknownName(f"incident {incident}: not there; `/incident list` shows the ones that are")
        return decode(zlib.decompress(packed), _Archive)

    async def find(self, number: int) -> IncidentId:
        """Return the id behind ``INC-<number>``."""
        (found,) = await self._store.fields(keys.ALIASES, [f"INC-{number}"])
        if found is None:
            raise UnknownName(f"INC-{number}: not there; `/incident list` shows the open ones")
        return IncidentId(found.decode())

    async def open(self, platform: PlatformName | None = None) -> Sequence[Incident]:
        """Return the incidents that are not closed, worst first."""
        ids = await self._store.members(keys.OPEN_INCIDENTS, 0)
        found = [it for it in await self._many(ids) if platform in (None, it.platform) and not it.state.is_closed]
        return sorted(found, key=lambda it: (it.severity.rank, it.opened_at))

    async def recent(self, limit: int) -> Sequence[Incident]:
        """Return the newest incidents, closed ones included."""
        ids = await self._store.members(keys.RECENT_INCIDENTS, limit, newest_first=True)
        return await self._many(ids)

    async def _many(self, ids: Sequence[str]) -> list[Incident]:
        names = [IncidentId(id_) for id_ in ids]
        loaded = await self._store.load(*map(keys.incident, names))
        found: list[Incident] = []
        for name, fields in zip(names, loaded.hashes, strict=True):
            document = read_document(fields, Incident)
            if document is not None:
                found.append(document.state)
                continue
            with suppress(UnknownName):  # the list of the newest outlives the archive of the oldest
                found.append((await self._archived(name)).doc)
        return found

    async def timeline(self, incident: IncidentId) -> Sequence[TimelineEntry]:
        """Return its history, oldest first."""
        loaded = await self._store.load(keys.incident(incident))
        kept = () if loaded.hashes[0] else (await self._archived(incident)).timeline
        return [*kept, *await self._live_timeline(incident)]

    async def _live_timeline(self, incident: IncidentId) -> tuple[TimelineEntry, ...]:
        entries = await self._store.entries(keys.timeline(incident))
        return tuple(decode(fields[b"e"], TimelineEntry) for _, fields in entries)

    async def close_window(self, incident: IncidentId) -> None:
        """Let go of a closed incident whose re-open window is over: compress and archive it."""

        async def attempt() -> bool | Refused:
            loaded = await self._store.load(keys.incident(incident))
            document = read_document(loaded.hashes[0], Incident)
            if document is None or not document.state.state.is_closed:
                return False
            over_at = _window_end(document.state, self._rules(document.state.platform).incidents)
            if loaded.now < over_at:
                return await self._wait_for_window(document, over_at)
            return await self._archive(document, _Archive(document.state, await self._live_timeline(incident)))

        await self._store.again(attempt, f"archiving incident {incident}")

    async def _wait_for_window(self, document: Document[Incident], over_at: datetime) -> bool | Refused:
        """Set the timer anew: the profile's window has become longer, or the incident was closed again meanwhile."""
        change = Change()
        change.require_field(keys.incident(document.state.id), "v", document.version)
        change.index(keys.DUE, over_at, keys.timer(TimerKind.CLOSE_WINDOW, document.state.id))
        answer = await self._store.commit(change)
        return False if isinstance(answer, Committed) else answer

    async def _archive(self, document: Document[Incident], archive: _Archive) -> bool | Refused:
        incident = document.state
        packed = zlib.compress(encode(archive).encode(), 9)
        await self._store.command("SET", keys.archive(incident.id), packed, "PX", keys.ARCHIVE_TTL_MS)
        prints = list(incident.members)
        held = await self._store.fields(keys.holders(incident.platform), prints)
        reports = await self._store.fields(keys.alerts(incident.platform), prints)
        homes = (await self._store.load(keys.group_homes(incident.platform))).hashes[0]
        change = Change()
        change.require_field(keys.incident(incident.id), "v", document.version)
        # Runs and approvals write into the timeline without touching the incident.
        change.require_length(keys.timeline(incident.id), len(archive.timeline))
        change.op("DEL", keys.incident(incident.id), keys.timeline(incident.id))
        mine = incident.id.encode()
        holds = [name for name, holder in zip(prints, held, strict=True) if holder == mine]
        over = [name for name, report in zip(prints, reports, strict=True) if report and RESOLVED_REPORT in report]
        _remove_fields(change, keys.holders(incident.platform), holds)
        _remove_fields(change, keys.alerts(incident.platform), [name for name in over if name in set(holds)])
        _remove_fields(
            change, keys.group_homes(incident.platform), [name.decode() for name, home in homes.items() if home == mine]
        )
        answer = await self._store.commit(change)
        return True if isinstance(answer, Committed) else answer


def _index(scene: _Scene, digest: str, rules: IncidentRules) -> IncidentIndex:
    """Return the index correlation reads, from what the hashes name and how those incidents stand."""
    open_: dict[Fingerprint, IncidentId] = {}
    closed: dict[Fingerprint, IncidentId] = {}
    for name, home in scene.homes.items():
        document = scene.documents.get(home)
        if document is None:
            continue
        if not document.state.state.is_closed:
            open_[Fingerprint(name)] = home
        elif scene.now < _window_end(document.state, rules):
            closed[Fingerprint(name)] = home
    group = Fingerprint(digest)
    return IncidentIndex(
        open_holding=open_,
        open_of_group=open_.get(group) if digest else None,
        closed_holding=closed,
        closed_of_group=closed.get(group) if digest else None,
    )


def _runs_on_target(scene: _Scene) -> dict[IncidentId, RunId]:
    """Return the runs that hold the target of an incident of the scene."""
    found = {
        id_: holder_of(scene.locks, document.state.platform, document.state.service, scene.now)
        for id_, document in scene.documents.items()
    }
    return {id_: run for id_, run in found.items() if run is not None}


def _window_end(incident: Incident, rules: IncidentRules) -> datetime:
    """Return until when a closed incident can be opened again."""
    return (incident.resolved_at or incident.changed_at) + rules.reopen_window


def _remove_fields(change: Change, key: str, names: Sequence[str]) -> None:
    for start in range(0, len(names), FIELDS_AN_OP):
        change.op("HDEL", key, *names[start : start + FIELDS_AN_OP])
