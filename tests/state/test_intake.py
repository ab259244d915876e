"""Webhooks meet incidents: kept once, in order, by whichever process is there."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.adapters import redis_keys as keys
from bot.domain.alerts import Alert, AlertmanagerListing, AlertmanagerState, AlertStatus, ListedAlert
from bot.domain.errors import PermanentError, TemporaryError
from bot.domain.ids import PlatformName
from bot.domain.incidents import IncidentState
from bot.domain.rights import Environment
from bot.domain.settings import Members
from bot.ports.platforms import PlatformPorts
from bot.services.alerting import IntakeService, ReconcilerService
from tests.state.builders import MINUTE, SEARCH, STARTED, Clock, a_group, a_profile, an_alert, resolved
from tests.state.conftest import State

NOW = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


class Monitoring:
    """An Alertmanager and a Prometheus that say what the test tells them to."""

    def __init__(self, *listed: Alert) -> None:
        self.listed: Sequence[Alert] = listed
        self.firing_rules: frozenset[tuple[str, tuple[tuple[str, str], ...]]] = frozenset()
        self.up_since = NOW - timedelta(hours=1)
        self.trouble: Exception | None = None
        self.looks = 0

    async def listings(self) -> Sequence[AlertmanagerListing]:
        self.looks += 1
        if self.trouble:
            raise self.trouble
        alerts = tuple(ListedAlert(alert, AlertmanagerState.ACTIVE) for alert in self.listed)
        return [AlertmanagerListing(alerts, self.up_since)]

    async def firing(self) -> frozenset[tuple[str, tuple[tuple[str, str], ...]]]:
        return self.firing_rules


def platforms(monitoring: Monitoring) -> Mapping[PlatformName, PlatformPorts]:
    unused: object = None
    return {
        SEARCH: PlatformPorts(
            SEARCH,
            a_profile(),
            Environment.PRODUCTION,
            Members(),
            runtime=unused,  # type: ignore[arg-type]  # intake touches no container
            probes=unused,  # type: ignore[arg-type]
            metrics=monitoring,  # type: ignore[arg-type]  # only `firing` is asked
            alerts=monitoring,
        )
    }


async def serve_all(state: State, monitoring: Monitoring, clock: Clock) -> None:
    service = IntakeService(state.incidents, platforms(monitoring), state.intake, now=lambda: NOW, sleep=clock.sleep)
    while entries := await state.intake.waiting(100):
        for entry in entries:
            await service.serve(entry)


def reconciler(state: State, monitoring: Monitoring, clock: Clock) -> ReconcilerService:
    return ReconcilerService(state.incidents, state.intake, platforms(monitoring), now=lambda: NOW, sleep=clock.sleep)


# --- kept once ------------------------------------------------------------------------------------------------------


async def test_two_hundred_copies_of_one_webhook_are_one_entry_and_one_incident(state: State, another: State) -> None:
    accepted = [await part.intake.accept(a_group(), b"{}") for part in (state, another) * 100]
    assert sum(it.changed for it in accepted) == 1
    assert len(await state.intake.waiting(100)) == 1
    await state.receive(a_group())
    assert [it.number for it in await state.incidents.open()] == [1]


async def test_copies_that_arrive_at_once_are_one_entry(state: State, another: State) -> None:
    accepted = await asyncio.gather(*(part.intake.accept(a_group(), b"{}") for part in (state, another) * 50))
    assert sum(it.changed for it in accepted) == 1
    assert len(await state.intake.waiting(100)) == 1


async def test_a_group_in_another_order_is_the_same_group(state: State) -> None:
    alerts = [an_alert(number) for number in range(5)]
    assert (await state.intake.accept(a_group(*alerts), b"{}")).changed == 5
    assert (await state.intake.accept(a_group(*reversed(alerts)), b"{}")).known


async def test_two_processes_meeting_one_entry_open_one_incident(state: State, another: State) -> None:
    await state.intake.accept(a_group(), b"{}")
    (entry,) = await state.intake.waiting(10)
    answers = await asyncio.gather(*(it.incidents.absorb(entry.id, entry.group) for it in (state, another) * 4))
    assert sum(map(len, answers)) == 1
    assert await state.intake.waiting(10) == []
    assert len(await state.incidents.open()) == 1


async def test_two_entries_of_a_new_group_met_at_once_open_one_incident(state: State, another: State) -> None:
    for round_ in range(20):
        for part in (1, 2):
            group = a_group(an_alert(10 * round_ + part), key=f"group {round_}")
            await state.intake.accept(group, b"{}")
        first, second = await state.intake.waiting(10)
        await asyncio.gather(
            state.incidents.absorb(first.id, first.group), another.incidents.absorb(second.id, second.group)
        )
        assert len(await state.incidents.open()) == round_ + 1


async def test_only_changed_alerts_reach_an_incident(state: State) -> None:
    await state.an_incident(a_group(an_alert(1), an_alert(2)))
    await state.intake.accept(a_group(an_alert(1), an_alert(2), an_alert(3)), b"{}")
    (entry,) = await state.intake.waiting(10)
    assert [alert.fingerprint for alert in entry.group.alerts] == [an_alert(3).fingerprint]


async def test_a_group_of_nine_thousand_alerts_is_one_incident(state: State) -> None:
    group = a_group(*(an_alert(number) for number in range(9000)), truncated=3)
    assert (await state.intake.accept(group, b"{}")).changed == 9000
    incident = await state.receive(group)
    assert incident is not None
    assert (len(incident.members), incident.truncated) == (9000, 3)
    assert len(await state.incidents.open()) == 1
    assert (await state.intake.accept(group, b"{}")).known


async def test_a_truncated_group_says_so_from_the_start(state: State) -> None:
    assert (await state.an_incident(a_group(truncated=7))).truncated == 7


async def test_the_watchdog_joins_no_incident(state: State) -> None:
    incident = await state.an_incident(a_group(an_alert(1), an_alert(2, severity="none")))
    assert list(incident.members) == [an_alert(1).fingerprint]
    await state.receive(a_group(an_alert(3, severity="none")))
    assert len((await state.incidents.get(incident.id)).members) == 1


async def test_news_of_an_end_that_nobody_saw_begin_opens_nothing(state: State) -> None:
    assert await state.receive(a_group(resolved(1))) is None
    assert await state.incidents.open() == []
    assert await state.store.redis.hlen(keys.alerts(SEARCH)) == 0


async def test_an_entry_whose_body_is_gone_is_let_go(state: State) -> None:
    await state.intake.accept(a_group(), b"{}")
    (entry,) = await state.intake.waiting(10)
    await state.store.redis.delete(keys.intake(entry.id))
    assert await state.intake.waiting(10) == []
    assert await state.intake.oldest() is None


async def test_refused_webhooks_are_counted_under_a_bounded_number_of_names(state: State) -> None:
    for number in range(100):
        await state.intake.note_refused(f"guess-{number}", "unknown_platform")  # type: ignore[arg-type]
    counts = await state.intake.take_refused()
    assert sum(counts.values()) == 100
    assert len(counts) <= 33
    assert await state.intake.take_refused() == {}


async def test_oversized_webhooks_are_asked_about_once(state: State) -> None:
    await state.intake.note_oversized(SEARCH, 6_000_000)
    await state.intake.note_oversized(SEARCH, 6_000_000)
    assert await state.intake.take_oversized() == {SEARCH}
    assert await state.intake.take_oversized() == frozenset()


# --- firing again with the same startsAt ----------------------------------------------------------------------------


async def fired_resolved_fired(state: State, monitoring: Monitoring, clock: Clock) -> IncidentState:
    for status in (AlertStatus.FIRING, AlertStatus.RESOLVED, AlertStatus.FIRING):
        assert (await state.intake.accept(a_group(an_alert(1, status)), b"{}")).changed == 1
        await serve_all(state, monitoring, clock)
    (incident,) = await state.incidents.recent(10)
    return incident.state


async def test_firing_again_with_the_same_start_reopens_where_alertmanager_lists_it(state: State, clock: Clock) -> None:
    monitoring = Monitoring(an_alert(1))
    assert await fired_resolved_fired(state, monitoring, clock) is IncidentState.OPEN
    assert monitoring.looks == 1


async def test_firing_again_with_the_same_start_is_old_news_where_nobody_lists_it(state: State, clock: Clock) -> None:
    monitoring = Monitoring()
    assert await fired_resolved_fired(state, monitoring, clock) is IncidentState.RESOLVED
    assert monitoring.looks == 3
    assert clock.asked == [timedelta(seconds=1)] * 2


@pytest.mark.parametrize("trouble", [TemporaryError("away"), PermanentError("401")])
async def test_no_answer_counts_as_firing(state: State, clock: Clock, trouble: Exception) -> None:
    monitoring = Monitoring()
    monitoring.trouble = trouble
    assert await fired_resolved_fired(state, monitoring, clock) is IncidentState.OPEN


async def test_a_young_alertmanager_proves_no_absence(state: State, clock: Clock) -> None:
    monitoring = Monitoring()
    monitoring.up_since = NOW - MINUTE
    assert await fired_resolved_fired(state, monitoring, clock) is IncidentState.OPEN


async def test_what_prometheus_fires_is_not_absent(state: State, clock: Clock) -> None:
    monitoring = Monitoring()
    monitoring.firing_rules = frozenset({("Down1", (("alertname", "Down1"),))})
    assert await fired_resolved_fired(state, monitoring, clock) is IncidentState.OPEN


async def test_an_alert_settled_as_over_is_heard_when_it_fires_after_all(state: State, clock: Clock) -> None:
    monitoring = Monitoring()
    await fired_resolved_fired(state, monitoring, clock)
    monitoring.listed = [an_alert(1)]
    assert (await state.intake.accept(a_group(an_alert(1)), b"{}")).changed == 1
    await serve_all(state, monitoring, clock)
    assert [it.state for it in await state.incidents.open()] == [IncidentState.OPEN]


# --- the reconciler -------------------------------------------------------------------------------------------------


async def test_three_looks_without_an_alert_resolve_it(state: State, clock: Clock) -> None:
    incident = await state.an_incident()
    service = reconciler(state, Monitoring(), clock)
    assert await service.reconcile(SEARCH, polls=2) == []
    (change,) = await service.reconcile(SEARCH)
    assert (change.state.id, change.state.state) == (incident.id, IncidentState.RESOLVED)


async def test_an_alert_proven_gone_is_heard_when_it_fires_with_the_same_start(state: State, clock: Clock) -> None:
    await state.an_incident()
    await reconciler(state, Monitoring(), clock).reconcile(SEARCH, polls=3)
    monitoring = Monitoring(an_alert(1))
    assert (await state.intake.accept(a_group(an_alert(1)), b"{}")).changed == 1
    await serve_all(state, monitoring, clock)
    assert [it.state for it in await state.incidents.open()] == [IncidentState.OPEN]


async def test_a_look_in_between_that_finds_it_begins_the_count_anew(state: State, clock: Clock) -> None:
    await state.an_incident()
    monitoring = Monitoring()
    service = reconciler(state, monitoring, clock)
    await service.reconcile(SEARCH, polls=2)
    monitoring.listed = [an_alert(1)]
    await service.reconcile(SEARCH)
    monitoring.listed = []
    assert await service.reconcile(SEARCH, polls=2) == []


async def test_what_fires_there_and_nobody_holds_is_opened(state: State, clock: Clock) -> None:
    monitoring = Monitoring(an_alert(1), an_alert(2, severity="none"))
    await reconciler(state, monitoring, clock).reconcile(SEARCH)
    await serve_all(state, monitoring, clock)
    (incident,) = await state.incidents.open()
    assert list(incident.members) == [an_alert(1).fingerprint]
    await reconciler(state, monitoring, clock).reconcile(SEARCH)
    assert await state.intake.waiting(10) == []


async def test_an_alert_that_began_anew_meanwhile_is_not_called_gone(state: State, another: State) -> None:
    await state.an_incident()
    fresh = an_alert(1, starts_at=STARTED + MINUTE)

    async def fire_again() -> None:
        await another.receive(a_group(fresh))

    gone = [an_alert(1)]
    await asyncio.gather(state.incidents.reconcile(SEARCH, gone, NOW), fire_again())
    (incident,) = await state.incidents.open()
    assert incident.firing == (fresh,)


async def test_a_reconciled_incident_stays_truncated(state: State) -> None:
    await state.an_incident(a_group(an_alert(1), an_alert(2), truncated=4))
    (change,) = await state.incidents.reconcile(SEARCH, [an_alert(1)], NOW)
    assert change.state.truncated == 4
    assert change.state.members[an_alert(1).fingerprint] == replace(
        an_alert(1), status=AlertStatus.RESOLVED, ends_at=NOW
    )
