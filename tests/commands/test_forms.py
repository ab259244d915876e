"""A command that lacks something opens a form made from its arguments; sent off, it does what typing would do."""

from __future__ import annotations

import pytest

from bot.domain.answers import Answer, IncidentActed, PlanComing, Problem, RunActed
from bot.domain.effects import Channel, Place
from bot.domain.forms import CommandForm, Field, FieldKind, Filled
from bot.domain.ids import UserId
from bot.domain.incidents import IncidentOutcome
from bot.domain.people import Actor
from bot.verbs import Command, Entrance, Family, Reply, Request, command_of
from tests.commands.desk import Desk
from tests.stand_ins.people import ADMIN, OPERATOR, VIEWER, actor


async def form_of(desk: Desk, typed: str, *, by: Actor | None = None) -> CommandForm:
    """Return the form that a command opens, which it must."""
    form = (await desk.reply(typed, by=by)).form
    assert form is not None
    return form


def field_of(form: CommandForm, name: str) -> Field:
    return next(it for it in form.fields if it.name == name)


async def sent(desk: Desk, command: str, by: Actor | None = None, **values: str) -> Reply:
    """Return the reply to a form."""
    request = Request(by or actor(OPERATOR), Family.OPS, "", Entrance.BUTTON, Place(channel=Channel.INCIDENTS))
    return await desk.table.submit(Filled(command, values), request)


async def test_a_forgotten_service_is_chosen_from_what_there_is(desk: Desk) -> None:
    form = await form_of(desk, "restart")
    assert (form.command, form.submit) == ("/ops restart", "Ask for restart")
    service = field_of(form, "service")
    assert (service.kind, service.required) == (FieldKind.CHOICE, True)
    assert [it.value for it in service.choices] == ["qdrant", "web"]


async def test_what_was_typed_stands_in_the_form(two: Desk) -> None:
    form = await form_of(two, "restart qdrant --reason it hangs since 3:12")
    assert [it.value for it in field_of(form, "platform").choices] == ["search-prod", "search-staging"]
    assert field_of(form, "service").initial == "qdrant"
    assert field_of(form, "reason").initial == "it hangs since 3:12"


async def test_one_platform_is_not_asked_for(desk: Desk) -> None:
    assert "platform" not in [it.name for it in (await form_of(desk, "restart")).fields]


async def test_an_emergency_is_offered_to_whom_may_start_one(desk: Desk) -> None:
    everybody, admin = await form_of(desk, "restart"), await form_of(desk, "restart", by=actor(ADMIN))
    assert ["break-glass" in [it.name for it in form.fields] for form in (everybody, admin)] == [False, True]


async def test_incidents_are_told_apart_by_what_is_wrong(desk: Desk) -> None:
    await desk.declared(title="search is slow")
    for verb in ("ack", "resolve", "note", "mitigate", "reopen", "show", "sev sev1"):
        form = await form_of(desk, f"/incident {verb}")
        (choice,) = field_of(form, "incident").choices
        assert (choice.value, choice.words) == ("INC-1", "INC-1 sev3, open: search is slow")


async def test_a_typed_incident_stays_chosen(desk: Desk) -> None:
    await desk.declared()
    form = await form_of(desk, "/incident sev 1")
    assert field_of(form, "severity").initial == "sev1"
    assert field_of(await form_of(desk, "/incident note inc1"), "incident").initial == "INC-1"


async def test_nothing_to_choose_from_opens_no_form(desk: Desk) -> None:
    reply = await desk.reply("/incident ack")
    assert reply.form is None
    assert isinstance(reply.answer, Problem)


async def test_a_run_or_a_request_is_chosen_one_of_both(desk: Desk) -> None:
    await desk.running()
    form = await form_of(desk, "cancel")
    assert [(it.name, it.required) for it in form.fields] == [("run", False), ("reason", False)]
    assert "not both" in field_of(form, "run").help


@pytest.mark.parametrize("entrance", [Entrance.MENTION, Entrance.TERMINAL])
async def test_where_no_window_opens_the_usage_names_an_example(desk: Desk, entrance: Entrance) -> None:
    reply = await desk.reply("restart", entrance=entrance)
    assert reply.form is None
    assert isinstance(reply.answer, Problem)
    assert "; for example " in reply.answer.hint


async def test_who_may_not_run_it_sees_no_form(desk: Desk) -> None:
    assert (await desk.reply("restart", by=actor(VIEWER))).form is None


