"""Forms: mistakes stand beside their field, rights are checked when a form is sent, a form sent twice acts once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from bot.domain.answers import Said
from bot.domain.approvals import ApprovalState
from bot.domain.incidents import IncidentState
from bot.domain.people import Actor
from bot.domain.rights import Severity
from bot.domain.runs import RunState
from bot.messages import modals as windows
from bot.messages.approval_card import DENY, button_value
from handlers.acks import AckFamily, AckOutcome, Body
from handlers.modals import FieldErrors, Modals, Settled
from handlers.slack_payloads import Submission
from tests.handlers.slack_stage import ADA, BEN, DEE, GUEST, Stage, click_body, form_body, interaction, said, staged


@pytest.fixture
async def stage(redis_client: Redis) -> AsyncIterator[Stage]:
    async with staged(redis_client) as made:
        yield made


async def test_a_no_with_its_reason_goes_all_the_way(stage: Stage) -> None:
    approval = await stage.an_approval()
    await stage.send(click_body(DENY, button_value(approval), user=BEN))
    metadata = str(stage.chat.views[0]["private_metadata"])
    reason = {windows.REASON: "not during the release"}
    answer = await stage.send(form_body(windows.DENY_CALLBACK, metadata, reason, user=BEN))
    assert (answer.status_code, answer.content) == (200, b"")
    stored = await stage.parts.approvals.get(approval.id)
    assert (stored.state, stored.closed_by, stored.reason) == (ApprovalState.DENIED, BEN, "not during the release")
    assert stage.metrics.acks[-1] == (AckFamily.MODAL, AckOutcome.ANSWERED)


@pytest.mark.parametrize("reason", ["", "  ", "no", " x "])
async def test_a_reason_that_says_nothing_is_told_beside_its_field(stage: Stage, reason: str) -> None:
    approval = await stage.an_approval()
    body = form_body(windows.DENY_CALLBACK, button_value(approval), {windows.REASON: reason}, user=BEN)
    answer = (await stage.send(body)).json()
    assert answer["response_action"] == "errors"
    assert set(answer["errors"]) == {windows.REASON}
    assert (await stage.parts.approvals.get(approval.id)).state is ApprovalState.PENDING


async def test_a_form_sent_twice_acts_once_and_closes_twice(stage: Stage) -> None:
    approval = await stage.an_approval()
    body = form_body(windows.DENY_CALLBACK, button_value(approval), {windows.REASON: "not now"}, user=BEN)
    answers = await asyncio.gather(stage.send(body), stage.send(body))
    assert [answer.content for answer in answers] == [b"", b""]


@pytest.mark.parametrize("user", [DEE, GUEST])
async def test_a_right_that_was_lost_while_the_form_stood_open_counts_for_nothing(stage: Stage, user: str) -> None:
    approval = await stage.an_approval()
    body = form_body(windows.DENY_CALLBACK, button_value(approval), {windows.REASON: "not now"}, user=user)
    answer = (await stage.send(body)).json()
    assert answer["response_action"] == "update"
    assert answer["view"]["type"] == "modal"
    assert (await stage.parts.approvals.get(approval.id)).state is ApprovalState.PENDING


async def test_a_form_about_something_closed_meanwhile_says_so(stage: Stage) -> None:
    approval = await stage.an_approval()
    await stage.parts.approvals.withdraw(approval.id, await stage.actor(ADA))
    body = form_body(windows.DENY_CALLBACK, button_value(approval), {windows.REASON: "not now"}, user=BEN)
    answer = (await stage.send(body)).json()
    assert "is withdrawn already" in said(answer["view"])


@pytest.mark.parametrize(
    "callback",
    [
        windows.DENY_CALLBACK,
        windows.RESOLVE_CALLBACK,
        windows.NOTE_CALLBACK,
        windows.SEVERITY_CALLBACK,
        windows.MARK_DONE_CALLBACK,
        windows.GIVE_UP_CALLBACK,
        "modal.unknown",
    ],
)
@pytest.mark.parametrize("metadata", ["", "x", "INC-1", "a b c"])
async def test_forged_metadata_changes_nothing_and_is_answered(stage: Stage, callback: str, metadata: str) -> None:
    values = {windows.REASON: "because of that", windows.NOTE: "seen", windows.SEVERITY: "sev1"}
    answer = (await stage.send(form_body(callback, metadata, values))).json()
    assert answer["response_action"] == "update"


async def test_a_note_a_severity_and_an_end_reach_the_incident(stage: Stage) -> None:
    incident = await stage.an_incident()
    for view, callback, values in (
        ("V1", windows.NOTE_CALLBACK, {windows.NOTE: "the disk is full"}),
        ("V2", windows.SEVERITY_CALLBACK, {windows.SEVERITY: "sev1"}),
        ("V3", windows.RESOLVE_CALLBACK, {windows.REASON: "disk grown"}),
    ):
        answer = await stage.send(form_body(callback, incident.id, values, view=view))
        assert (answer.status_code, answer.content) == (200, b"")
    stored = await stage.parts.incidents.get(incident.id)
    timeline = {entry.event: entry.detail for entry in await stage.parts.incidents.timeline(incident.id)}
    assert (stored.severity, stored.state) == (Severity.SEV1, IncidentState.RESOLVED)
    assert (timeline["noted"], timeline["resolved"]) == ("the disk is full", "disk grown")


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({windows.PLATFORM: "mars", windows.TITLE: "It broke", windows.SEVERITY: "sev2"}, windows.PLATFORM),
        ({windows.PLATFORM: "search-prod", windows.TITLE: " ", windows.SEVERITY: "sev2"}, windows.TITLE),
        ({windows.PLATFORM: "search-prod", windows.TITLE: "It broke", windows.SEVERITY: "sev9"}, windows.SEVERITY),
    ],
)
async def test_mistakes_in_a_declaration_stand_beside_their_fields(
    stage: Stage, values: dict[str, str], field: str
) -> None:
    answer = (await stage.send(form_body(windows.DECLARE_CALLBACK, "", values))).json()
    assert set(answer["errors"]) == {field}
    assert await stage.parts.incidents.open() == []


DECLARED = {windows.PLATFORM: "search-prod", windows.TITLE: "Search is slow", windows.SEVERITY: "sev2"}


async def test_a_declaration_opens_one_incident_however_often_it_is_sent(stage: Stage) -> None:
    body = form_body(windows.DECLARE_CALLBACK, "", DECLARED)
    for _ in range(2):
        await stage.send(body)
    (incident,) = await stage.parts.incidents.open()
    assert (incident.title, incident.severity, incident.declared_by) == ("Search is slow", Severity.SEV2, ADA)


async def test_a_declaration_by_somebody_who_may_only_look_opens_nothing(stage: Stage) -> None:
    answer = (await stage.send(form_body(windows.DECLARE_CALLBACK, "", DECLARED, user=DEE))).json()
    assert "takes an operator" in said(answer["view"])
    assert await stage.parts.incidents.open() == []


@pytest.mark.parametrize(
    ("callback", "state"),
    [(windows.MARK_DONE_CALLBACK, RunState.DONE), (windows.GIVE_UP_CALLBACK, RunState.FAILED)],
)
async def test_what_a_person_saw_settles_a_step(stage: Stage, callback: str, state: RunState) -> None:
    run = await stage.a_stopped_run()
    answer = await stage.send(form_body(callback, run, {windows.REASON: "it is up, I looked"}))
    assert answer.content == b""
    assert (await stage.parts.runs.get(run)).state is state


async def test_a_store_that_is_away_is_told_in_the_place_of_the_form(redis_client: Redis) -> None:
    async with staged(redis_client, is_away=True) as stage:
        body = form_body(windows.NOTE_CALLBACK, "01KDXA0000000000000000000A", {windows.NOTE: "x"})
        answer = (await stage.send(body)).json()
    assert "Nothing was done: the state store is away. Try again in a minute." in said(answer["view"])


def a_form() -> Body:
    view = {"id": "V9", "hash": "1", "callback_id": "slow", "private_metadata": "", "state": {"values": {}}}
    return {"user": {"id": ADA, "team_id": "T0SANDBOX"}, "view": view}


@pytest.mark.parametrize(
    ("settled", "shown"),
    [(None, "It is done"), (Said("Not now."), "Not now."), (FieldErrors({"reason": "Too short."}), "Too short.")],
)
async def test_a_slow_form_shows_that_it_waits_and_then_what_became_of_it(
    stage: Stage, settled: Settled, shown: str
) -> None:
    gate = asyncio.Event()

    async def slow(_: Submission, __: Actor) -> Settled:
        await gate.wait()
        return settled

    forms = Modals(
        stage.parts.access, {"slow": slow}, stage.chat, stage.background, answer_within=timedelta(milliseconds=20)
    )
    ack = await forms.receive(a_form())
    assert ack.outcome is AckOutcome.LATE
    assert "One moment…" in said(ack.body or {})
    gate.set()
    await stage.settled()
    ((view_id, view),) = stage.chat.updates
    assert view_id == "V9"
    assert shown in said(view)


async def test_a_form_that_is_closed_is_acknowledged(stage: Stage) -> None:
    view = {"id": "V1", "callback_id": windows.DENY_CALLBACK, "type": "modal"}
    answer = await stage.send(interaction("view_closed", view=view, is_cleared=False))
    assert (answer.status_code, answer.content) == (200, b"")
