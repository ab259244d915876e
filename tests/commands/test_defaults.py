"""What goes without saying: the only platform, the platform of a service, the incident of a thread."""

from __future__ import annotations

import pytest

from bot.domain.answers import Alerts, IncidentActed, PlanComing, Problem, Status
from bot.verbs import Entrance
from tests.commands.desk import Desk


async def test_service_of_one_platform_names_the_platform(two: Desk) -> None:
    assert (await two.ask("status loader", Status)).platform == "search-staging"
    assert (await two.ask("restart web", PlanComing)).platform == "search-prod"


async def test_order_of_service_and_platform_does_not_matter(two: Desk) -> None:
    assert (await two.ask("restart search-staging qdrant", PlanComing)).platform == "search-staging"


async def test_thread_of_an_incident_names_the_platform(two: Desk) -> None:
    incident = await two.declared("search-staging")
    assert (await two.ask("alerts", Alerts, incident=incident)).platform == "search-staging"
    assert (await two.ask("status qdrant", Status, incident=incident)).platform == "search-staging"


async def test_what_is_asked_in_a_thread_belongs_to_its_incident(two: Desk) -> None:
    incident = await two.declared("search-staging")
    assert (await two.ask("restart qdrant", PlanComing, incident=incident)).where == "in the thread of INC-1"


async def test_another_platform_s_service_does_not_land_in_the_thread(two: Desk) -> None:
    incident = await two.declared("search-staging")
    coming = await two.ask("restart web", PlanComing, incident=incident)
    assert (coming.platform, coming.where) == ("search-prod", "in the approvals channel")


async def test_thread_s_incident_is_meant_unless_another_is_named(desk: Desk) -> None:
    first, second = await desk.declared(), await desk.declared()
    assert (await desk.ask("/incident ack", IncidentActed, incident=first)).incident.id == first
    assert (await desk.ask("/incident ack INC-2", IncidentActed, incident=first)).incident.id == second


async def test_number_that_begins_a_note_in_a_thread_is_text(desk: Desk) -> None:
    first, _ = await desk.declared(), await desk.declared()
    await desk.ask("/incident note 2 hosts are full", IncidentActed, incident=first)
    assert (await desk.incidents.timeline(first))[-1].detail == "2 hosts are full"


async def test_number_names_the_incident_to_resolve_even_in_a_thread(desk: Desk) -> None:
    first, second = await desk.declared(), await desk.declared()
    acted = await desk.ask("/incident resolve 2", IncidentActed, incident=first)
    assert acted.incident.id == second


async def test_outside_a_thread_the_incident_is_asked_for(desk: Desk) -> None:
    await desk.declared()
    problem = await desk.problem("/incident ack")
    assert (problem.text, problem.nearest) == (
        "ack needs an incident such as INC-42.",
        ("/incident ack INC-1",),
    )


@pytest.mark.parametrize("entrance", [Entrance.MENTION, Entrance.TERMINAL, Entrance.BUTTON])
async def test_first_word_chooses_the_family(desk: Desk, entrance: Entrance) -> None:
    await desk.declared()
    acted = (await desk.reply("incident ack INC-1", entrance=entrance)).answer
    assert isinstance(acted, IncidentActed)
    assert not isinstance((await desk.reply("ops status", entrance=entrance)).answer, Problem)
