"""What each verb of `/incident` answers."""

from __future__ import annotations

import pytest

from bot.domain.answers import Help, IncidentActed, IncidentDetail, Incidents
from bot.domain.ids import RunbookName
from bot.domain.incidents import IncidentOutcome, IncidentState
from bot.domain.rights import Severity
from tests.commands.desk import Desk
from tests.stand_ins.people import OPERATOR, OWNER, VIEWER, actor


async def test_declare_opens_an_incident(desk: Desk) -> None:
    acted = await desk.ask("/incident declare search answers slowly --severity sev2 --service qdrant", IncidentActed)
    incident = acted.incident
    assert (incident.title, incident.severity, incident.service) == ("search answers slowly", Severity.SEV2, "qdrant")
    assert incident.offers == (RunbookName("recover-qdrant"), RunbookName("restart-service"))
    assert (acted.outcome, acted.act, incident.declared_by) == (IncidentOutcome.DONE, "declare", OPERATOR)


async def test_declare_offers_what_fits_the_service(desk: Desk) -> None:
    acted = await desk.ask("/incident declare web is down --service web", IncidentActed)
    assert acted.incident.offers == (RunbookName("restart-service"),)


async def test_declare_takes_the_platform_first(two: Desk) -> None:
    acted = await two.ask("/incident declare search-staging nobody finds anything", IncidentActed)
    assert (acted.incident.platform, acted.incident.title) == ("search-staging", "nobody finds anything")
    assert acted.incident.severity is Severity.SEV3


async def test_declare_asks_which_platform_in_front_of_the_title(two: Desk) -> None:
    problem = await two.problem("/incident declare search is slow")
    assert problem.nearest == (
        "/incident declare search-prod search is slow",
        "/incident declare search-staging search is slow",
    )


async def test_declare_finds_the_platform_by_the_service(two: Desk) -> None:
    acted = await two.ask("/incident declare nothing is loaded --service loader", IncidentActed)
    assert acted.incident.platform == "search-staging"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("/incident declare", "needs a title"),
        ('/incident declare ""', "needs a title"),
        (f"/incident declare {'x' * 201}", "201 characters"),
        ("/incident declare slow --severity sev9", "a severity, sev1 to sev4"),
        ("/incident declare slow --severity", "--severity needs"),
        ("/incident declare slow --sevrity sev2", "no option --sevrity"),
        ("/incident declare slow --severity sev2 --severity sev1", "twice"),
    ],
)
async def test_declare_says_what_is_wrong(desk: Desk, command: str, said: str) -> None:
    assert said in (await desk.problem(command)).text


async def test_mistyped_option_is_corrected(desk: Desk) -> None:
    assert (await desk.problem("/incident declare slow --sevrity sev2")).nearest == (
        "/incident declare slow --severity sev2",
    )


async def test_list_shows_the_open_and_with_all_the_closed_ones(two: Desk) -> None:
    closed = await two.declared(title="was slow")
    await two.ask("/incident resolve INC-1 it was the disk", IncidentActed)
    still = await two.declared("search-staging")
    assert [it.id for it in (await two.ask("/incident list", Incidents)).incidents] == [still]
    assert [it.id for it in (await two.ask("/incident list all", Incidents)).incidents] == [still, closed]
    assert [it.id for it in (await two.ask("/incident list all search-prod", Incidents)).incidents] == [closed]
    assert (await two.ask("/incident list search-prod", Incidents)).incidents == ()


async def test_show_tells_the_whole_story(desk: Desk) -> None:
    await desk.declared()
    detail = await desk.ask("/incident show 1", IncidentDetail, by=actor(VIEWER))
    assert [it.event for it in detail.timeline] == ["declared"]


