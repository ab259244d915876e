"""Everything that can be made to go wrong, does."""

from __future__ import annotations

import httpx
import pytest

from bot.sandbox import cast
from bot.sandbox.client import Refused
from tests.sandbox.stage import TOKEN, Stage, served
from tests.waiting import wait_until

AUTH = {"authorization": f"Bearer {TOKEN}"}


async def raw(stage: Stage, method: str = "auth.test") -> httpx.Response:
    return await stage.http.post(f"/api/{method}", headers=AUTH)


async def test_rate_limited_for_some_calls_then_well(stage: Stage) -> None:
    await stage.chat.fault("rate_limited", target="auth.test", times=2, seconds=30)
    answers = [await raw(stage) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert answers[0].headers["retry-after"] == "30"


async def test_fault_hits_only_its_method_and_channel(stage: Stage) -> None:
    await stage.chat.fault("error", target="chat.postMessage", channel=cast.REPORTS, code="fatal_error", times=None)
    here = await stage.call("chat.postMessage", channel=cast.INCIDENTS, text="x")
    there = await stage.call("chat.postMessage", channel=cast.REPORTS, text="x")
    assert (here["ok"], there["error"]) == (True, "fatal_error")


async def test_share_is_the_same_for_the_same_seed(stage: Stage) -> None:
    async def run() -> list[int]:
        await stage.chat.clear_faults()
        await stage.chat.fault("server_error", times=None, share=0.5, seed=7, status=503)
        return [(await raw(stage)).status_code for _ in range(20)]

    first, second = await run(), await run()
    assert first == second
    assert set(first) == {200, 503}


async def test_server_error_is_html_and_does_nothing(stage: Stage) -> None:
    await stage.chat.fault("server_error", target="chat.postMessage")
    response = await stage.http.post(
        "/api/chat.postMessage", json={"channel": cast.INCIDENTS, "text": "x"}, headers=AUTH
    )
    assert (response.status_code, response.headers["content-type"].split(";")[0]) == (500, "text/html")
    assert await stage.chat.messages(cast.INCIDENTS) == []


async def test_slow_answer_arrives_late_with_the_work_done(stage: Stage) -> None:
    await stage.chat.fault("slow", target="chat.postMessage", seconds=0.05)
    answer = await stage.call("chat.postMessage", channel=cast.INCIDENTS, text="x")
    assert answer["ok"]


async def test_lost_answer_does_the_work_and_cuts_the_connection() -> None:
    async with served() as (url, sandbox), httpx.AsyncClient(base_url=url, trust_env=False, headers=AUTH) as http:
        sandbox.faults.add({"kind": "lost_answer", "target": "chat.postMessage"})
        with pytest.raises(httpx.RemoteProtocolError):
            await http.post("/api/chat.postMessage", json={"channel": cast.INCIDENTS, "text": "once"})
        assert [message.text for message in sandbox.workspace.messages] == ["once"]
        assert sandbox.workspace.calls[-1].status == 0


async def test_upload_can_stay_unshared(stage: Stage) -> None:
    await stage.chat.fault("unshared", target="files.completeUploadExternal")
    url = await stage.call("files.getUploadURLExternal", filename="a.txt", length=1)
    await stage.http.post(url["upload_url"], content=b"1")
    done = await stage.call("files.completeUploadExternal", files=[{"id": url["file_id"]}], channel_id=cast.INCIDENTS)
    info = await stage.call("files.info", file=url["file_id"])
    assert (done["ok"], info["file"]["shares"]) == (True, {})


async def test_duplicate_event_carries_retry_headers(stage: Stage) -> None:
    await stage.chat.fault("duplicate", target="events")
    await stage.chat.say(cast.BEN, cast.INCIDENTS, "hello")
    await stage.chat.settle()
    first, second = stage.bot.requests
    assert first.content == second.content
    assert (first.headers.get("x-slack-retry-num"), second.headers["x-slack-retry-num"]) == (None, "1")


async def test_duplicate_command_reaches_the_bot_twice(stage: Stage) -> None:
    await stage.chat.fault("duplicate", target="commands")
    await stage.chat.command(cast.BEN, cast.INCIDENTS, "/ops status")
    assert len(stage.bot.requests) == 2


async def test_dropped_delivery_never_arrives(stage: Stage) -> None:
    await stage.chat.fault("drop", target="interactions")
    outcome = await stage.chat.global_shortcut(cast.BEN, "declare")
    assert (outcome["failure"], stage.bot.requests) == ("operation_timeout", [])


async def test_deactivated_person_cannot_act_and_the_bot_hears_of_it(stage: Stage) -> None:
    await stage.chat.change_person(cast.BEN, deleted=True)
    with pytest.raises(Refused, match="deactivated"):
        await stage.chat.say(cast.BEN, cast.INCIDENTS, "still here")
    assert (await stage.call("users.info", user=cast.BEN))["user"]["deleted"] is True
    await wait_until(lambda: stage.bot.requests, description="user_change delivered")
    assert stage.bot.payloads()[0]["event"]["type"] == "user_change"


async def test_person_of_another_team_clicks_with_that_team(stage: Stage) -> None:
    await stage.chat.change_person(cast.ELI, team="T0OTHER")
    await stage.chat.global_shortcut(cast.ELI, "declare")
    payload = next(payload for payload in stage.bot.payloads() if payload["type"] == "shortcut")
    assert (payload["user"]["team_id"], payload["team"]["id"]) == ("T0OTHER", cast.TEAM)


async def test_removed_member_leaves_the_group(stage: Stage) -> None:
    await stage.chat.change_group(cast.OPS_GROUP, remove=[cast.BEN], add=[cast.ELI])
    answer = await stage.call("usergroups.users.list", usergroup=cast.OPS_GROUP)
    await stage.chat.settle()
    assert answer["users"] == [cast.CHI, cast.DEE, cast.ELI]
    assert stage.bot.payloads()[0]["event"]["removed_users"] == [cast.BEN]


@pytest.mark.parametrize(
    "settings", [{"kind": "meteor"}, {"kind": "slow", "colour": 1}, {"kind": "drop", "target": "chat.update"}]
)
async def test_malformed_fault_is_refused(stage: Stage, settings: dict[str, object]) -> None:
    assert (await stage.http.post("/control/faults", json=settings)).status_code == 409


async def test_reset_returns_to_the_start(stage: Stage) -> None:
    await stage.posted()
    await stage.chat.fault("slow", times=None)
    await stage.chat.reset()
    state = await stage.chat.state()
    assert (state["faults"], state["channels"][cast.INCIDENTS]["messages"]) == ([], [])
