"""What the bot is told, how it is signed, and what happens when it does not answer."""

from __future__ import annotations

import httpx
from slack_sdk.signature import SignatureVerifier

from bot.sandbox import cast
from tests.sandbox.stage import SECRET, Stage, actions, button, decoded


def is_genuine(request: httpx.Request) -> bool:
    return SignatureVerifier(SECRET).is_valid_request(request.content, dict(request.headers))


async def test_deliveries_are_signed(stage: Stage) -> None:
    await stage.chat.command(cast.BEN, cast.INCIDENTS, "/ops status")
    await stage.chat.global_shortcut(cast.BEN, "declare")
    await stage.chat.say(cast.BEN, cast.INCIDENTS, "hello")
    await stage.chat.settle()
    assert [is_genuine(request) for request in stage.bot.requests] == [True] * 3


async def test_skewed_clock_makes_the_signature_stale(stage: Stage) -> None:
    await stage.chat.configure(signature_skew_s=-360)
    await stage.chat.command(cast.BEN, cast.INCIDENTS, "/ops status")
    assert not is_genuine(stage.bot.requests[0])


async def test_delivery_can_be_sent_again_and_tampered_with(stage: Stage) -> None:
    await stage.chat.command(cast.BEN, cast.INCIDENTS, "/ops status")
    [delivery] = await stage.chat.deliveries("/ops")
    await stage.chat.resend(delivery["id"])
    await stage.chat.resend(delivery["id"], body=delivery["body"].replace("status", "restart"))
    first, again, tampered = stage.bot.requests
    assert (again.content, is_genuine(again), is_genuine(tampered)) == (first.content, True, False)


async def test_command_travels_as_form_fields(stage: Stage) -> None:
    await stage.chat.command(cast.BEN, cast.INCIDENTS, "/ops restart payload-api <b> & @chi #reports")
    [fields] = stage.bot.payloads()
    assert fields["command"] == "/ops"
    assert fields["text"] == "restart payload-api &lt;b&gt; &amp; <@U0CHI|chi> <#C0REP|reports>"
    assert (fields["user_id"], fields["team_id"], fields["channel_name"]) == (cast.BEN, cast.TEAM, "incidents")


async def test_command_answer_is_shown_to_the_actor_alone(stage: Stage) -> None:
    stage.bot.answers(httpx.Response(200, json={"text": "*ok*"}), httpx.Response(200, text="plain"))
    for _ in range(2):
        await stage.chat.command(cast.BEN, cast.INCIDENTS, "/ops status")
    assert [m["text"] for m in await stage.chat.ephemerals(cast.BEN)] == ["*ok*", "plain"]
    assert await stage.chat.messages(cast.INCIDENTS) == []


async def test_command_answer_can_be_for_the_channel(stage: Stage) -> None:
    stage.bot.answers(httpx.Response(200, json={"text": "all", "response_type": "in_channel"}))
    await stage.chat.command(cast.BEN, cast.INCIDENTS, "/ops status")
    assert [m["text"] for m in await stage.chat.messages(cast.INCIDENTS)] == ["all"]


async def test_command_answer_with_a_bad_block_fails_for_the_actor(stage: Stage) -> None:
    stage.bot.answers(httpx.Response(200, json={"text": "x", "blocks": [{"type": "blink"}]}))
    outcome = await stage.chat.command(cast.BEN, cast.INCIDENTS, "/ops status")
    assert outcome["failure"].startswith("invalid_blocks")


async def test_slow_command_shows_a_timeout(stage: Stage) -> None:
    stage.bot.is_silent()
    outcome = await stage.chat.command(cast.BEN, cast.INCIDENTS, "/ops status")
    [line] = await stage.chat.ephemerals(cast.BEN)
    assert outcome["failure"] == "operation_timeout"
    assert line["text"] == "/ops failed with the error “operation_timeout”"


async def test_failed_command_shows_dispatch_failed(stage: Stage) -> None:
    stage.bot.answers(httpx.Response(500))
    outcome = await stage.chat.command(cast.BEN, cast.INCIDENTS, "/ops status")
    assert (outcome["failure"], outcome["status"]) == ("dispatch_failed", 500)


