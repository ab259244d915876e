"""What a person got wrong is answered to them alone, with the nearest command that works and that they may run."""

from __future__ import annotations

import pytest

from bot.domain.answers import Problem
from bot.verbs import Entrance
from tests.commands.desk import Desk
from tests.stand_ins.people import OPERATOR, OWNER, STRANGER, VIEWER, actor


@pytest.mark.parametrize(
    ("typed", "nearest"),
    [
        ("restrt qdrant", "/ops restart qdrant"),
        ("restart qdrnat", "/ops restart qdrant"),
        ("restart qdrant serch-prod", "/ops restart qdrant search-prod"),
        ("restart qdrant --reson it hangs", "/ops restart qdrant --reason it hangs"),
        ("status serch-prod", "/ops status search-prod"),
        ("run recover-qdrat", "/ops run recover-qdrant"),
        ("platfroms", "/ops platforms"),
        ("acknowledge", "/ops help"),
        ("/incident lst", "/incident list"),
        ("lst", "/incident list"),
        ("/incident statsu", "/ops status"),
    ],
)
async def test_nearest_right_command_is_named(desk: Desk, typed: str, nearest: str) -> None:
    assert (await desk.problem(typed)).nearest[0] == nearest


async def test_unknown_number_names_the_nearest_that_is_there(desk: Desk) -> None:
    await desk.declared()
    await desk.running()
    assert (await desk.problem("/incident ack INC-12")).nearest == ("/incident ack INC-1",)
    assert (await desk.problem("pause RUN-11")).nearest == ("/ops pause RUN-1",)


async def test_approvals_are_named_as_well(desk: Desk) -> None:
    await desk.pending()
    assert (await desk.problem("cancel APR-12")).nearest == ("/ops cancel APR-1",)


async def test_missing_argument_is_named_with_what_it_could_be(desk: Desk) -> None:
    problem = await desk.problem("restart")
    assert problem.text == "restart needs a service."
    assert problem.nearest == ("/ops restart qdrant", "/ops restart web")
    assert problem.hint.startswith("Usage: /ops restart <service>")


async def test_missing_argument_goes_before_the_options(desk: Desk) -> None:
    problem = await desk.problem("restart --reason it hangs")
    assert problem.nearest[0] == "/ops restart qdrant --reason it hangs"


async def test_service_on_several_platforms_asks_which(two: Desk) -> None:
    problem = await two.problem("restart qdrant --reason it hangs")
    assert problem.text == "qdrant is on search-prod and search-staging: say which platform is meant."
    assert problem.nearest == (
        "/ops restart qdrant search-prod --reason it hangs",
        "/ops restart qdrant search-staging --reason it hangs",
    )


async def test_service_that_the_platform_lacks_is_corrected_both_ways(two: Desk) -> None:
    problem = await two.problem("restart web search-staging")
    assert problem.text == "web: search-staging has no such service."
    assert "/ops restart web search-prod" in problem.nearest


async def test_several_platforms_and_none_named_asks_which(two: Desk) -> None:
    assert (await two.problem("alerts")).nearest == ("/ops alerts search-prod", "/ops alerts search-staging")


async def test_one_word_too_many_is_said(desk: Desk) -> None:
    problem = await desk.problem("restart qdrant search-prod now")
    assert "“now” is one word too many" in problem.text
    assert "quotes" in problem.hint


async def test_hints_offer_only_what_the_person_may_run(two: Desk) -> None:
    viewer, owner = actor(VIEWER), actor(OWNER, owns=("search-staging",))
    assert (await two.problem("restrt web", by=viewer)).nearest == ("/ops help",)
    assert (await two.problem("run recover-qdrat", by=viewer)).nearest == ()
    assert (await two.problem("restart qdrant", by=owner)).nearest == ("/ops restart qdrant search-staging",)
    assert (await two.problem("restart", by=owner)).nearest == ("/ops restart loader",)


async def test_hints_for_somebody_without_a_role_are_empty(desk: Desk) -> None:
    for typed in ("status qdrnat", "statsu", "restart", ""):
        assert (await desk.problem(typed, by=actor(STRANGER))).nearest == ()


@pytest.mark.parametrize(
    ("entrance", "nearest"),
    [
        (Entrance.SLASH, "/ops restart qdrant"),
        (Entrance.BUTTON, "/ops restart qdrant"),
        (Entrance.MENTION, "@watchkeeper restart qdrant"),
        (Entrance.TERMINAL, "watchkeeper ops restart qdrant"),
    ],
)
async def test_hints_are_spelled_as_typed_there(desk: Desk, entrance: Entrance, nearest: str) -> None:
    problem = (await desk.reply("restart qdrnat", entrance=entrance)).answer
    assert isinstance(problem, Problem)
    assert problem.nearest == (nearest,)


async def test_refusal_says_what_it_takes_and_where_to_ask_who(desk: Desk) -> None:
    problem = await desk.problem("restart qdrant", by=actor(VIEWER))
    assert problem.text == "restart takes the role operator, or an owner of the platform; you hold viewer."
    assert problem.nearest == ("/ops can restart",)
    assert (await desk.problem("/incident ack INC-1", by=actor(VIEWER))).nearest == ("/ops can incident ack",)


async def test_what_a_service_refuses_is_a_problem_too(desk: Desk) -> None:
    problem = await desk.problem("run recover-qdrant colour=red", by=actor(OPERATOR))
    assert problem.text == "recover-qdrant takes no colour."
