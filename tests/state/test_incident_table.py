"""Every cell of the design's table of incidents: what an event makes of an incident in each of its states."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from bot.domain.correlation import Classification
from bot.domain.effects import NoticeKind, TimerKind
from bot.domain.incidents import Incident, IncidentOutcome, IncidentState
from bot.domain.rights import Severity
from bot.ports.incidents import Declaration
from tests.state.builders import ADA, BEN, MINUTE, SEARCH, STARTED, Clock, a_group, an_alert, resolved
from tests.state.conftest import State

OPEN, ACKNOWLEDGED, MITIGATED, RESOLVED, MERGED = (
    IncidentState.OPEN,
    IncidentState.ACKNOWLEDGED,
    IncidentState.MITIGATED,
    IncidentState.RESOLVED,
    IncidentState.MERGED,
)
UNCHANGED, CLOSED = IncidentOutcome.UNCHANGED, IncidentOutcome.CLOSED
AGAIN = STARTED + MINUTE
LIVE = (OPEN, ACKNOWLEDGED, MITIGATED)

Event = Callable[[State, Incident], Awaitable[IncidentOutcome]]


async def an_incident_in(state: State, wanted: IncidentState) -> Incident:
    incident = await state.an_incident()
    if wanted in (ACKNOWLEDGED, MITIGATED):
        await state.incidents.acknowledge(incident.id, ADA)
    if wanted is MITIGATED:
        await state.incidents.mitigate(incident.id, ADA)
    if wanted is RESOLVED:
        await state.receive(a_group(resolved()))
    return await state.incidents.get(incident.id)


async def received(state: State, *groups: object) -> IncidentOutcome:
    outcome = UNCHANGED
    for group in groups:
        await state.intake.accept(group, b"{}")  # type: ignore[arg-type]
        for entry in await state.intake.waiting(10):
            for change in await state.incidents.absorb(entry.id, entry.group):
                outcome = change.outcome
    return outcome


async def member_fires_again(state: State, incident: Incident) -> IncidentOutcome:
    return await received(state, a_group(an_alert(1, starts_at=AGAIN)))


async def alert_joins(state: State, incident: Incident) -> IncidentOutcome:
    return await received(state, a_group(an_alert(2)))


async def all_members_resolve(state: State, incident: Incident) -> IncidentOutcome:
    return await received(state, a_group(resolved()))


async def somebody_takes_it(state: State, incident: Incident) -> IncidentOutcome:
    return (await state.incidents.acknowledge(incident.id, BEN)).outcome


async def acknowledgement_goes_quiet(state: State, incident: Incident) -> IncidentOutcome:
    await state.incidents.ask_if_still_held(incident.id)
    return (await state.incidents.drop_acknowledgement(incident.id)).outcome


async def somebody_mitigates(state: State, incident: Incident) -> IncidentOutcome:
    return (await state.incidents.mitigate(incident.id, BEN)).outcome


async def somebody_resolves(state: State, incident: Incident) -> IncidentOutcome:
    return (await state.incidents.resolve(incident.id, BEN)).outcome


async def somebody_merges(state: State, incident: Incident) -> IncidentOutcome:
    other = await state.an_incident(a_group(an_alert(9), key="other"))
    return (await state.incidents.merge(incident.id, other.id, BEN)).outcome


async def somebody_reopens(state: State, incident: Incident) -> IncidentOutcome:
    return (await state.incidents.reopen(incident.id, BEN)).outcome


DONE = IncidentOutcome.DONE
TABLE: list[tuple[Event, IncidentState, IncidentState, IncidentOutcome]] = [
    (member_fires_again, OPEN, OPEN, DONE),
    (member_fires_again, ACKNOWLEDGED, ACKNOWLEDGED, DONE),
    (member_fires_again, MITIGATED, ACKNOWLEDGED, DONE),
    (member_fires_again, RESOLVED, OPEN, DONE),
    (alert_joins, OPEN, OPEN, DONE),
    (alert_joins, ACKNOWLEDGED, ACKNOWLEDGED, DONE),
    (alert_joins, MITIGATED, ACKNOWLEDGED, DONE),
    (alert_joins, RESOLVED, OPEN, DONE),
    *((all_members_resolve, before, RESOLVED, DONE) for before in LIVE),
    (all_members_resolve, RESOLVED, RESOLVED, UNCHANGED),
    (somebody_takes_it, OPEN, ACKNOWLEDGED, DONE),
    (somebody_takes_it, ACKNOWLEDGED, ACKNOWLEDGED, DONE),
    (somebody_takes_it, MITIGATED, MITIGATED, UNCHANGED),
    (somebody_takes_it, RESOLVED, RESOLVED, CLOSED),
    (acknowledgement_goes_quiet, OPEN, OPEN, UNCHANGED),
    (acknowledgement_goes_quiet, ACKNOWLEDGED, OPEN, DONE),
    (acknowledgement_goes_quiet, MITIGATED, MITIGATED, UNCHANGED),
    (acknowledgement_goes_quiet, RESOLVED, RESOLVED, UNCHANGED),
    (somebody_mitigates, OPEN, MITIGATED, DONE),
    (somebody_mitigates, ACKNOWLEDGED, MITIGATED, DONE),
    (somebody_mitigates, MITIGATED, MITIGATED, UNCHANGED),
    (somebody_mitigates, RESOLVED, RESOLVED, CLOSED),
    *((somebody_resolves, before, RESOLVED, DONE) for before in LIVE),
    (somebody_resolves, RESOLVED, RESOLVED, UNCHANGED),
    *((somebody_merges, before, MERGED, DONE) for before in (*LIVE, RESOLVED)),
    *((somebody_reopens, before, before, UNCHANGED) for before in LIVE),
    (somebody_reopens, RESOLVED, OPEN, DONE),
]


@pytest.mark.parametrize(
    ("event", "before", "after", "outcome"), TABLE, ids=lambda it: it.__name__ if callable(it) else str(it)
)
async def test_the_table_holds(
    state: State, event: Event, before: IncidentState, after: IncidentState, outcome: IncidentOutcome
) -> None:
    incident = await an_incident_in(state, before)
    assert incident.state is before
    assert await event(state, incident) is outcome
    assert (await state.incidents.get(incident.id)).state is after


@pytest.mark.parametrize(
    ("before", "holder"), [(OPEN, BEN.id), (ACKNOWLEDGED, BEN.id), (MITIGATED, ADA.id), (RESOLVED, None)]
)
async def test_taking_makes_the_taker_the_assignee_where_it_counts(
    state: State, before: IncidentState, holder: str | None
) -> None:
    incident = await an_incident_in(state, before)
    await somebody_takes_it(state, incident)
    assert (await state.incidents.get(incident.id)).assignee == holder


@pytest.mark.parametrize("before", [*LIVE, RESOLVED])
async def test_nothing_happens_to_a_merged_incident(state: State, before: IncidentState) -> None:
    incident = await an_incident_in(state, before)
    await somebody_merges(state, incident)
    for event in (somebody_takes_it, somebody_mitigates, somebody_resolves, somebody_reopens):
        assert await event(state, incident) is CLOSED
    assert (await state.incidents.get(incident.id)).state is MERGED


@pytest.mark.parametrize("before", LIVE)
async def test_a_person_resolving_while_alerts_fire_is_reminded(
    state: State, clock: Clock, before: IncidentState
) -> None:
    incident = await an_incident_in(state, before)
    await somebody_resolves(state, incident)
    clock.forward(14 * MINUTE)
    assert TimerKind.STILL_FIRING not in await state.due()
    clock.forward(MINUTE)
    assert TimerKind.STILL_FIRING in await state.due()
    await state.incidents.remind_still_firing(incident.id)
    (said,) = await state.said(NoticeKind.STILL_FIRING)
    assert (said.facts["firing"], said.mentions) == ("1", (BEN.id,))


async def test_a_declared_incident_never_resolves_by_itself(state: State, clock: Clock) -> None:
    declaration = Declaration(SEARCH, "Search is slow", Classification(None, Severity.SEV2, ()))
    incident = (await state.incidents.declare(declaration, ADA)).state
    assert (await state.incidents.settle(incident.id)).outcome is UNCHANGED
    other = await state.an_incident()
    await state.incidents.merge(other.id, incident.id, ADA)
    await state.receive(a_group(resolved()))
    assert (await state.incidents.get(incident.id)).state is OPEN
    clock.forward(timedelta(days=1))
    assert (await state.incidents.settle(incident.id)).state.state is OPEN


async def test_the_ids_of_the_open_ones_are_the_open_ones(state: State) -> None:
    ids = [(await state.an_incident(a_group(an_alert(number), key=str(number)))).id for number in range(3)]
    await state.incidents.resolve(ids[0], ADA)
    await state.incidents.merge(ids[1], ids[2], ADA)
    assert [it.id for it in await state.incidents.open()] == [ids[2]]
    await state.incidents.reopen(ids[0], ADA)
    assert {it.id for it in await state.incidents.open()} == {ids[0], ids[2]}
