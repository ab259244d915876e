"""Every way to write is held to the same limits: posts, updates, answers, views, and what an acknowledgement shows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from bot.sandbox import cast
from bot.sandbox.config import SandboxConfig
from tests.sandbox.stage import TOKEN, Stage, actions, button, modal, plain, section, served, text_input

BAD = section("")
FIFTY_ONE = [{"type": "divider"}] * 51
LONG = "x" * 4_001
HOME: dict[str, Any] = {"type": "home", "blocks": [section()]}

Writes = Callable[[Stage, dict[str, Any]], Awaitable[dict[str, Any]]]
"""Writes a message's content one way, and returns what Slack says."""


async def by_post(stage: Stage, content: dict[str, Any]) -> dict[str, Any]:
    return await stage.call("chat.postMessage", channel=cast.INCIDENTS, **content)


async def by_update(stage: Stage, content: dict[str, Any]) -> dict[str, Any]:
    message = await stage.posted()
    return await stage.call("chat.update", channel=cast.INCIDENTS, ts=message["ts"], **content)


async def by_ephemeral(stage: Stage, content: dict[str, Any]) -> dict[str, Any]:
    return await stage.call("chat.postEphemeral", channel=cast.INCIDENTS, user=cast.BEN, **content)


async def by_response_url(stage: Stage, content: dict[str, Any]) -> dict[str, Any]:
    outcome = await stage.chat.command(cast.BEN, cast.INCIDENTS, "/ops status")
    answer: dict[str, Any] = (await stage.http.post(outcome["response_url"], json=content)).json()
    return answer


async def by_replacing(stage: Stage, content: dict[str, Any]) -> dict[str, Any]:
    card = await stage.posted(blocks=[actions(button())])
    outcome = await stage.chat.click(cast.BEN, card, action_id="ack")
    response = await stage.http.post(outcome["response_url"], json={"replace_original": True, **content})
    answer: dict[str, Any] = response.json()
    return answer


async def by_acknowledgement(stage: Stage, content: dict[str, Any]) -> dict[str, Any]:
    stage.bot.answers(httpx.Response(200, json=content))
    failure = (await stage.chat.command(cast.BEN, cast.INCIDENTS, "/ops status"))["failure"]
    code, _, messages = (failure or "").partition(" ")
    return {"ok": failure is None, "error": code, "response_metadata": {"messages": [messages]}}


EVERY_WAY = [by_post, by_update, by_ephemeral, by_response_url, by_replacing, by_acknowledgement]


@pytest.mark.parametrize("write", EVERY_WAY)
async def test_every_write_of_a_message_is_checked_and_names_the_field(stage: Stage, write: Writes) -> None:
    answer = await write(stage, {"text": "x", "blocks": [BAD]})
    assert answer["error"] == "invalid_blocks"
    assert "[json-pointer:/blocks/0/text/text]" in answer["response_metadata"]["messages"][0]


@pytest.mark.parametrize("write", EVERY_WAY)
async def test_fifty_one_blocks_are_refused(stage: Stage, write: Writes) -> None:
    refused = await write(stage, {"text": "x", "blocks": FIFTY_ONE})
    taken = await write(stage, {"text": "x", "blocks": FIFTY_ONE[1:]})
    assert (refused["error"], taken["ok"]) == ("invalid_blocks", True)


@pytest.mark.parametrize("write", EVERY_WAY)
async def test_4001_characters_of_text_are_refused(stage: Stage, write: Writes) -> None:
    refused, taken = await write(stage, {"text": LONG}), await write(stage, {"text": LONG[1:]})
    assert (refused["error"], taken["ok"]) == ("msg_too_long", True)


@pytest.mark.parametrize("write", EVERY_WAY)
async def test_blocks_of_more_than_12000_characters_are_refused(stage: Stage, write: Writes) -> None:
    answer = await write(stage, {"text": "x", "blocks": [section("x" * 2_401)] * 5})
    assert answer["error"] == "msg_blocks_too_long"


