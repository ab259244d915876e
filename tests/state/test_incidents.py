"""Incidents over time: what is said, what is waited for, what is merged, what is kept."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.adapters import redis_keys as keys
from bot.adapters.redis_incidents import RedisIncidents
from bot.adapters.redis_store import Change, Committed
from bot.domain.correlation import Classification
from bot.domain.effects import Effects, NoticeKind, TimelineEntry, TimerKind
from bot.domain.errors import NotAllowed, UnknownName, UsageError
from bot.domain.ids import IncidentId, RunId, UserId
from bot.domain.incidents import IncidentOutcome, IncidentState
from bot.domain.plans import Target
from bot.domain.rights import Severity
from bot.ports.incidents import Declaration
from tests.state.builders import (
    ADA,
    BEN,
    MINUTE,
    OWNERS,
    QDRANT,
    QUIET,
    REOPEN_WINDOW,
    SEARCH,
    STARTED,
    VIEWER,
    WORKER,
    Clock,
    a_group,
    a_person,
    an_alert,
    resolved,
)
from tests.state.conftest import ARCHON, State

AGAIN = STARTED + MINUTE
SECOND = timedelta(seconds=1)


def declaration(severity: Severity = Severity.SEV2) -> Declaration:
    return Declaration(SEARCH, "Search is slow", Classification(QDRANT, severity, ()))


# --- what is said ---------------------------------------------------------------------------------------------------


async def test_only_growth_speaks(state: State) -> None:
    await state.an_incident(a_group(an_alert(1), an_alert(2)))
    await state.receive(a_group(an_alert(1, starts_at=AGAIN)))
    await state.receive(a_group(resolved(2)))
    assert await state.said(NoticeKind.INCIDENT_GREW) == []
    await state.receive(a_group(an_alert(2, starts_at=AGAIN)))
    await state.receive(a_group(an_alert(3)))
    grew = await state.said(NoticeKind.INCIDENT_GREW)
    assert [(it.facts["before"], it.facts["firing"]) for it in grew] == [("1", "2"), ("2", "3")]


async def test_a_worse_severity_speaks_and_has_its_own_times(state: State) -> None:
    incident = await state.an_incident(a_group(an_alert(1, severity="warning")))
    assert await state.timer(TimerKind.ESCALATE, incident.id) is None
    await state.receive(a_group(resolved(1), an_alert(2)))
    (grew,) = await state.said(NoticeKind.INCIDENT_GREW)
    assert grew.facts["severity"] == "sev1"
    assert await state.timer(TimerKind.ESCALATE, incident.id) is not None


async def test_an_end_makes_nothing_worse_than_a_person_called_it(state: State) -> None:
    incident = await state.an_incident(a_group(an_alert(1), an_alert(2)))
    await state.incidents.change_severity(incident.id, Severity.SEV4, ADA)
    await state.receive(a_group(resolved(1)))
    assert (await state.incidents.get(incident.id)).severity is Severity.SEV4


async def test_leaving_mitigation_arms_the_question_who_has_it(state: State) -> None:
    incident = await state.an_incident()
    await state.incidents.mitigate(incident.id, ADA)
    assert await state.timer(TimerKind.ACK_ASK, incident.id) is None
    await state.receive(a_group(an_alert(1, starts_at=AGAIN)))
    (grew,) = await state.said(NoticeKind.INCIDENT_GREW)
    assert grew.facts["no_longer_mitigated"] == "yes"
    assert await state.timer(TimerKind.ACK_ASK, incident.id) is not None


async def test_one_delivery_has_one_effect_and_one_answer(state: State) -> None:
    incident = await state.an_incident()
    once = a_person("ada", act="E1")
    for _ in range(3):
        assert (await state.incidents.resolve(incident.id, once)).outcome is IncidentOutcome.DONE
    assert len(await state.said(NoticeKind.INCIDENT_RESOLVED)) == 1
    assert (await state.incidents.resolve(incident.id, a_person("ada", act="E2"))).outcome is IncidentOutcome.UNCHANGED


async def test_a_viewer_changes_nothing(state: State) -> None:
    incident = await state.an_incident()
    for act in (state.incidents.acknowledge, state.incidents.mitigate, state.incidents.resolve):
        assert (await act(incident.id, VIEWER)).outcome is IncidentOutcome.NOT_ALLOWED
    with pytest.raises(NotAllowed, match="operator"):
        await state.incidents.declare(declaration(), VIEWER)
    assert (await state.incidents.get(incident.id)).state is IncidentState.OPEN


# --- again ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("alert", [an_alert(1, starts_at=AGAIN), an_alert(2)], ids=["member", "group"])
async def test_inside_the_window_the_same_incident_opens_again(state: State, clock: Clock, alert: object) -> None:
    incident = await state.an_incident()
    await state.receive(a_group(resolved()))
    clock.forward(REOPEN_WINDOW - 5 * SECOND)
    await state.receive(a_group(alert))  # type: ignore[arg-type]
    (open_,) = await state.incidents.open()
    assert (open_.id, open_.reopened) == (incident.id, 1)
    assert await state.timer(TimerKind.CLOSE_WINDOW, incident.id) is None


@pytest.mark.parametrize("alert", [an_alert(1, starts_at=AGAIN), an_alert(2)], ids=["member", "group"])
@pytest.mark.parametrize("archived", [True, False])
async def test_after_the_window_a_new_incident_opens(state: State, clock: Clock, alert: object, archived: bool) -> None:
    incident = await state.an_incident()
    await state.receive(a_group(resolved()))
    clock.forward(REOPEN_WINDOW)
    if archived:
        await state.incidents.close_window(incident.id)
    await state.receive(a_group(alert))  # type: ignore[arg-type]
    (open_,) = await state.incidents.open()
    assert open_.number == 2
    await state.incidents.close_window(incident.id)
    await state.receive(a_group(an_alert(3)))
    assert len((await state.incidents.get(open_.id)).members) == 2


async def test_what_fired_already_when_a_person_resolved_it_is_no_news(state: State) -> None:
    incident = await state.an_incident()
    await state.incidents.resolve(incident.id, ADA)
    await state.intake.accept(a_group(an_alert(1), an_alert(2, severity="none")), b"{}")
    await state.receive(a_group(an_alert(1)))
    assert (await state.incidents.get(incident.id)).state is IncidentState.RESOLVED
    await state.receive(a_group(an_alert(1, starts_at=AGAIN)))
    assert (await state.incidents.get(incident.id)).state is IncidentState.OPEN


async def test_a_reminder_about_alerts_that_ended_is_not_sent(state: State) -> None:
    incident = await state.an_incident()
    await state.incidents.resolve(incident.id, ADA)
    await state.receive(a_group(resolved()))
    assert (await state.incidents.remind_still_firing(incident.id)).outcome is IncidentOutcome.UNCHANGED


# --- nobody reacts --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("label", "severity"), [("critical", Severity.SEV1), ("warning", Severity.SEV3)])
async def test_a_quiet_acknowledgement_is_asked_about_then_dropped(
    state: State, clock: Clock, label: str, severity: Severity
) -> None:
    incident = await state.an_incident(a_group(an_alert(1, severity=label)))
    await state.incidents.acknowledge(incident.id, ADA)
    clock.forward(QUIET[severity] - SECOND)
    assert TimerKind.ACK_ASK not in await state.due()
    clock.forward(SECOND)
    assert TimerKind.ACK_ASK in await state.due()
    await state.incidents.ask_if_still_held(incident.id)
    (asked,) = await state.said(NoticeKind.ACK_QUIET_ASK)
    assert asked.mentions == (ADA.id,)
    clock.forward(10 * MINUTE)
    assert TimerKind.ACK_DROP in await state.due()
    dropped = (await state.incidents.drop_acknowledgement(incident.id)).state
    assert (dropped.state, dropped.assignee) == (IncidentState.OPEN, None)


@pytest.mark.parametrize("sign", ["acknowledge", "note"])
async def test_a_sign_of_life_takes_the_question_back(state: State, clock: Clock, sign: str) -> None:
    incident = await state.an_incident()
    await state.incidents.acknowledge(incident.id, ADA)
    clock.forward(30 * MINUTE)
    await state.incidents.ask_if_still_held(incident.id)
    asked_at = await state.timer(TimerKind.ACK_ASK, incident.id)
    if sign == "note":
        await state.incidents.add_note(incident.id, "looking at the disk", ADA)
    else:
        await state.incidents.acknowledge(incident.id, ADA)
    assert await state.timer(TimerKind.ACK_DROP, incident.id) is None
    assert (await state.timer(TimerKind.ACK_ASK, incident.id) or 0) > (asked_at or 0)


async def test_a_note_of_somebody_else_is_no_sign_of_life(state: State) -> None:
    incident = await state.an_incident()
    await state.incidents.acknowledge(incident.id, ADA)
    await state.incidents.ask_if_still_held(incident.id)
    await state.incidents.add_note(incident.id, "what is going on?", BEN)
    assert await state.timer(TimerKind.ACK_DROP, incident.id) is not None


async def test_escalation_repeats_until_somebody_has_it(state: State, clock: Clock) -> None:
    incident = await state.an_incident()
    for times in (1, 2, 3):
        clock.forward(5 * MINUTE)
        assert TimerKind.ESCALATE in await state.due()
        await state.incidents.escalate(incident.id)
        assert len(await state.said(NoticeKind.ESCALATED)) == times
    await state.incidents.acknowledge(incident.id, ADA)
    assert await state.timer(TimerKind.ESCALATE, incident.id) is None
    assert (await state.incidents.escalate(incident.id)).outcome is IncidentOutcome.UNCHANGED
    assert (await state.said(NoticeKind.ESCALATED))[0].mentions == (OWNERS,)


async def test_another_severity_has_its_own_patience(state: State) -> None:
    incident = await state.an_incident(a_group(an_alert(1, severity="warning")))
    await state.incidents.acknowledge(incident.id, ADA)
    patient = await state.timer(TimerKind.ACK_ASK, incident.id) or 0
    await state.incidents.change_severity(incident.id, Severity.SEV1, BEN)
    assert (await state.timer(TimerKind.ACK_ASK, incident.id) or 0) < patient


# --- a run on the target --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", [Target(SEARCH, QDRANT), Target(SEARCH)], ids=["its service", "the whole platform"])
async def test_an_incident_waits_for_a_run_on_its_target(state: State, clock: Clock, target: Target) -> None:
    incident = await state.an_incident()
    run = RunId("R1")
    await state.starter.lease(run, [target])
    await state.intake.accept(a_group(resolved()), b"{}")
    (entry,) = await state.intake.waiting(1)
    (change,) = await state.incidents.absorb(entry.id, entry.group)
    assert (change.outcome, change.state.state) == (IncidentOutcome.WAITING, IncidentState.OPEN)
    clock.forward(timedelta(seconds=30))
    assert TimerKind.SETTLE_INCIDENT in await state.due()
    assert (await state.incidents.settle(incident.id)).outcome is IncidentOutcome.WAITING
    await state.starter.release(run)
    assert (await state.incidents.settle(incident.id)).state.state is IncidentState.RESOLVED


async def test_a_long_wait_for_a_run_is_told_once(state: State) -> None:
    incident = await state.an_incident()
    await state.starter.lease(RunId("R1"), [Target(SEARCH, QDRANT)])
    await state.receive(a_group(resolved()))
    for _ in range(5):
        await state.incidents.settle(incident.id)
    assert [it.event for it in await state.incidents.timeline(incident.id)] == ["opened", "quiet"]
    await state.starter.release(RunId("R1"))


async def test_a_run_elsewhere_holds_nothing_up(state: State) -> None:
    incident = await state.an_incident()
    await state.starter.lease(RunId("R1"), [Target(SEARCH, WORKER), Target(ARCHON)])
    await state.receive(a_group(resolved()))
    assert (await state.incidents.get(incident.id)).state is IncidentState.RESOLVED
    assert await state.locks.holder(SEARCH, WORKER) == "R1"
    assert await state.locks.holder(SEARCH, None) == "R1"
    assert await state.locks.holder(SEARCH, QDRANT) is None


async def test_the_end_of_its_run_lets_an_incident_be_looked_at(state: State) -> None:
    incident = await state.an_incident()
    run = await state.a_run(incident=incident.id)
    await state.receive(a_group(resolved()))
    await state.runs.cancel(run.id, ADA)
    assert TimerKind.SETTLE_INCIDENT in await state.due()
    assert (await state.incidents.settle(incident.id)).state.state is IncidentState.RESOLVED


# --- merging --------------------------------------------------------------------------------------------------------


async def test_both_halves_of_a_merge_are_one_commit(state: State) -> None:
    source = await state.an_incident(a_group(an_alert(1)))
    home = await state.an_incident(a_group(an_alert(2, severity="warning"), key="other"))
    assert (await state.incidents.merge(source.id, home.id, ADA)).state.merged_into == home.id
    joined = await state.incidents.get(home.id)
    assert (len(joined.members), joined.severity) == (2, Severity.SEV1)
    assert await state.timer(TimerKind.ESCALATE, home.id) is not None
    events = [it.event for it in await state.incidents.timeline(home.id)]
    assert events == ["opened", "joined"]


async def test_alerts_follow_a_merge(state: State) -> None:
    source = await state.an_incident(a_group(an_alert(1)))
    home = await state.an_incident(a_group(an_alert(2), key="other"))
    await state.incidents.merge(source.id, home.id, ADA)
    await state.receive(a_group(resolved(1), an_alert(3)))
    joined = await state.incidents.get(home.id)
    assert sorted(joined.members) == [an_alert(n).fingerprint for n in (1, 2, 3)]
    assert len(joined.firing) == 2


async def test_alerts_follow_two_merges(state: State) -> None:
    one, two, three = [await state.an_incident(a_group(an_alert(n), key=str(n))) for n in (1, 2, 3)]
    await state.incidents.merge(one.id, two.id, ADA)
    await state.incidents.merge(two.id, three.id, ADA)
    await state.receive(a_group(an_alert(4), key="1"))
    (open_,) = await state.incidents.open()
    assert (open_.id, len(open_.members)) == (three.id, 4)


async def test_nothing_open_is_merged_into_what_is_over(state: State) -> None:
    home = await state.an_incident(a_group(an_alert(1), key="home"))
    await state.incidents.resolve(home.id, ADA)
    source = await state.an_incident(a_group(an_alert(2), key="source"))
    assert (await state.incidents.merge(source.id, home.id, ADA)).outcome is IncidentOutcome.CLOSED
    assert (await state.incidents.merge(source.id, source.id, ADA)).outcome is IncidentOutcome.CLOSED
    assert (await state.incidents.get(source.id)).state is IncidentState.OPEN


async def test_incidents_of_two_platforms_do_not_merge(state: State) -> None:
    source = await state.an_incident()
    other = Declaration(ARCHON, "Archon is slow", Classification(None, Severity.SEV2, ()))
    root = a_person("ben")
    home = (await state.incidents.declare(other, root)).state
    with pytest.raises(UsageError, match="one platform"):
        await state.incidents.merge(source.id, home.id, ADA)


async def test_a_merged_incident_is_archived_too(state: State, clock: Clock) -> None:
    source = await state.an_incident(a_group(an_alert(1)))
    home = await state.an_incident(a_group(an_alert(2), key="other"))
    await state.incidents.merge(source.id, home.id, ADA)
    clock.forward(REOPEN_WINDOW)
    assert TimerKind.CLOSE_WINDOW in await state.due()
    await state.incidents.close_window(source.id)
    assert not await state.store.redis.exists(keys.incident(source.id))
    assert (await state.incidents.get(source.id)).merged_into == home.id
    assert set(await state.incidents.known(SEARCH, [an_alert(1).fingerprint])) == {an_alert(1).fingerprint}


# --- kept -----------------------------------------------------------------------------------------------------------


async def memory(state: State, *names: str) -> int:
    sizes = [await state.store.redis.memory_usage(name) for name in names]
    return sum(size or 0 for size in sizes)


async def test_an_archived_incident_is_smaller_and_still_found(state: State, clock: Clock) -> None:
    incident = await state.an_incident(a_group(*(an_alert(number) for number in range(20))))
    for number in range(20):
        await state.incidents.add_note(incident.id, f"looked at shard {number}, nothing there", ADA)
    await state.receive(a_group(*(resolved(number) for number in range(20))))
    before, history = await state.incidents.get(incident.id), await state.incidents.timeline(incident.id)
    size = await memory(state, keys.incident(incident.id), keys.timeline(incident.id))
    clock.forward(REOPEN_WINDOW)
    await state.incidents.close_window(incident.id)
    assert await state.incidents.get(incident.id) == before
    assert await state.incidents.timeline(incident.id) == history
    assert await state.incidents.find(1) == incident.id
    assert await state.incidents.recent(10) == [before]
    assert await memory(state, keys.archive(incident.id)) < size / 4


async def test_an_archived_incident_leaves_no_index_behind(state: State, clock: Clock) -> None:
    one = await state.an_incident(a_group(an_alert(1)))
    two = await state.an_incident(a_group(an_alert(2), key="other"))
    await state.incidents.merge(one.id, two.id, ADA)
    await state.receive(a_group(resolved(1), resolved(2)))
    clock.forward(REOPEN_WINDOW)
    for id_ in (one.id, two.id):
        await state.incidents.close_window(id_)
    indexes = [keys.holders(SEARCH), keys.group_homes(SEARCH), keys.alerts(SEARCH), keys.OPEN_INCIDENTS]
    assert await state.store.redis.exists(*indexes) == 0


async def test_nothing_is_archived_before_its_window_is_over(state: State, clock: Clock) -> None:
    incident = await state.an_incident()
    await state.incidents.close_window(incident.id)
    await state.receive(a_group(resolved()))
    clock.forward(REOPEN_WINDOW - SECOND)
    await state.incidents.close_window(incident.id)
    assert await state.store.redis.exists(keys.incident(incident.id))
    clock.forward(SECOND)
    assert TimerKind.CLOSE_WINDOW in await state.due()


async def test_what_comes_after_the_archive_is_in_the_timeline_and_goes_with_it(state: State, clock: Clock) -> None:
    incident = await state.an_incident()
    await state.receive(a_group(resolved()))
    clock.forward(REOPEN_WINDOW)
    await state.incidents.close_window(incident.id)
    late = TimelineEntry(await state.store.now(), UserId("watchkeeper"), "run_done", "RUN-1")
    change = Change()
    change.add_effects(Effects(timeline=((incident.id, late),)), late.at)
    assert isinstance(await state.store.commit(change), Committed)
    events = [it.event for it in await state.incidents.timeline(incident.id)]
    assert events == ["opened", "resolved", "run_done"]
    assert await state.store.redis.pttl(keys.timeline(incident.id)) > 0


async def test_archiving_an_archived_incident_changes_nothing(state: State, clock: Clock) -> None:
    incident = await state.an_incident()
    await state.receive(a_group(resolved()))
    clock.forward(REOPEN_WINDOW)
    await state.incidents.close_window(incident.id)
    await state.incidents.close_window(incident.id)
    assert (await state.incidents.get(incident.id)).state is IncidentState.RESOLVED
    with pytest.raises(UnknownName, match="closed long ago"):
        await state.incidents.reopen(incident.id, ADA)


async def test_numbers_have_no_gap_when_twenty_open_at_once(state: State, another: State) -> None:
    parts = (state, another) * 10
    await asyncio.gather(
        *(part.incidents.declare(declaration(), a_person("ada", act=f"E{n}")) for n, part in enumerate(parts))
    )
    numbers = sorted(it.number for it in await state.incidents.open())
    assert numbers == list(range(1, 21))
    assert {await state.incidents.find(number) for number in numbers} == {it.id for it in await state.incidents.open()}


async def test_a_declaration_delivered_twice_is_one_incident(state: State, another: State) -> None:
    once = a_person("ada", act="E1")
    answers = await asyncio.gather(*(part.incidents.declare(declaration(), once) for part in (state, another) * 3))
    assert len({answer.state.id for answer in answers}) == 1
    assert [answer.outcome for answer in answers].count(IncidentOutcome.DONE) == 1


async def test_twenty_notes_at_once_are_twenty_notes(state: State, another: State) -> None:
    incident = await state.an_incident()
    await asyncio.gather(
        *(part.incidents.add_note(incident.id, f"note {n}", ADA) for n, part in enumerate((state, another) * 5))
    )
    assert [it.event for it in await state.incidents.timeline(incident.id)].count("noted") == 10


async def test_an_unknown_incident_is_named(state: State) -> None:
    with pytest.raises(UnknownName, match="INC-9"):
        await state.incidents.find(9)
    with pytest.raises(UnknownName, match="01X"):
        await state.incidents.get(IncidentId("01X"))


async def test_an_incident_of_a_platform_that_is_gone_says_what_to_do(state: State) -> None:
    incident = await state.an_incident()
    without = RedisIncidents(state.store, {})
    with pytest.raises(UnknownName, match=r"watchkeeper\.yaml"):
        await without.resolve(incident.id, ADA)
