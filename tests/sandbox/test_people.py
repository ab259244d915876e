"""People press, choose, submit, close and look; the payloads are Slack's."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from bot.sandbox import cast
from bot.sandbox.client import Refused
from tests.sandbox.stage import Stage, actions, button, modal, plain, section, text_input

OPTIONS = [{"text": plain("30 minutes"), "value": "30"}, {"text": plain("2 hours"), "value": "120"}]
SILENCE = {"type": "static_select", "action_id": "silence", "placeholder": plain("Silence for"), "options": OPTIONS}
MORE = {"type": "overflow", "action_id": "more", "options": OPTIONS}


async def show_modal(stage: Stage, *blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
    outcome = await stage.chat.global_shortcut(cast.BEN, "declare")
    answer = await stage.call("views.open", trigger_id=outcome["trigger_id"], view=modal(*blocks, **more))
    assert answer["ok"], answer
    stage.bot.requests.clear()
    return dict(answer["view"])


async def test_click_carries_container_message_state_and_action(stage: Stage) -> None:
    parent = await stage.posted("parent")
    card = await stage.posted(thread_ts=parent["ts"], blocks=[actions(button(), SILENCE, block_id="act")])
    await stage.chat.click(cast.BEN, card, action_id="ack")
    [payload] = stage.bot.payloads()
    assert payload["container"] == {
        "type": "message",
        "message_ts": card["ts"],
        "channel_id": cast.INCIDENTS,
        "is_ephemeral": False,
        "thread_ts": parent["ts"],
    }
    assert payload["actions"][0] | {"action_ts": ""} == {
        "type": "button",
        "action_id": "ack",
        "block_id": "act",
        "action_ts": "",
        "text": plain("Acknowledge"),
        "value": "01",
    }
    assert payload["state"]["values"] == {"act": {"silence": {"type": "static_select", "selected_option": None}}}
    assert (payload["user"]["id"], payload["user"]["team_id"], payload["message"]["ts"]) == (
        cast.BEN,
        cast.TEAM,
        card["ts"],
    )


async def test_click_inside_an_attachment_names_it(stage: Stage) -> None:
    card = await stage.posted(attachments=[{"color": "danger", "blocks": [actions(button())]}])
    await stage.chat.click(cast.BEN, card, text="Acknowledge")
    container = stage.bot.payloads()[0]["container"]
    assert (container["type"], container["attachment_id"]) == ("message_attachment", 1)


async def test_click_on_an_ephemeral_message_carries_no_message(stage: Stage) -> None:
    blocks = [actions(button())]
    await stage.call("chat.postEphemeral", channel=cast.INCIDENTS, user=cast.BEN, text="psst", blocks=blocks)
    [source] = await stage.chat.ephemerals(cast.BEN)
    await stage.chat.click(cast.BEN, source, action_id="ack")
    [payload] = stage.bot.payloads()
    assert (payload["container"]["is_ephemeral"], "message" in payload) == (True, False)


@pytest.mark.parametrize("how", [{"action_id": "silence", "choice": "120"}, {"text": "2 hours"}])
async def test_choice_is_named_by_value_or_by_what_is_seen(stage: Stage, how: dict[str, str]) -> None:
    card = await stage.posted(blocks=[actions(SILENCE)])
    await stage.chat.click(cast.BEN, card, **how)
    assert stage.bot.payloads()[0]["actions"][0]["selected_option"] == OPTIONS[1]


async def test_overflow_choice_stays_out_of_the_state(stage: Stage) -> None:
    card = await stage.posted(blocks=[actions(MORE)])
    await stage.chat.click(cast.BEN, card, action_id="more", choice="30")
    [payload] = stage.bot.payloads()
    assert (payload["actions"][0]["selected_option"]["value"], payload["state"]["values"]) == ("30", {})


@pytest.mark.parametrize("how", [{"action_id": "nope"}, {"action_id": "silence", "choice": "7"}])
async def test_what_is_not_there_cannot_be_clicked(stage: Stage, how: dict[str, str]) -> None:
    card = await stage.posted(blocks=[actions(SILENCE)])
    with pytest.raises(Refused, match=r"there (is|are)"):
        await stage.chat.click(cast.BEN, card, **how)


async def test_message_shortcut_carries_the_message(stage: Stage) -> None:
    said = await stage.chat.say(cast.CHI, cast.INCIDENTS, "restarted it")
    [message] = await stage.chat.messages(cast.INCIDENTS)
    await stage.chat.settle()
    stage.bot.requests.clear()
    await stage.chat.message_shortcut(cast.BEN, message, "incident.add_to_timeline")
    [payload] = stage.bot.payloads()
    assert (payload["type"], payload["message"]["ts"], payload["message"]["text"]) == (
        "message_action",
        said["ts"],
        "restarted it",
    )


async def test_submission_carries_the_state_and_closes(stage: Stage) -> None:
    select = {"type": "input", "block_id": "long", "label": plain("How long"), "element": SILENCE}
    view = await show_modal(stage, text_input(), select, callback_id="silence", private_metadata="01")
    await stage.chat.submit(cast.BEN, {"why.text": "noise", "long": "2 hours"})
    [payload] = stage.bot.payloads()
    assert payload["type"] == "view_submission"
    assert payload["view"]["state"]["values"] == {
        "why": {"why.text": {"type": "plain_text_input", "value": "noise"}},
        "long": {"silence": {"type": "static_select", "selected_option": OPTIONS[1]}},
    }
    assert (payload["view"]["id"], payload["view"]["private_metadata"]) == (view["id"], "01")
    assert await stage.chat.modal(cast.BEN) is None


async def test_empty_required_input_is_refused_before_the_bot_hears(stage: Stage) -> None:
    await show_modal(stage, text_input())
    outcome = await stage.chat.submit(cast.BEN)
    view = await stage.chat.modal(cast.BEN)
    assert (outcome["failure"], stage.bot.requests) == ("required_fields_missing", [])
    assert view is not None
    assert list(view["errors"]) == ["why"]


@pytest.mark.parametrize(
    ("answer", "titles"),
    [
        ({"response_action": "update", "view": modal(section(), title=plain("Next"))}, ["Next"]),
        ({"response_action": "push", "view": modal(section(), title=plain("Next"))}, ["A view", "Next"]),
        ({"response_action": "clear"}, []),
        ({"response_action": "errors", "errors": {"why": "too short"}}, ["A view"]),
        ({"response_action": "update", "view": {"type": "modal"}}, ["A view"]),
    ],
)
async def test_submission_answer_moves_the_stack(stage: Stage, answer: dict[str, Any], titles: list[str]) -> None:
    await show_modal(stage, text_input())
    stage.bot.answers(httpx.Response(200, json=answer))
    await stage.chat.submit(cast.BEN, {"why": "noise"})
    state = await stage.chat.state()
    views = {view["id"]: view for view in state["views"]}
    assert [views[view_id]["title"]["text"] for view_id in state["stacks"][cast.BEN]] == titles


async def test_errors_of_the_bot_stand_beside_their_input(stage: Stage) -> None:
    await show_modal(stage, text_input())
    stage.bot.answers(httpx.Response(200, json={"response_action": "errors", "errors": {"why": "too short"}}))
    await stage.chat.submit(cast.BEN, {"why": "x"})
    view = await stage.chat.modal(cast.BEN)
    assert view is not None
    assert view["errors"] == {"why": "too short"}


ERRORS_ELSEWHERE = {"response_action": "errors", "errors": {"elsewhere": "x"}}


@pytest.mark.parametrize(
    "answer",
    [httpx.Response(500), httpx.Response(200, text="what"), httpx.Response(200, json=ERRORS_ELSEWHERE), None],
)
async def test_bad_submission_answer_shows_trouble(stage: Stage, answer: httpx.Response | None) -> None:
    await show_modal(stage, text_input())
    if answer is None:
        stage.bot.is_silent()
    else:
        stage.bot.answers(answer)
    outcome = await stage.chat.submit(cast.BEN, {"why": "noise"})
    view = await stage.chat.modal(cast.BEN)
    assert outcome["failure"]
    assert view is not None
    assert view["notice"].startswith("We had some trouble")


async def test_closing_is_told_only_where_asked_for(stage: Stage) -> None:
    await show_modal(stage, section())
    await stage.chat.close(cast.BEN)
    untold = list(stage.bot.requests)
    await show_modal(stage, section(), notify_on_close=True)
    await stage.chat.close(cast.BEN, everything=True)
    [payload] = stage.bot.payloads()
    assert (untold, payload["type"], payload["is_cleared"]) == ([], "view_closed", True)


async def test_stack_is_three_deep(stage: Stage) -> None:
    await show_modal(stage, section())
    errors = []
    for _ in range(3):
        outcome = await stage.chat.global_shortcut(cast.BEN, "more")
        answer = await stage.call("views.push", trigger_id=outcome["trigger_id"], view=modal(section()))
        errors.append(answer.get("error"))
    assert errors == [None, None, "push_limit_reached"]


async def test_update_with_a_stale_hash_conflicts(stage: Stage) -> None:
    view = await show_modal(stage, text_input())
    fresh = await stage.call("views.update", view_id=view["id"], hash=view["hash"], view=modal(text_input()))
    stale = await stage.call("views.update", view_id=view["id"], hash=view["hash"], view=modal(text_input()))
    assert (fresh["ok"], stale["error"]) == (True, "hash_conflict")


async def test_closed_view_cannot_be_updated(stage: Stage) -> None:
    view = await show_modal(stage, section())
    await stage.chat.close(cast.BEN)
    assert (await stage.call("views.update", view_id=view["id"], view=modal(section())))["error"] == "not_found"


async def test_press_inside_a_modal_carries_the_view(stage: Stage) -> None:
    view = await show_modal(stage, text_input(), actions(button("look", "Look")))
    await stage.chat.click_view(cast.BEN, view["id"], action_id="look")
    [payload] = stage.bot.payloads()
    assert payload["container"] == {"type": "view", "view_id": view["id"]}
    assert ("response_url" in payload, payload["view"]["id"]) == (False, view["id"])


async def test_home_is_told_published_and_pressed(stage: Stage) -> None:
    await stage.chat.open_home(cast.BEN)
    await stage.chat.settle()
    event = stage.bot.payloads()[0]["event"]
    await stage.call("views.publish", user_id=cast.BEN, view={"type": "home", "blocks": [actions(button())]})
    home = await stage.chat.home(cast.BEN)
    assert home is not None
    await stage.chat.click_view(cast.BEN, home["id"], action_id="ack")
    assert (event["type"], event["tab"], len(stage.bot.requests)) == ("app_home_opened", "home", 2)


async def test_external_select_offers_what_the_bot_says(stage: Stage) -> None:
    element = {"type": "external_select", "action_id": "pick"}
    select = {"type": "input", "block_id": "which", "label": plain("Which"), "element": element}
    view = await show_modal(stage, select)
    stage.bot.answers(httpx.Response(200, json={"options": OPTIONS}))
    options = await stage.chat.suggest(cast.BEN, view["id"], "pick", "30")
    await stage.chat.submit(cast.BEN, {"pick": options[0]})
    suggestion, submission = stage.bot.payloads()
    assert (suggestion["type"], suggestion["value"]) == ("block_suggestion", "30")
    assert submission["view"]["state"]["values"]["which"]["pick"]["selected_option"] == OPTIONS[0]


async def test_invite_lets_the_bot_into_a_channel(stage: Stage) -> None:
    refused = await stage.call("chat.postMessage", channel=cast.GENERAL, text="hello")
    assert refused["error"] == "not_in_channel"
    await stage.chat.command(cast.BEN, cast.GENERAL, f"/invite @{cast.BOT_NAME}")
    assert (await stage.call("chat.postMessage", channel=cast.GENERAL, text="hello"))["ok"]
    assert stage.bot.requests == []


async def test_invite_of_nobody_is_refused(stage: Stage) -> None:
    outcome = await stage.chat.command(cast.BEN, cast.GENERAL, "/invite @nobody")
    assert outcome["failure"] == "user_not_found"