@pytest.mark.parametrize("write", EVERY_WAY)
async def test_a_chart_is_refused_where_the_workspace_takes_none(stage: Stage, write: Writes) -> None:
    chart = {
        "type": "data_visualization",
        "title": "Disk",
        "chart": {"type": "pie", "segments": [{"label": "used", "value": 1}]},
    }
    taken = await write(stage, {"text": "x", "blocks": [chart]})
    await stage.chat.configure(refused_blocks=["data_visualization"])
    refused = await write(stage, {"text": "x", "blocks": [chart]})
    assert (taken["ok"], refused["error"]) == (True, "invalid_blocks")


async def test_refused_update_leaves_the_message_as_it_was(stage: Stage) -> None:
    message = await stage.posted("before", blocks=[section("before")])
    where = {"channel": cast.INCIDENTS, "ts": message["ts"]}
    for content in ({"text": LONG}, {"text": "x", "blocks": [BAD]}, {"text": "x", "metadata": {"a": 1}}):
        assert not (await stage.call("chat.update", **where, **content))["ok"]
    [shown] = await stage.chat.messages(cast.INCIDENTS)
    assert (shown["text"], shown["blocks"][0]["text"]["text"]) == ("before", "before")


async def test_update_of_nothing_is_refused(stage: Stage) -> None:
    message = await stage.posted()
    assert (await stage.call("chat.update", channel=cast.INCIDENTS, ts=message["ts"]))["error"] == "no_text"


async def test_empty_lists_clear_blocks_and_attachments(stage: Stage) -> None:
    message = await stage.posted(blocks=[section()], attachments=[{"color": "good", "blocks": [section()]}])
    where = {"channel": cast.INCIDENTS, "ts": message["ts"]}
    await stage.call("chat.update", **where, text="x", blocks=[], attachments=[])
    [shown] = await stage.chat.messages(cast.INCIDENTS)
    assert not {"blocks", "attachments"} & shown.keys()


async def test_bot_posts_only_where_it_is_a_member(stage: Stage) -> None:
    outside = await stage.call("chat.postMessage", channel=cast.GENERAL, text="x")
    await stage.chat.change_channel(cast.GENERAL, add=[cast.BOT_USER])
    inside = await stage.call("chat.postMessage", channel=cast.GENERAL, text="x")
    await stage.chat.change_channel(cast.GENERAL, remove=[cast.BOT_USER])
    removed = await stage.call("chat.postMessage", channel=cast.GENERAL, text="x")
    assert (outside["error"], inside["ok"], removed["error"]) == ("not_in_channel", True, "not_in_channel")


async def test_message_that_a_person_deleted_is_not_found(stage: Stage) -> None:
    message = await stage.posted()
    await stage.chat.delete(cast.ADA, message)
    where = {"channel": cast.INCIDENTS, "ts": message["ts"]}
    answers = [await stage.call("chat.update", **where, text="x"), await stage.call("chat.delete", **where)]
    assert [answer["error"] for answer in answers] == ["message_not_found"] * 2


async def test_metadata_is_flat_and_at_most_8_kb(stage: Stage) -> None:
    async def post(payload: dict[str, Any]) -> str | None:
        metadata = {"event_type": "card", "event_payload": payload}
        error: str | None = (await by_post(stage, {"text": "x", "metadata": metadata})).get("error")
        return error

    assert await post({"id": "01", "number": 1, "list": [{"a": 1}], "object": {"a": "b"}}) is None
    assert await post({"list": ["a"]}) == "invalid_metadata_format"
    assert await post({"id": "x" * 7_900}) is None
    assert await post({"id": "x" * 8_000}) == "metadata_too_large"


async def test_picture_of_a_file_that_is_not_complete_is_refused(stage: Stage) -> None:
    url = await stage.call("files.getUploadURLExternal", filename="a.png", length=1)
    image = {"type": "image", "slack_file": {"id": url["file_id"]}, "alt_text": "load"}
    early = await by_post(stage, {"text": "x", "blocks": [image]})
    await stage.http.post(url["upload_url"], content=b"x")
    await stage.call("files.completeUploadExternal", files=[{"id": url["file_id"]}], channel_id=cast.INCIDENTS)
    late = await by_post(stage, {"text": "x", "blocks": [image]})
    assert (early["error"], late["ok"]) == ("invalid_blocks", True)
    assert "invalid slack file" in early["response_metadata"]["messages"][0]


async def view_by_open(stage: Stage, view: dict[str, Any]) -> dict[str, Any]:
    trigger_id = (await stage.chat.global_shortcut(cast.BEN, "declare"))["trigger_id"]
    return await stage.call("views.open", trigger_id=trigger_id, view=view)