@pytest.mark.parametrize("verb", ["ack", "take", "ACK"])
async def test_ack_puts_it_into_one_s_hands(desk: Desk, verb: str) -> None:
    await desk.declared()
    acted = await desk.ask(f"/incident {verb} INC-1", IncidentActed)
    assert (acted.incident.assignee, acted.incident.state) == (OPERATOR, IncidentState.ACKNOWLEDGED)
    assert (await desk.ask("/incident ack INC-1", IncidentActed)).outcome is IncidentOutcome.UNCHANGED


@pytest.mark.parametrize("command", ["sev sev1 INC-1", "sev INC-1 1", "severity SEV1 inc-1"])
async def test_sev_gives_it_another_severity(desk: Desk, command: str) -> None:
    await desk.declared()
    assert (await desk.ask(f"/incident {command}", IncidentActed)).incident.severity is Severity.SEV1


async def test_note_keeps_the_text_as_it_was_typed(desk: Desk) -> None:
    id_ = await desk.declared()
    await desk.ask("/incident note INC-1 he said “it's  --fine” &amp; <@U0BEN|ben> agrees", IncidentActed)
    assert (await desk.incidents.timeline(id_))[-1].detail == 'he said "it\'s  --fine" & @ben agrees'


async def test_mitigate_resolve_and_reopen(desk: Desk) -> None:
    id_ = await desk.declared()
    states = [
        (await desk.ask(f"/incident {verb}", IncidentActed, incident=id_)).incident.state
        for verb in ("mitigate", "resolve the disk is replaced", "reopen")
    ]
    assert states == [IncidentState.MITIGATED, IncidentState.RESOLVED, IncidentState.OPEN]


async def test_what_is_closed_says_so(desk: Desk) -> None:
    await desk.declared()
    await desk.ask("/incident resolve INC-1", IncidentActed)
    assert (await desk.ask("/incident ack INC-1", IncidentActed)).outcome is IncidentOutcome.CLOSED


async def test_merge_closes_one_in_favour_of_the_other(desk: Desk) -> None:
    first, second = await desk.declared(), await desk.declared()
    acted = await desk.ask("/incident merge INC-2 into INC-1", IncidentActed)
    assert (acted.incident.id, acted.incident.state, acted.incident.merged_into) == (
        second,
        IncidentState.MERGED,
        first,
    )


async def test_merge_in_a_thread_needs_only_the_other_one(desk: Desk) -> None:
    first, second = await desk.declared(), await desk.declared()
    acted = await desk.ask("/incident merge INC-2", IncidentActed, incident=first)
    assert (acted.incident.id, acted.incident.merged_into) == (second, first)
    third = await desk.declared()
    acted = await desk.ask("/incident merge into INC-1", IncidentActed, incident=third)
    assert (acted.incident.id, acted.incident.merged_into) == (third, first)


async def test_merge_says_what_is_missing_or_wrong(two: Desk) -> None:
    first, _ = await two.declared(), await two.declared("search-staging")
    assert "needs an incident" in (await two.problem("/incident merge")).text
    assert (await two.problem("/incident merge INC-2")).nearest[0] == "/incident merge INC-2 into INC-1"
    assert "itself" in (await two.problem("/incident merge INC-1 into INC-1")).text
    assert "itself" in (await two.problem("/incident merge", incident=first)).text
    assert "one platform" in (await two.problem("/incident merge INC-2 into INC-1")).text


async def test_owner_acts_on_what_they_own_alone(two: Desk) -> None:
    await two.declared("search-prod")
    await two.declared("search-staging")
    owner = actor(OWNER, owns=("search-staging",))
    assert (await two.ask("/incident ack INC-2", IncidentActed, by=owner)).outcome is IncidentOutcome.DONE
    assert "operator" in (await two.problem("/incident ack INC-1", by=owner)).text


async def test_help_lists_the_family(desk: Desk) -> None:
    usages = [it.usage for it in (await desk.ask("/incident help", Help)).verbs]
    assert "/incident ack [incident]" in usages
    assert usages[-1] == "/ops help"
