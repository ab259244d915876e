"""Buttons: an effect happens once, what the card does not show is told to who pressed, and no press stays mute."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from bot.domain.approvals import ApprovalState
from bot.domain.ids import UserId
from bot.domain.incidents import IncidentState
from bot.domain.rights import Need
from bot.domain.runs import RunState
from bot.messages import approval_card, incident_card, run_card
from bot.messages.answers import COMMANDS_SHOWN, RUN_COMMAND, SHARE
from bot.messages.modals import DENY_CALLBACK, GIVE_UP_CALLBACK, MARK_DONE_CALLBACK, NOTE_CALLBACK, SEVERITY_CALLBACK
from handlers.acks import AckFamily, AckOutcome
from handlers.buttons import STALE, UPDATING
from handlers.home import QUIET
from handlers.slack_listeners import presses
from tests.handlers.slack_stage import (
    ADA,
    BEN,
    CHI,
    DEE,
    GUEST,
    OTHER_TEAM,
    ROBOT,
    Stage,
    choice_body,
    click_body,
    said,
    staged,
)

ACTIONS = (
    incident_card.ACK,
    incident_card.RESOLVE,
    incident_card.REOPEN,
    incident_card.MITIGATE,
    incident_card.MORE,
    f"{incident_card.ASK}.1",
    f"{incident_card.ASK}.2",
    approval_card.APPROVE,
    approval_card.DENY,
    approval_card.WITHDRAW,
    approval_card.REVOKE,
    approval_card.ASK_AGAIN,
    approval_card.REVIEW,
    run_card.CANCEL,
    run_card.PAUSE,
    run_card.UNPAUSE,
    run_card.MARK_DONE,
    run_card.GIVE_UP,
    SHARE,
    *(f"{RUN_COMMAND}.{position}" for position in range(1, COMMANDS_SHOWN + 1)),
)
FOREIGN = f"01KDXA00000000000000000F00 {'0' * 12}"


@pytest.fixture
async def stage(redis_client: Redis) -> AsyncIterator[Stage]:
    async with staged(redis_client) as made:
        yield made


async def test_every_button_that_cards_print_does_something(stage: Stage) -> None:
    assert set(presses(stage.parts)) == {*ACTIONS, *QUIET}


# -- stale, foreign, unknown -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["", "x", "INC-42", "01KDXA0000000000000000000A", FOREIGN, "a b c", "x" * 2000, "\0"])
@pytest.mark.parametrize("action", ACTIONS)
async def test_a_press_on_a_stale_or_foreign_button_is_answered(stage: Stage, action: str, value: str) -> None:
    answer = await stage.send(click_body(action, value))
    assert (answer.status_code, answer.content) == (200, b"")
    (told,) = stage.told()
    assert told
    assert stage.metrics.acks[0][1] is not AckOutcome.FAILED


async def test_a_malformed_value_is_called_stale(stage: Stage) -> None:
    await stage.send(click_body(approval_card.APPROVE, "nonsense"))
    assert STALE.text in stage.told()[0]


async def test_an_unknown_button_says_that_an_update_is_under_way(stage: Stage) -> None:
    await stage.send(click_body("incident.teleport", "x"))
    assert UPDATING.text in stage.told()[0]


async def test_a_press_where_no_message_is_is_answered_in_a_window(stage: Stage) -> None:
    await stage.send(click_body("home.teleport", "x", in_home=True))
    (view,) = stage.chat.views
    assert UPDATING.text in said(view)


@pytest.mark.parametrize(("user", "team"), [(GUEST, "T0SANDBOX"), (ROBOT, "T0SANDBOX"), (DEE, OTHER_TEAM)])
async def test_strangers_change_nothing_and_hear_why(stage: Stage, user: UserId, team: str) -> None:
    approval = await stage.an_approval()
    await stage.send(click_body(approval_card.APPROVE, approval_card.button_value(approval), user=user, team=team))
    (told,) = stage.told()
    assert user in told
    assert (await stage.parts.approvals.get(approval.id)).votes == ()


async def test_a_store_that_is_away_means_that_nothing_was_done(redis_client: Redis) -> None:
    async with staged(redis_client, is_away=True) as stage:
        for action in (incident_card.ACK, approval_card.APPROVE, run_card.CANCEL, SHARE):
            value = FOREIGN if action == approval_card.APPROVE else FOREIGN.split()[0]
            answer = await stage.send(click_body(action, value))
            assert answer.status_code == 200
        assert len(stage.told()) == 4
        for told in stage.told():
            assert "Nothing was done: the state store is away. Try again in a minute." in told
        assert stage.metrics.acks == [(AckFamily.BUTTON, AckOutcome.AWAY)] * 4


# -- incidents -------------------------------------------------------------------------------------------------------


async def test_an_acknowledgement_shows_on_the_card_and_says_nothing(stage: Stage) -> None:
    incident = await stage.an_incident()
    answer = await stage.send(click_body(incident_card.ACK, incident.id))
    assert (answer.status_code, answer.content) == (200, b"")
    assert (await stage.parts.incidents.get(incident.id)).assignee == ADA
    assert stage.told() == []
    assert stage.metrics.acks == [(AckFamily.BUTTON, AckOutcome.ANSWERED)]


async def test_a_second_acknowledgement_says_that_it_was_heard(stage: Stage) -> None:
    incident = await stage.an_incident()
    for _ in range(2):
        await stage.send(click_body(incident_card.ACK, incident.id))
    (told,) = stage.told()
    assert "You have INC-1 already." in told


async def test_a_double_click_on_resolve_is_quiet(stage: Stage) -> None:
    incident = await stage.an_incident()
    for _ in range(2):
        await stage.send(click_body(incident_card.RESOLVE, incident.id))
    assert (await stage.parts.incidents.get(incident.id)).state is IncidentState.RESOLVED
    assert stage.told() == []


async def test_resolving_what_somebody_else_resolved_is_told(stage: Stage) -> None:
    incident = await stage.an_incident()
    await stage.send(click_body(incident_card.RESOLVE, incident.id))
    await stage.send(click_body(incident_card.RESOLVE, incident.id, user=CHI))
    assert "INC-1 is resolved already." in stage.told()[0]


async def test_somebody_who_may_only_look_is_told_what_it_takes(stage: Stage) -> None:
    incident = await stage.an_incident()
    for action in (incident_card.ACK, incident_card.RESOLVE, incident_card.MITIGATE, incident_card.REOPEN):
        await stage.send(click_body(action, incident.id, user=DEE))
    assert all("it takes an operator" in told for told in stage.told())
    assert len(stage.told()) == 4
    assert (await stage.parts.incidents.get(incident.id)).state is IncidentState.OPEN


@pytest.mark.parametrize(
    ("choice", "callback"), [(incident_card.NOTE, NOTE_CALLBACK), (incident_card.SEVERITY, SEVERITY_CALLBACK)]
)
async def test_the_menu_opens_forms(stage: Stage, choice: str, callback: str) -> None:
    incident = await stage.an_incident()
    await stage.send(choice_body(incident_card.MORE, f"{incident.id} {choice}"))
    (view,) = stage.chat.views
    assert (view["callback_id"], view["private_metadata"]) == (callback, incident.id)


async def test_the_menu_opens_no_form_for_somebody_who_may_not_send_it(stage: Stage) -> None:
    incident = await stage.an_incident()
    await stage.send(choice_body(incident_card.MORE, f"{incident.id} {incident_card.NOTE}", user=DEE))
    assert stage.chat.views == []
    assert "it takes an operator" in stage.told()[0]


async def test_the_menu_marks_mitigated_and_shows_the_timeline(stage: Stage) -> None:
    incident = await stage.an_incident()
    await stage.send(choice_body(incident_card.MORE, f"{incident.id} {incident_card.MITIGATED}"))
    await stage.send(choice_body(incident_card.MORE, f"{incident.id} {incident_card.TIMELINE}", user=DEE))
    assert (await stage.parts.incidents.get(incident.id)).state is IncidentState.MITIGATED
    (told,) = stage.told()
    assert "mitigated" in told


async def test_a_window_that_could_not_be_opened_is_said(stage: Stage) -> None:
    incident = await stage.an_incident()
    stage.chat.opens = False
    await stage.send(choice_body(incident_card.MORE, f"{incident.id} {incident_card.NOTE}"))
    assert "Press again." in stage.told()[0]


async def test_an_offered_runbook_becomes_one_request(stage: Stage) -> None:
    incident = await stage.an_incident()
    body = click_body(f"{incident_card.ASK}.1", f"{incident.id} restart-service")
    await stage.send(body)
    await stage.send(body)
    (request,) = await stage.requests.waiting(10)
    assert (request.runbook, request.parameters, request.incident) == (
        "restart-service",
        {"service": "qdrant"},
        incident.id,
    )
    assert "Restart qdrant on search-prod" in stage.told()[0]


async def test_a_runbook_that_is_not_offered_any_more_is_said(stage: Stage) -> None:
    incident = await stage.an_incident()
    await stage.send(click_body(f"{incident_card.ASK}.2", f"{incident.id} rm-rf"))
    assert "does not offer it any more" in stage.told()[0]


# -- approvals -------------------------------------------------------------------------------------------------------


async def test_a_yes_is_counted_and_the_voter_is_told_that_more_are_needed(stage: Stage) -> None:
    approval = await stage.an_approval(Need.TWO)
    await stage.send(click_body(approval_card.APPROVE, approval_card.button_value(approval), user=BEN))
    assert "1 of 2" in stage.told()[0]
    assert (await stage.parts.approvals.get(approval.id)).state is ApprovalState.PENDING


async def test_the_deciding_yes_shows_on_the_card_alone_also_when_doubled(stage: Stage) -> None:
    approval = await stage.an_approval()
    value = approval_card.button_value(approval)
    await asyncio.gather(*(stage.send(click_body(approval_card.APPROVE, value, user=BEN)) for _ in range(3)))
    stored = await stage.parts.approvals.get(approval.id)
    assert (stored.state, len(stored.votes)) == (ApprovalState.APPROVED, 1)
    assert stage.told() == []


async def test_two_who_agree_at_the_same_moment_both_count(stage: Stage) -> None:
    approval = await stage.an_approval(Need.TWO)
    value = approval_card.button_value(approval)
    await asyncio.gather(*(stage.send(click_body(approval_card.APPROVE, value, user=user)) for user in (BEN, CHI)))
    assert (await stage.parts.approvals.get(approval.id)).state is ApprovalState.APPROVED


async def test_ones_own_request_is_refused_to_the_one_who_pressed_alone(stage: Stage) -> None:
    approval = await stage.an_approval(by=CHI)
    await stage.send(click_body(approval_card.APPROVE, approval_card.button_value(approval), user=CHI))
    ((_, message, public),) = stage.chat.responses
    assert not public
    assert "is your own request" in said(message)
    assert BEN in said(message)


async def test_a_confirmation_is_quiet_and_so_is_its_double(stage: Stage) -> None:
    approval = await stage.an_approval(Need.CONFIRM)
    for _ in range(2):
        await stage.send(click_body(approval_card.APPROVE, approval_card.button_value(approval)))
    assert (await stage.parts.approvals.get(approval.id)).state is ApprovalState.APPROVED
    assert stage.told() == []


async def test_a_button_of_another_plan_counts_for_nothing(stage: Stage) -> None:
    approval = await stage.an_approval()
    await stage.send(click_body(approval_card.APPROVE, f"{approval.id} {'0' * 12}", user=BEN))
    assert "belongs to another plan" in stage.told()[0]
    assert (await stage.parts.approvals.get(approval.id)).votes == ()


async def test_a_vote_on_a_closed_request_is_answered(stage: Stage) -> None:
    approval = await stage.an_approval()
    value = approval_card.button_value(approval)
    await stage.send(click_body(approval_card.WITHDRAW, value))
    await stage.send(click_body(approval_card.APPROVE, value, user=BEN))
    assert "is withdrawn already" in stage.told()[0]


async def test_deny_asks_why_before_anything_is_done(stage: Stage) -> None:
    approval = await stage.an_approval()
    value = approval_card.button_value(approval)
    await stage.send(click_body(approval_card.DENY, value, user=BEN))
    (view,) = stage.chat.views
    assert (view["callback_id"], view["private_metadata"]) == (DENY_CALLBACK, value)
    assert (await stage.parts.approvals.get(approval.id)).state is ApprovalState.PENDING


async def test_deny_by_the_requester_withdraws(stage: Stage) -> None:
    approval = await stage.an_approval()
    await stage.send(click_body(approval_card.DENY, approval_card.button_value(approval)))
    assert stage.chat.views == []
    assert (await stage.parts.approvals.get(approval.id)).state is ApprovalState.WITHDRAWN


@pytest.mark.parametrize("user", [DEE, GUEST])
async def test_deny_opens_no_form_for_somebody_who_may_not(stage: Stage, user: UserId) -> None:
    approval = await stage.an_approval()
    await stage.send(click_body(approval_card.DENY, approval_card.button_value(approval), user=user))
    assert stage.chat.views == []
    assert len(stage.told()) == 1


async def test_a_yes_is_revoked_quietly_by_an_approver(stage: Stage) -> None:
    approval = await stage.an_approval()
    value = approval_card.button_value(approval)
    await stage.send(click_body(approval_card.APPROVE, value, user=BEN))
    for _ in range(2):
        await stage.send(click_body(approval_card.REVOKE, value, user=CHI))
    assert (await stage.parts.approvals.get(approval.id)).state is ApprovalState.REVOKED
    assert stage.told() == []


async def test_ask_again_makes_a_request_under_the_name_of_who_asks_now(stage: Stage) -> None:
    approval = await stage.an_approval()
    value = approval_card.button_value(approval)
    await stage.send(click_body(approval_card.WITHDRAW, value))
    await stage.send(click_body(approval_card.ASK_AGAIN, value, user=CHI))
    (request,) = await stage.requests.waiting(10)
    assert request.requester.id == CHI
    assert "the plan follows" in stage.told()[0]


async def test_ask_again_of_an_open_request_is_refused(stage: Stage) -> None:
    approval = await stage.an_approval()
    await stage.send(click_body(approval_card.ASK_AGAIN, approval_card.button_value(approval)))
    assert "nothing to ask again" in stage.told()[0]


async def test_a_review_is_only_for_emergencies(stage: Stage) -> None:
    approval = await stage.an_approval()
    await stage.send(click_body(approval_card.REVIEW, approval_card.button_value(approval), user=BEN))
    assert len(stage.told()) == 1


# -- runs ------------------------------------------------------------------------------------------------------------


async def test_a_run_is_called_off_quietly_also_when_doubled(stage: Stage) -> None:
    run = await stage.a_run()
    for _ in range(2):
        await stage.send(click_body(run_card.CANCEL, run))
    assert (await stage.parts.runs.get(run)).state is RunState.CANCELLED
    assert stage.told() == []


async def test_calling_off_what_is_over_says_how_it_ended(stage: Stage) -> None:
    run = await stage.a_run()
    await stage.send(click_body(run_card.CANCEL, run))
    await stage.send(click_body(run_card.CANCEL, run, user=CHI))
    assert "RUN-1 is over already: it is cancelled" in stage.told()[0]


async def test_a_run_is_paused_and_let_go_on_quietly(stage: Stage) -> None:
    run = await stage.a_run()
    await stage.send(click_body(run_card.PAUSE, run))
    assert (await stage.parts.runs.get(run)).pause_by == ADA
    await stage.send(click_body(run_card.UNPAUSE, run))
    assert (await stage.parts.runs.get(run)).pause_by is None
    assert stage.told() == []


async def test_letting_a_run_go_on_that_nobody_paused_is_told(stage: Stage) -> None:
    run = await stage.a_run()
    await stage.send(click_body(run_card.UNPAUSE, run))
    assert "Nothing changed" in stage.told()[0]


@pytest.mark.parametrize("action", [run_card.CANCEL, run_card.PAUSE, run_card.MARK_DONE, run_card.GIVE_UP])
async def test_somebody_who_may_only_look_leaves_runs_alone(stage: Stage, action: str) -> None:
    run = await stage.a_run()
    await stage.send(click_body(action, run, user=DEE))
    assert stage.chat.views == []
    assert "it takes an operator" in stage.told()[0]


@pytest.mark.parametrize(
    ("action", "callback"), [(run_card.MARK_DONE, MARK_DONE_CALLBACK), (run_card.GIVE_UP, GIVE_UP_CALLBACK)]
)
async def test_an_answer_for_a_step_asks_what_was_seen(stage: Stage, action: str, callback: str) -> None:
    run = await stage.a_stopped_run()
    await stage.send(click_body(action, run))
    (view,) = stage.chat.views
    assert (view["callback_id"], view["private_metadata"]) == (callback, run)
    assert "1: Restart qdrant" in said(view)


async def test_an_answer_for_a_step_that_waits_for_nobody_is_refused(stage: Stage) -> None:
    run = await stage.a_run()
    await stage.send(click_body(run_card.MARK_DONE, run))
    assert stage.chat.views == []
    assert len(stage.told()) == 1


# -- replay ----------------------------------------------------------------------------------------------------------


async def test_the_same_click_sent_twice_has_one_effect_and_one_answer(stage: Stage) -> None:
    approval = await stage.an_approval(Need.TWO)
    body = click_body(approval_card.APPROVE, approval_card.button_value(approval), user=BEN)
    answers = [await stage.send(body), await stage.send(body)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert len((await stage.parts.approvals.get(approval.id)).votes) == 1
    assert all("1 of 2" in told for told in stage.told())


async def test_a_replayed_acknowledgement_does_not_take_an_incident_back(stage: Stage) -> None:
    incident = await stage.an_incident()
    body = click_body(incident_card.ACK, incident.id)
    await stage.send(body)
    await stage.send(click_body(incident_card.ACK, incident.id, user=CHI))
    await stage.send(body)
    assert (await stage.parts.incidents.get(incident.id)).assignee == CHI
