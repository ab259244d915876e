"""Slack's own refusals, and the rules of posting, updating and reading."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.sandbox import cast
from tests.sandbox.stage import TOKEN, Stage, section


async def test_call_without_token_is_not_authed(stage: Stage) -> None:
    assert (await stage.http.post("/api/auth.test")).json() == {"ok": False, "error": "not_authed"}


async def test_call_with_another_token_is_invalid_auth(stage: Stage) -> None:
    response = await stage.http.post("/api/auth.test", headers={"authorization": "Bearer xoxb-other"})
    assert response.json()["error"] == "invalid_auth"


async def test_auth_test_names_team_and_bot(stage: Stage) -> None:
    answer = await stage.call("auth.test")
    assert (answer["team_id"], answer["user_id"], answer["bot_id"]) == (cast.TEAM, cast.BOT_USER, cast.BOT)


@pytest.mark.parametrize(
    ("method", "args", "error"),
    [
        ("no.such", {}, "unknown_method"),
        ("apps.connections.open", {}, "not_allowed_token_type"),
        ("chat.postMessage", {"channel": "C0NONE", "text": "x"}, "channel_not_found"),
        ("chat.postMessage", {"channel": cast.GENERAL, "text": "x"}, "not_in_channel"),
        ("chat.postMessage", {"channel": cast.INCIDENTS}, "no_text"),
        ("chat.postMessage", {"channel": cast.INCIDENTS, "text": "x" * 4001}, "msg_too_long"),
        ("chat.postMessage", {"channel": cast.INCIDENTS, "blocks": "no"}, "invalid_blocks_format"),
        ("chat.postMessage", {"channel": cast.INCIDENTS, "attachments": [{}] * 101}, "too_many_attachments"),
        ("chat.postMessage", {"channel": cast.INCIDENTS, "text": "x", "metadata": {"a": 1}}, "invalid_metadata_format"),
        ("chat.update", {"channel": cast.INCIDENTS, "ts": "1.0", "text": "x"}, "message_not_found"),
        ("chat.delete", {"channel": cast.INCIDENTS, "ts": "1.0"}, "message_not_found"),
        ("chat.getPermalink", {"channel": cast.INCIDENTS, "message_ts": "1.0"}, "message_not_found"),
        ("chat.postEphemeral", {"channel": cast.INCIDENTS, "user": "U0NONE", "text": "x"}, "user_not_in_channel"),
        ("conversations.history", {"channel": cast.GENERAL}, "not_in_channel"),
        ("conversations.history", {"channel": cast.INCIDENTS, "limit": "x"}, "invalid_limit"),
        ("conversations.history", {"channel": cast.INCIDENTS, "cursor": "%"}, "invalid_cursor"),
        ("conversations.replies", {"channel": cast.INCIDENTS, "ts": "1.0"}, "thread_not_found"),
        ("users.info", {"user": "U0NONE"}, "user_not_found"),
        ("usergroups.users.list", {"usergroup": "S0NONE"}, "no_such_subteam"),
        ("views.update", {"view_id": "V0", "view": {}}, "not_found"),
        ("files.info", {"file": "F0"}, "file_not_found"),
        ("files.getUploadURLExternal", {"filename": "a.png", "length": 0}, "missing_length"),
    ],
)
async def test_refusal_carries_slacks_code(stage: Stage, method: str, args: dict[str, Any], error: str) -> None:
    assert (await stage.call(method, **args))["error"] == error


async def test_archived_channel_refuses_posts_and_updates(stage: Stage) -> None:
    message = await stage.posted()
    await stage.chat.change_channel(cast.INCIDENTS, archived=True)
    post = await stage.call("chat.postMessage", channel=cast.INCIDENTS, text="x")
    update = await stage.call("chat.update", channel=cast.INCIDENTS, ts=message["ts"], text="x")
    assert (post["error"], update["error"]) == ("is_archived", "is_inactive")


async def test_timestamps_strictly_increase_while_the_clock_stands(stage: Stage) -> None:
    stamps = [(await stage.posted())["ts"] for _ in range(5)]
    assert stamps == sorted(set(stamps))
    assert all(len(ts.split(".")[1]) == 6 for ts in stamps)


async def test_person_s_message_cannot_be_updated(stage: Stage) -> None:
    said = await stage.chat.say(cast.BEN, cast.INCIDENTS, "hello")
    answer = await stage.call("chat.update", channel=cast.INCIDENTS, ts=said["ts"], text="x")
    assert answer["error"] == "cant_update_message"


async def test_ephemeral_message_cannot_be_updated(stage: Stage) -> None:
    sent = await stage.call("chat.postEphemeral", channel=cast.INCIDENTS, user=cast.BEN, text="psst")
    answer = await stage.call("chat.update", channel=cast.INCIDENTS, ts=sent["message_ts"], text="x")
    assert answer["error"] == "message_not_found"


async def test_update_with_text_alone_removes_the_blocks(stage: Stage) -> None:
    message = await stage.posted(blocks=[section()])
    await stage.call("chat.update", channel=cast.INCIDENTS, ts=message["ts"], text="new")
    [shown] = await stage.chat.messages(cast.INCIDENTS)
    assert (shown["text"], "blocks" in shown) == ("new", False)


async def test_update_without_text_keeps_what_is_left_out(stage: Stage) -> None:
    message = await stage.posted(blocks=[section()], attachments=[{"color": "good", "blocks": [section("in")]}])
    await stage.call("chat.update", channel=cast.INCIDENTS, ts=message["ts"], blocks=[section("newer")])
    [shown] = await stage.chat.messages(cast.INCIDENTS)
    assert shown["text"] == "hello"
    assert shown["blocks"][0]["text"]["text"] == "newer"
    assert shown["attachments"][0]["blocks"][0]["text"]["text"] == "in"


async def test_metadata_survives_updates_until_cleared(stage: Stage) -> None:
    metadata = {"event_type": "card", "event_payload": {"id": "01"}}
    message = await stage.posted(metadata=metadata)
    where = {"channel": cast.INCIDENTS, "ts": message["ts"]}
    await stage.call("chat.update", **where, text="a")
    [kept] = await stage.chat.messages(cast.INCIDENTS)
    await stage.call("chat.update", **where, text="b", metadata={})
    [cleared] = await stage.chat.messages(cast.INCIDENTS)
    assert (kept["metadata"], "metadata" in cleared) == (metadata, False)


async def test_metadata_is_read_only_when_asked_for(stage: Stage) -> None:
    await stage.posted(metadata={"event_type": "card", "event_payload": {"id": "01"}})
    without = await stage.call("conversations.history", channel=cast.INCIDENTS)
    with_it = await stage.call("conversations.history", channel=cast.INCIDENTS, include_all_metadata=True)
    assert "metadata" not in without["messages"][0]
    assert with_it["messages"][0]["metadata"]["event_payload"] == {"id": "01"}


async def test_reply_to_a_deleted_parent_appears_at_top_level_without_an_error(stage: Stage) -> None:
    parent = await stage.posted()
    await stage.chat.delete(cast.ADA, parent)
    answer = await stage.call("chat.postMessage", channel=cast.INCIDENTS, text="reply", thread_ts=parent["ts"])
    assert answer["ok"]
    assert "thread_ts" not in answer["message"]
    assert [m["text"] for m in await stage.chat.messages(cast.INCIDENTS)] == ["reply"]


async def test_thread_is_read_parent_first_with_counts(stage: Stage) -> None:
    parent = await stage.posted("parent")
    for text in ("one", "two"):
        await stage.posted(text, thread_ts=parent["ts"])
    answer = await stage.call("conversations.replies", channel=cast.INCIDENTS, ts=parent["ts"])
    history = await stage.call("conversations.history", channel=cast.INCIDENTS)
    assert [m["text"] for m in answer["messages"]] == ["parent", "one", "two"]
    assert [(m["text"], m["reply_count"]) for m in history["messages"]] == [("parent", 2)]


async def test_broadcast_reply_stands_in_the_channel_too(stage: Stage) -> None:
    parent = await stage.posted("parent")
    await stage.posted("resolved", thread_ts=parent["ts"], reply_broadcast=True)
    assert [m["text"] for m in await stage.chat.messages(cast.INCIDENTS)] == ["parent", "resolved"]


async def test_history_pages_newest_first_within_a_span(stage: Stage) -> None:
    stamps = [(await stage.posted(str(number)))["ts"] for number in range(5)]
    first = await stage.call("conversations.history", channel=cast.INCIDENTS, limit=2, oldest=stamps[0])
    cursor = first["response_metadata"]["next_cursor"]
    second = await stage.call("conversations.history", channel=cast.INCIDENTS, limit=2, oldest=stamps[0], cursor=cursor)
    texts = [m["text"] for m in first["messages"] + second["messages"]]
    assert (texts, first["has_more"], second["has_more"]) == (["4", "3", "2", "1"], True, False)


async def test_direct_message_is_opened_by_user_id(stage: Stage) -> None:
    answer = await stage.call("chat.postMessage", channel=cast.BEN, text="psst")
    opened = await stage.call("conversations.open", users=cast.BEN)
    assert answer["channel"] == opened["channel"]["id"] == "D0BEN"


async def test_joining_makes_posting_possible(stage: Stage) -> None:
    await stage.call("conversations.join", channel=cast.GENERAL)
    assert (await stage.call("chat.postMessage", channel=cast.GENERAL, text="x"))["ok"]


async def test_reactions_answer_normal_repeats(stage: Stage) -> None:
    message = await stage.posted()
    where = {"channel": cast.INCIDENTS, "timestamp": message["ts"], "name": "eyes"}
    answers = [await stage.call(f"reactions.{verb}", **where) for verb in ("add", "add", "remove", "remove")]
    assert [answer.get("error") for answer in answers] == [None, "already_reacted", None, "no_reaction"]


async def test_groups_list_members_and_hide_disabled_ones(stage: Stage) -> None:
    before = await stage.call("usergroups.users.list", usergroup=cast.APPROVERS_GROUP)
    await stage.chat.change_group(cast.APPROVERS_GROUP, disabled=True)
    after = await stage.call("usergroups.users.list", usergroup=cast.APPROVERS_GROUP)
    asked = await stage.call("usergroups.users.list", usergroup=cast.APPROVERS_GROUP, include_disabled="true")
    assert (before["users"], after["error"], asked["ok"]) == ([cast.CHI, cast.DEE], "no_such_subteam", True)


async def test_every_call_is_recorded_with_its_answer(stage: Stage) -> None:
    await stage.posted()
    await stage.call("chat.postMessage", channel="C0NONE", text="x")
    calls = await stage.chat.calls("chat.postMessage")
    assert [(call["args"]["text"], call["answer"]["ok"]) for call in calls] == [("hello", True), ("x", False)]
    assert TOKEN not in json.dumps(calls)


async def test_query_form_and_json_are_merged(stage: Stage) -> None:
    token = {"authorization": f"Bearer {TOKEN}"}
    form = {"text": "by form", "blocks": json.dumps([section()])}
    response = await stage.http.post(f"/api/chat.postMessage?channel={cast.INCIDENTS}", data=form, headers=token)
    assert response.json()["message"]["blocks"][0]["type"] == "section"


@pytest.mark.parametrize(
    ("content", "kind", "error"),
    [
        (b"{", "application/json", "invalid_json"),
        (b"[]", "application/json", "json_not_object"),
        (b"\xff", "application/x-www-form-urlencoded", "invalid_form_data"),
        (b"x", "text/xml", "invalid_post_type"),
    ],
)
async def test_unreadable_body_is_refused(stage: Stage, content: bytes, kind: str, error: str) -> None:
    response = await stage.http.post("/api/auth.test", content=content, headers={"content-type": kind})
    assert response.json()["error"] == error


async def test_upload_takes_three_calls_and_completes_once(stage: Stage) -> None:
    url = await stage.call("files.getUploadURLExternal", filename="log.txt", length=5)
    wrong = await stage.http.post(url["upload_url"], content=b"too long")
    right = await stage.http.post(url["upload_url"], content=b"12345")
    files = [{"id": url["file_id"], "title": "Log"}]
    done = await stage.call("files.completeUploadExternal", files=files, channel_id=cast.INCIDENTS)
    again = await stage.call("files.completeUploadExternal", files=files, channel_id=cast.INCIDENTS)
    info = await stage.call("files.info", file=url["file_id"])
    assert (wrong.status_code, right.status_code, done["ok"], again["error"]) == (400, 200, True, "file_not_found")
    assert list(info["file"]["shares"]["public"]) == [cast.INCIDENTS]


async def test_upload_to_a_channel_without_the_bot_is_refused(stage: Stage) -> None:
    url = await stage.call("files.getUploadURLExternal", filename="log.txt", length=1)
    await stage.http.post(url["upload_url"], content=b"1")
    answer = await stage.call("files.completeUploadExternal", files=[{"id": url["file_id"]}], channel_id=cast.GENERAL)
    assert answer["error"] == "not_in_channel"