async def test_every_verb_that_can_lack_something_has_a_form(desk: Desk) -> None:
    await desk.declared()
    await desk.running()
    needing = [it for it in desk.table.verbs if any(arg.required for arg in (*it.arguments, *it.options)) or it.either]
    for verb in needing:
        reply = await desk.reply(f"/{verb.family} {verb.name}", by=actor(ADMIN))
        if verb.name not in ("status", "alerts"):  # one platform goes without saying
            assert reply.form is not None, verb.name


# -- sent off --------------------------------------------------------------------------------------------------------


async def answer_of(desk: Desk, command: str, **values: str) -> Answer:
    return (await sent(desk, command, None, **values)).answer


async def test_a_form_does_what_typing_would_have_done(desk: Desk) -> None:
    await desk.declared()
    acted = await answer_of(desk, "/incident ack", incident="INC-1")
    assert isinstance(acted, IncidentActed)
    assert acted.outcome is IncidentOutcome.DONE
    assert isinstance(await answer_of(desk, "/ops restart", service="qdrant"), PlanComing)
    await desk.running()
    assert isinstance(await answer_of(desk, "/ops cancel", run="RUN-1"), RunActed)


async def test_text_in_a_form_is_text_whatever_it_looks_like(desk: Desk) -> None:
    title = 'search-prod --severity sev1 "is" slow'
    await sent(desk, "/incident declare", title=title, severity="sev2")
    (incident,) = await desk.incidents.open()
    assert (incident.title, incident.severity) == (title, "sev2")


async def test_what_is_wrong_names_its_field(desk: Desk, two: Desk) -> None:
    wrong = await sent(desk, "/ops restart", service="qdrnat")
    assert (wrong.field, isinstance(wrong.answer, Problem)) == ("service", True)
    assert (await sent(desk, "/ops restart")).field == "service"
    assert (await sent(desk, "/incident ack", incident="INC-9")).field == "incident"
    assert (await sent(two, "/ops restart", service="qdrant")).field == "platform"
    assert (await sent(two, "/ops restart", service="web", platform="search-staging")).field == "service"


async def test_rights_are_looked_at_again_when_a_form_is_sent(desk: Desk) -> None:
    refused = await sent(desk, "/ops restart", by=actor(VIEWER), service="qdrant")
    assert isinstance(refused.answer, Problem)
    assert "takes the role operator" in refused.answer.text


FORGED: tuple[tuple[str, dict[str, str]], ...] = (
    ("/ops restart", {"service": "qdrant", "break-glass": "yes", "reason": "it is on fire"}),
    ("@watchkeeper restart", {"service": "qdrant", "break-glass": "YES", "reason": "it is on fire"}),
    ("/ops restart --break-glass yes", {"service": "qdrant"}),
    ("/ops restart qdrant", {}),
    ("/ops restart", {"service": "qdrant --break-glass yes"}),
    ("/ops restart", {"service": "qdrant", "platform": "search-prod --break-glass"}),
)


@pytest.mark.parametrize(("command", "values"), FORGED)
@pytest.mark.parametrize("by", [VIEWER, OPERATOR])
async def test_no_form_starts_an_emergency_for_whom_may_not(
    command: str, values: dict[str, str], by: UserId, desk: Desk
) -> None:
    reply = await sent(desk, command, by=actor(by), **values)
    assert isinstance(reply.answer, Problem)
    assert await desk.requests.waiting(10) == []


async def test_a_form_of_a_verb_that_is_gone_is_answered(desk: Desk) -> None:
    assert isinstance((await sent(desk, "/ops teleport")).answer, Problem)


@pytest.mark.parametrize(
    ("shown", "command"),
    [
        ("/ops restart qdrant", Command(Family.OPS, "restart qdrant")),
        ("/incident ack INC-1", Command(Family.INCIDENT, "ack INC-1")),
        ("@watchkeeper restart qdrant", Command(Family.OPS, "restart qdrant")),
        ("@watchkeeper incident ack", Command(Family.INCIDENT, "ack")),
        ("watchkeeper ops status", Command(Family.OPS, "status")),
        ("watchkeeper ops incident list", Command(Family.INCIDENT, "list")),
        ("", Command(Family.OPS, "")),
    ],
)
def test_a_shown_command_is_read_back(shown: str, command: Command) -> None:
    assert command_of(shown) == command


async def test_an_unknown_number_lists_what_is_open(desk: Desk) -> None:
    await desk.declared(title="search is slow")
    problem = await desk.problem("/incident ack INC-712")
    assert problem.text == "INC-712 is not there."
    assert problem.hint == "There is INC-1 sev3, open: search is slow."
    assert problem.nearest == ("/incident ack INC-1",)
