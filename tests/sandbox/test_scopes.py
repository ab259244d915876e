"""What an installed app may do: granted scopes, a token that died, channels it cannot see; and a server's clock."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from bot.sandbox import cast
from bot.sandbox.scopes import TokenTrouble
from tests.sandbox.stage import CONFIG, TOKEN, Stage, served, staged

ROOT = Path(__file__).parents[2]
BEARER = {"authorization": f"Bearer {TOKEN}"}


@pytest.fixture
async def granted() -> AsyncIterator[Stage]:
    """Give a workspace where the app has the scopes of the start and no others."""
    async with staged(replace(CONFIG, scopes=cast.SCOPES)) as standing:
        yield standing


def test_scopes_of_the_start_are_the_manifests_and_two_for_looking_at_channels() -> None:
    manifest = yaml.safe_load((ROOT / "manifest.yml").read_text())
    assert {*manifest["oauth_config"]["scopes"]["bot"], "channels:read", "groups:read"} == cast.SCOPES


@pytest.mark.parametrize(
    ("method", "args", "scope"),
    [
        ("chat.postMessage", {"channel": cast.INCIDENTS, "text": "x"}, "chat:write"),
        ("chat.update", {"channel": cast.INCIDENTS, "ts": "1.0", "text": "x"}, "chat:write"),
        ("conversations.history", {"channel": cast.INCIDENTS}, "channels:history"),
        ("conversations.info", {"channel": cast.INCIDENTS}, "channels:read"),
        ("conversations.list", {"types": "private_channel"}, "groups:read"),
        ("users.conversations", {}, "channels:read"),
        ("users.info", {"user": cast.ADA}, "users:read"),
        ("usergroups.list", {}, "usergroups:read"),
        ("usergroups.users.list", {"usergroup": cast.OPS_GROUP}, "usergroups:read"),
        ("team.info", {}, "team:read"),
        ("files.getUploadURLExternal", {"filename": "a", "length": 1}, "files:write"),
        ("reactions.add", {"channel": cast.INCIDENTS, "timestamp": "1.0", "name": "eyes"}, "reactions:write"),
    ],
)
async def test_method_without_its_scope_names_what_it_needs(
    stage: Stage, method: str, args: dict[str, Any], scope: str
) -> None:
    rest = stage.sandbox.workspace.scopes - {scope}
    await stage.chat.configure(scopes=sorted(rest))
    answer = await stage.call(method, **args)
    assert (answer["error"], answer["needed"]) == ("missing_scope", scope)
    assert answer["provided"] == ",".join(sorted(rest))


async def test_scope_counts_before_arguments_do(stage: Stage) -> None:
    await stage.chat.configure(scopes=["commands"])
    assert (await stage.call("chat.postMessage"))["error"] == "missing_scope"


async def test_methods_that_want_no_scope_work_without_any(stage: Stage) -> None:
    await stage.chat.configure(scopes=[])
    assert (await stage.call("auth.test"))["ok"]


async def test_answers_say_what_is_granted_and_what_the_method_takes(granted: Stage) -> None:
    response = await granted.http.post("/api/users.list", headers=BEARER)
    assert response.headers["x-oauth-scopes"].split(",") == sorted(cast.SCOPES)
    assert response.headers["x-accepted-oauth-scopes"] == "users:read"


async def test_refusal_carries_the_scope_headers_too(granted: Stage) -> None:
    response = await granted.http.post("/api/files.info", headers=BEARER)
    assert (response.json()["needed"], response.headers["x-accepted-oauth-scopes"]) == ("files:read", "files:read")


async def test_private_channel_wants_the_scope_of_private_channels(granted: Stage) -> None:
    await granted.chat.change_channel(cast.INCIDENTS, is_private=True)
    seen = await granted.call("conversations.info", channel=cast.INCIDENTS)
    await granted.chat.configure(scopes=["channels:read"])
    refused = await granted.call("conversations.info", channel=cast.INCIDENTS)
    assert (seen["channel"]["is_private"], seen["channel"]["is_member"], refused["needed"]) == (
        True,
        True,
        "groups:read",
    )


@pytest.mark.parametrize("method", ["conversations.info", "conversations.history", "chat.postMessage"])
async def test_private_channel_without_the_bot_is_not_found(granted: Stage, method: str) -> None:
    await granted.chat.change_channel(cast.GENERAL, is_private=True)
    assert (await granted.call(method, channel=cast.GENERAL, text="x"))["error"] == "channel_not_found"


async def test_private_channel_cannot_be_joined(stage: Stage) -> None:
    await stage.chat.change_channel(cast.INCIDENTS, is_private=True)
    answer = await stage.call("conversations.join", channel=cast.INCIDENTS)
    assert answer["error"] == "method_not_supported_for_channel_type"


async def test_lists_show_private_channels_only_to_members_that_ask(granted: Stage) -> None:
    await granted.chat.change_channel(cast.ADMIN, is_private=True)
    await granted.chat.change_channel(cast.GENERAL, is_private=True)
    public = await granted.call("conversations.list")
    every = await granted.call("conversations.list", types="public_channel,private_channel")
    assert [it["id"] for it in public["channels"]] == [cast.INCIDENTS, cast.APPROVALS, cast.REPORTS]
    assert {it["id"] for it in every["channels"]} - {it["id"] for it in public["channels"]} == {cast.ADMIN}


async def test_users_conversations_lists_where_the_bot_is_page_by_page(granted: Stage) -> None:
    first = await granted.call("users.conversations", limit=3)
    cursor = first["response_metadata"]["next_cursor"]
    second = await granted.call("users.conversations", limit=3, cursor=cursor)
    ids = [channel["id"] for channel in first["channels"] + second["channels"]]
    assert ids == [cast.INCIDENTS, cast.APPROVALS, cast.ADMIN, cast.REPORTS]
    assert second["response_metadata"]["next_cursor"] == ""


async def test_archived_channels_are_left_out_on_request(granted: Stage) -> None:
    await granted.chat.change_channel(cast.REPORTS, archived=True)
    shown = await granted.call("conversations.info", channel=cast.REPORTS)
    listed = await granted.call("users.conversations", exclude_archived=True)
    assert shown["channel"]["is_archived"]
    assert cast.REPORTS not in {channel["id"] for channel in listed["channels"]}


async def test_user_groups_show_members_and_disabled_ones_on_request(granted: Stage) -> None:
    await granted.chat.change_group(cast.SEARCH_GROUP, disabled=True)
    plain = await granted.call("usergroups.list")
    full = await granted.call("usergroups.list", include_disabled=True, include_users=True, include_count=True)
    assert [group["id"] for group in plain["usergroups"]] == [cast.OPS_GROUP, cast.APPROVERS_GROUP]
    assert all("users" not in group for group in plain["usergroups"])
    search = full["usergroups"][2]
    assert (search["users"], search["user_count"], search["date_delete"] > 0) == ([cast.DEE, cast.ADA], 2, True)


@pytest.mark.parametrize("trouble", TokenTrouble)
async def test_token_can_die(stage: Stage, trouble: TokenTrouble) -> None:
    await stage.chat.configure(token_trouble=trouble)
    dead = await stage.call("auth.test")
    await stage.chat.configure(token_trouble=None)
    assert (dead, (await stage.call("auth.test"))["ok"]) == ({"ok": False, "error": trouble.value}, True)


async def test_unknown_token_trouble_is_refused(stage: Stage) -> None:
    answer = await stage.http.post("/control/settings", json={"token_trouble": "tired"})
    assert answer.status_code == 400


async def test_server_date_is_the_machines_until_it_is_skewed() -> None:
    async with served() as (url, sandbox), httpx.AsyncClient(base_url=url, trust_env=False) as http:
        right = await http.post("/api/auth.test", headers=BEARER)
        sandbox.workspace.date_skew = timedelta(seconds=400)
        wrong = await http.post("/api/auth.test", headers=BEARER)
    assert abs(_date(right) - datetime.now(UTC)) < timedelta(seconds=60)
    assert timedelta(seconds=340) < _date(wrong) - datetime.now(UTC) < timedelta(seconds=460)


async def test_date_skew_is_a_setting(stage: Stage) -> None:
    await stage.chat.configure(date_skew_s=400)
    response = await stage.http.post("/api/auth.test", headers=BEARER)
    assert _date(response) - datetime.now(UTC) > timedelta(seconds=340)


def _date(response: httpx.Response) -> datetime:
    [value] = response.headers.get_list("date")
    return parsedate_to_datetime(value)
