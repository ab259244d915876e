"""Triggers, response URLs and rate windows, on a clock that tests move."""

from __future__ import annotations

from typing import Any

from bot.sandbox import cast
from bot.sandbox.rates import CALLS_A_MINUTE, POST_BURST
from tests.sandbox.stage import Stage, actions, button, modal, section


async def trigger(stage: Stage) -> str:
    outcome = await stage.chat.global_shortcut(cast.BEN, "declare")
    return str(outcome["trigger_id"])


async def opened(stage: Stage, trigger_id: str, **view: Any) -> dict[str, Any]:
    return await stage.call("views.open", trigger_id=trigger_id, view=modal(section(), **view))


async def test_trigger_opens_one_modal(stage: Stage) -> None:
    trigger_id = await trigger(stage)
    first, second = await opened(stage, trigger_id), await opened(stage, trigger_id)
    assert (first["ok"], second["error"]) == (True, "exchanged_trigger_id")


async def test_trigger_expires_after_three_seconds(stage: Stage) -> None:
    early, late = await trigger(stage), await trigger(stage)
    await stage.chat.advance(3)
    in_time = await opened(stage, early)
    await stage.chat.advance(0.1)
    assert (in_time["ok"], (await opened(stage, late))["error"]) == (True, "expired_trigger_id")


async def test_invented_trigger_is_refused(stage: Stage) -> None:
    answer = await opened(stage, "1.2.3")
    assert (answer["error"], "/trigger_id" in answer["response_metadata"]["messages"][0]) == ("invalid_arguments", True)


async def test_refused_view_does_not_spend_the_trigger(stage: Stage) -> None:
    trigger_id = await trigger(stage)
    await stage.call("views.open", trigger_id=trigger_id, view={"type": "modal"})
    assert (await opened(stage, trigger_id))["ok"]


async def test_response_url_works_five_times(stage: Stage) -> None:
    outcome = await stage.chat.command(cast.BEN, cast.INCIDENTS, "/ops status")
    answers = [await stage.http.post(outcome["response_url"], json={"text": str(n)}) for n in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [404]
    assert answers[5].json()["error"] == "used_url"
    assert len(await stage.chat.ephemerals(cast.BEN)) == 5


async def test_response_url_dies_after_thirty_minutes(stage: Stage) -> None:
    outcome = await stage.chat.command(cast.BEN, cast.INCIDENTS, "/ops status")
    await stage.chat.advance(30 * 60 + 1)
    answer = await stage.http.post(outcome["response_url"], json={"text": "late"})
    assert (answer.status_code, answer.json()["error"]) == (404, "expired_url")


async def test_response_in_channel_reaches_channels_without_the_bot(stage: Stage) -> None:
    outcome = await stage.chat.command(cast.BEN, cast.GENERAL, "/ops status")
    await stage.http.post(outcome["response_url"], json={"text": "all", "response_type": "in_channel"})
    assert [m["text"] for m in await stage.chat.messages(cast.GENERAL)] == ["all"]


async def test_response_replaces_and_deletes_its_source(stage: Stage) -> None:
    card = await stage.posted(blocks=[actions(button())])
    outcome = await stage.chat.click(cast.BEN, card, action_id="ack")
    await stage.http.post(outcome["response_url"], json={"text": "done", "replace_original": True})
    replaced = [m["text"] for m in await stage.chat.messages(cast.INCIDENTS)]
    await stage.http.post(outcome["response_url"], json={"delete_original": True})
    assert (replaced, await stage.chat.messages(cast.INCIDENTS)) == (["done"], [])


async def test_thread_answer_without_replace_false_overwrites_the_source(stage: Stage) -> None:
    card = await stage.posted(blocks=[actions(button())])
    outcome = await stage.chat.click(cast.BEN, card, action_id="ack")
    content = {"text": "in thread", "thread_ts": card["ts"], "response_type": "in_channel"}
    await stage.http.post(outcome["response_url"], json={**content, "replace_original": False})
    kept = [m["text"] for m in await stage.chat.messages(cast.INCIDENTS)]
    await stage.http.post(outcome["response_url"], json=content)
    overwritten = [m["text"] for m in await stage.chat.messages(cast.INCIDENTS)]
    assert (kept, overwritten) == (["hello"], ["in thread"])


async def test_ephemeral_source_never_becomes_public(stage: Stage) -> None:
    blocks = [actions(button())]
    await stage.call("chat.postEphemeral", channel=cast.INCIDENTS, user=cast.BEN, text="psst", blocks=blocks)
    [source] = await stage.chat.ephemerals(cast.BEN)
    outcome = await stage.chat.click(cast.BEN, source, action_id="ack")
    content = {"text": "shared?", "replace_original": True, "response_type": "in_channel"}
    await stage.http.post(outcome["response_url"], json=content)
    assert await stage.chat.messages(cast.INCIDENTS) == []
    assert [m["text"] for m in await stage.chat.ephemerals(cast.BEN)] == ["shared?"]


async def test_rate_limits_are_off_at_first(stage: Stage) -> None:
    message = await stage.posted()
    where = {"channel": cast.INCIDENTS, "ts": message["ts"]}
    answers = [await stage.call("chat.update", **where, text=str(n)) for n in range(60)]
    assert all(answer["ok"] for answer in answers)


async def test_update_is_limited_to_fifty_a_minute(stage: Stage) -> None:
    await stage.chat.configure(rate_limits=True)
    message = await stage.posted()
    where = {"channel": cast.INCIDENTS, "ts": message["ts"]}
    answers = [await stage.call("chat.update", **where, text=str(n)) for n in range(51)]
    await stage.chat.advance(60)
    later = await stage.call("chat.update", **where, text="later")
    assert (sum(answer["ok"] for answer in answers), answers[50]["error"]) == (50, "ratelimited")
    assert later["ok"]


async def test_posts_are_limited_to_one_a_second_for_each_channel(stage: Stage) -> None:
    await stage.chat.configure(rate_limits=True)
    burst = [await stage.call("chat.postMessage", channel=cast.INCIDENTS, text="x") for _ in range(POST_BURST + 1)]
    elsewhere = await stage.call("chat.postMessage", channel=cast.REPORTS, text="x")
    await stage.chat.advance(1)
    later = await stage.call("chat.postMessage", channel=cast.INCIDENTS, text="x")
    assert [answer["ok"] for answer in burst] == [True] * POST_BURST + [False]
    assert (elsewhere["ok"], later["ok"]) == (True, True)


async def test_limited_call_says_when_to_come_back(stage: Stage) -> None:
    await stage.chat.configure(rate_limits=True)
    config = stage.sandbox.workspace.config
    for _ in range(CALLS_A_MINUTE["apps.connections.open"] + 1):
        response = await stage.http.post(
            "/api/apps.connections.open", headers={"authorization": f"Bearer {config.app_token}"}
        )
    assert (response.status_code, response.headers["retry-after"]) == (429, "60")
