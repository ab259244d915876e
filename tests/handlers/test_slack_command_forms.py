"""Commands that lack something: a form opens, and what was probably meant is one press away."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from bot.domain.answers import Platforms, Problem, Said
from bot.domain.forms import Choice, CommandForm, Field, FieldKind, Filled
from bot.messages.answers import RUN_COMMAND, SHARE
from bot.messages.modals import COMMAND_CALLBACK
from bot.verbs import Entrance, Family, Reply, Request
from handlers.acks import AckFamily, AckOutcome
from tests.handlers.slack_stage import Stage, click_body, command_body, form_body, said, staged

FORM = CommandForm(
    "/ops restart",
    "Ask for restart",
    "ask for a service to be restarted",
    (
        Field("service", "Service", FieldKind.CHOICE, True, choices=(Choice("qdrant", "qdrant: vectors"),)),
        Field("reason", "Reason", FieldKind.LINES, False, initial="it hangs"),
        Field("person", "Person", FieldKind.PERSON, False),
    ),
)
LACKS = Problem("restart needs a service.", "Usage: /ops restart <service>", ("/ops restart qdrant",))


@pytest.fixture
async def stage(redis_client: Redis) -> AsyncIterator[Stage]:
    async with staged(redis_client) as made:
        yield made


async def lacking(_: Request) -> Reply:
    return Reply(LACKS, form=FORM)


async def test_a_form_opens_and_nothing_else_is_said(stage: Stage) -> None:
    stage.verbs.do = lacking
    answer = await stage.send(command_body("restart"))
    assert (answer.status_code, answer.content) == (200, b"")
    (view,) = stage.chat.views
    assert (view["callback_id"], view["private_metadata"]) == (COMMAND_CALLBACK, "/ops restart")
    assert "it hangs" in said(view)
    assert stage.metrics.acks == [(AckFamily.COMMAND, AckOutcome.ANSWERED)]


async def test_a_form_that_cannot_open_leaves_the_usage(stage: Stage) -> None:
    stage.verbs.do, stage.chat.opens = lacking, False
    answer = await stage.send(command_body("restart"))
    assert "restart needs a service." in answer.json()["text"]
    assert "/ops restart qdrant" in said(answer.json())


async def test_a_form_sent_off_is_answered_in_its_place(stage: Stage) -> None:
    sent = form_body(COMMAND_CALLBACK, "/ops restart", {"service": "qdrant", "reason": "it hangs"})
    answer = (await stage.send(sent)).json()
    assert stage.verbs.submitted == [Filled("/ops restart", {"service": "qdrant", "reason": "it hangs"})]
    assert answer["response_action"] == "update"
    assert "You sent: /ops restart" in said(answer)


async def test_what_is_wrong_stands_beside_its_field(stage: Stage) -> None:
    async def refuse(_: Filled) -> Reply:
        return Reply(Problem("“qdrnat” is not a service.", "There is qdrant."), field="service")

    stage.verbs.settle = refuse
    answer = (await stage.send(form_body(COMMAND_CALLBACK, "/ops restart", {"service": "qdrnat"}))).json()
    assert answer == {
        "response_action": "errors",
        "errors": {"service": "“qdrnat” is not a service. There is qdrant."},
    }


async def test_what_is_wrong_with_no_field_of_the_form_is_told_in_its_place(stage: Stage) -> None:
    async def refuse(_: Filled) -> Reply:
        return Reply(Problem("say which platform is meant.", nearest=("/ops restart qdrant search",)), field="platform")

    stage.verbs.settle = refuse
    answer = (await stage.send(form_body(COMMAND_CALLBACK, "/ops restart", {"service": "qdrant"}))).json()
    assert answer["response_action"] == "update"
    assert "/ops restart qdrant search" in said(answer)


# -- buttons that run commands ---------------------------------------------------------------------------------------


async def test_what_was_probably_meant_is_one_press_away(stage: Stage) -> None:
    stage.verbs.do = lacking
    stage.chat.opens = False
    shown = (await stage.send(command_body("restrt"))).json()
    (button,) = [it for block in shown["blocks"] for it in block.get("elements", []) if "value" in it]
    assert (button["action_id"], button["value"]) == (f"{RUN_COMMAND}.1", "/ops restart qdrant")
    stage.verbs.do = None
    await stage.send(click_body(button["action_id"], button["value"]))
    request = stage.verbs.asked[-1]
    assert (request.family, request.text, request.entrance) == (Family.OPS, "restart qdrant", Entrance.BUTTON)
    assert "You asked: restart qdrant" in stage.told()[0]


async def test_a_press_that_lacks_something_opens_the_form(stage: Stage) -> None:
    stage.verbs.do = lacking
    await stage.send(click_body(f"{RUN_COMMAND}.2", "/ops restart", in_home=True))
    (view,) = stage.chat.views
    assert view["callback_id"] == COMMAND_CALLBACK


async def test_an_answer_to_a_press_can_be_shared(stage: Stage) -> None:
    async def answer(_: Request) -> Reply:
        return Reply(Platforms(()), shareable=True)

    stage.verbs.do = answer
    await stage.send(click_body(f"{RUN_COMMAND}.1", "/ops platforms"))
    assert SHARE in stage.told()[0]


async def test_a_menu_is_answered_with_its_buttons(stage: Stage) -> None:
    async def answer(_: Request) -> Reply:
        return Reply(Said("Here you are."))

    stage.verbs.do = answer
    assert (await stage.send(command_body(""))).json()["text"] == "Here you are."
    assert json.dumps(stage.chat.views) == "[]"