async def test_bot_that_is_away_shows_dispatch_failed(stage: Stage) -> None:
    await stage.chat.configure(bot_urls=[])
    outcome = await stage.chat.command(cast.BEN, cast.INCIDENTS, "/ops status")
    assert outcome["failure"] == "dispatch_failed"


async def test_slash_command_in_a_thread_is_refused_by_the_client(stage: Stage) -> None:
    card = await stage.posted()
    outcome = await stage.chat.command(cast.BEN, cast.INCIDENTS, "/ops status", thread_ts=card["ts"])
    assert (outcome["failure"], stage.bot.requests) == ("not_supported_in_threads", [])


async def test_mention_is_told_twice_as_message_and_as_mention(stage: Stage) -> None:
    card = await stage.posted()
    await stage.chat.say(cast.BEN, cast.INCIDENTS, "@watchkeeper status <now>", thread_ts=card["ts"])
    await stage.chat.settle()
    envelopes = {payload["event"]["type"]: payload for payload in stage.bot.payloads()}
    mention = envelopes["app_mention"]
    assert set(envelopes) == {"message", "app_mention"}
    assert mention["event"]["text"] == f"<@{cast.BOT_USER}> status &lt;now&gt;"
    assert mention["event"]["thread_ts"] == card["ts"]
    assert (mention["team_id"], mention["event"]["team"]) == (cast.TEAM, cast.TEAM)
    assert envelopes["message"]["event_id"] != mention["event_id"]


async def test_channel_without_the_bot_stays_untold(stage: Stage) -> None:
    await stage.chat.say(cast.BEN, cast.GENERAL, "@watchkeeper hello")
    await stage.chat.settle()
    assert stage.bot.requests == []


async def test_failed_event_is_retried_three_times_with_reasons(stage: Stage) -> None:
    stage.bot.answers(*[httpx.Response(500)] * 4)
    await stage.chat.say(cast.BEN, cast.INCIDENTS, "hello")
    await stage.chat.settle()
    numbers = [request.headers.get("x-slack-retry-num") for request in stage.bot.requests]
    assert numbers == [None, "1", "2", "3"]
    assert stage.bot.requests[1].headers["x-slack-retry-reason"] == "http_error"
    assert len({decoded(request)["event_id"] for request in stage.bot.requests}) == 1


async def test_bot_can_stop_retries(stage: Stage) -> None:
    stage.bot.answers(httpx.Response(500, headers={"x-slack-no-retry": "1"}))
    await stage.chat.say(cast.BEN, cast.INCIDENTS, "hello")
    await stage.chat.settle()
    assert len(stage.bot.requests) == 1


async def test_interaction_is_not_retried(stage: Stage) -> None:
    stage.bot.answers(httpx.Response(500))
    card = await stage.posted(blocks=[actions(button())])
    outcome = await stage.chat.click(cast.BEN, card, action_id="ack")
    assert (outcome["failure"], len(stage.bot.requests)) == ("dispatch_failed", 1)


async def test_replicas_take_turns(stage: Stage) -> None:
    await stage.chat.configure(bot_urls=["http://one.test/", "http://two.test/"])
    for _ in range(2):
        await stage.chat.command(cast.BEN, cast.INCIDENTS, "/ops status")
    assert [request.url.host for request in stage.bot.requests] == ["one.test", "two.test"]


async def test_only_subscribed_events_are_sent(stage: Stage) -> None:
    await stage.chat.configure(events=["app_mention"])
    await stage.chat.say(cast.BEN, cast.INCIDENTS, "hello")
    await stage.chat.settle()
    assert stage.bot.requests == []


async def test_deletion_and_reaction_are_told(stage: Stage) -> None:
    card = await stage.posted()
    await stage.chat.react(cast.BEN, card, "eyes")
    await stage.chat.delete(cast.ADA, card)
    await stage.chat.settle()
    events = [payload["event"] for payload in stage.bot.payloads()]
    assert {(event["type"], event.get("subtype")) for event in events} == {
        ("reaction_added", None),
        ("message", "message_deleted"),
    }