async def view_by_push(stage: Stage, view: dict[str, Any]) -> dict[str, Any]:
    await view_by_open(stage, modal(section()))
    trigger_id = (await stage.chat.global_shortcut(cast.BEN, "declare"))["trigger_id"]
    return await stage.call("views.push", trigger_id=trigger_id, view=view)


async def view_by_update(stage: Stage, view: dict[str, Any]) -> dict[str, Any]:
    opened = await view_by_open(stage, modal(section()))
    return await stage.call("views.update", view_id=opened["view"]["id"], view=view)


async def view_by_publish(stage: Stage, view: dict[str, Any]) -> dict[str, Any]:
    home = {name: part for name, part in view.items() if name not in {"title", "submit"}} | {"type": "home"}
    return await stage.call("views.publish", user_id=cast.BEN, view=home)


async def view_by_submission(stage: Stage, view: dict[str, Any]) -> dict[str, Any]:
    await view_by_open(stage, modal(section()))
    stage.bot.answers(httpx.Response(200, json={"response_action": "update", "view": view}))
    failure = (await stage.chat.submit(cast.BEN))["failure"] or ""
    code, _, messages = failure.partition(" ")
    return {"error": code, "response_metadata": {"messages": [messages]}}


@pytest.mark.parametrize("write", [view_by_open, view_by_push, view_by_update, view_by_publish, view_by_submission])
async def test_every_write_of_a_view_is_checked_and_names_the_field(stage: Stage, write: Writes) -> None:
    answer = await write(stage, modal(BAD))
    assert answer["error"] == "invalid_arguments"
    assert "[json-pointer:/view/blocks/0/text/text]" in answer["response_metadata"]["messages"][0]


async def test_home_published_with_a_stale_hash_conflicts(stage: Stage) -> None:
    first = await stage.call("views.publish", user_id=cast.BEN, view=HOME)
    known = first["view"]["hash"]
    second = await stage.call("views.publish", user_id=cast.BEN, view=HOME, hash=known)
    third = await stage.call("views.publish", user_id=cast.BEN, view=HOME, hash=known)
    assert (second["ok"], third["error"]) == (True, "hash_conflict")


async def test_trigger_works_once_whether_it_opens_or_pushes(stage: Stage) -> None:
    trigger_id = (await stage.chat.global_shortcut(cast.BEN, "declare"))["trigger_id"]
    await stage.call("views.open", trigger_id=trigger_id, view=modal(section()))
    pushed = await stage.call("views.push", trigger_id=trigger_id, view=modal(section()))
    assert pushed["error"] == "exchanged_trigger_id"


async def test_modal_can_yield_a_response_url(stage: Stage) -> None:
    select = {"type": "conversations_select", "action_id": "where", "response_url_enabled": True}
    where = {"type": "input", "block_id": "where", "label": plain("Where"), "element": select}
    await view_by_open(stage, modal(where, text_input()))
    stage.bot.requests.clear()
    await stage.chat.submit(cast.BEN, {"where": cast.GENERAL, "why": "to tell"})
    [url] = stage.bot.payloads()[0]["response_urls"]
    await stage.http.post(url["response_url"], json={"text": "told", "response_type": "in_channel"})
    assert (url["block_id"], url["channel_id"]) == ("where", cast.GENERAL)
    assert [message["text"] for message in await stage.chat.messages(cast.GENERAL)] == ["told"]


async def test_connection_can_be_cut_before_anything_is_done() -> None:
    headers = {"authorization": f"Bearer {TOKEN}"}
    async with served() as (url, sandbox), httpx.AsyncClient(base_url=url, trust_env=False, headers=headers) as http:
        sandbox.faults.add({"kind": "cut", "target": "chat.postMessage"})
        with pytest.raises(httpx.RemoteProtocolError):
            await http.post("/api/chat.postMessage", json={"channel": cast.INCIDENTS, "text": "never"})
        assert sandbox.workspace.messages == []


def test_bot_has_three_seconds_and_slacks_three_retries() -> None:
    config = SandboxConfig(signing_secret="x")
    assert config.ack_timeout.total_seconds() == 3
    assert [delay.total_seconds() for delay in config.retry_delays] == [0, 60, 300]
