"""The Slack adapter against the sandbox: what is sent, what is found again, and what each refusal means."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from bot.adapters.slack_workspace import SlackWorkspace, slack_client
from bot.domain.effects import CardKind, Channel, NoticeKind, Place, card_id, notice
from bot.domain.errors import TemporaryError
from bot.domain.ids import ChannelId, GroupId, TeamId, UserId
from bot.domain.incidents import IncidentState
from bot.ports.outbox import MessageRef
from bot.ports.workspace import Directory, Gone, LostAnswer, Person, Refused, Spot, Throttled, Unreachable, Workspace
from bot.sandbox import cast
from bot.sandbox.client import SandboxClient
from tests.messages.builders import INCIDENT, NOW, an_evidence_card, an_incident_card
from tests.sandbox.stage import TOKEN, served

CHANNELS = {
    Channel.INCIDENTS: ChannelId(cast.INCIDENTS),
    Channel.APPROVALS: ChannelId(cast.APPROVALS),
    Channel.ADMIN: ChannelId(cast.ADMIN),
    Channel.REPORTS: ChannelId(cast.REPORTS),
}
CARD = card_id(CardKind.INCIDENT, INCIDENT)
VIEW = an_incident_card()
ROOM = Spot(ChannelId(cast.INCIDENTS))
SAID = notice(NoticeKind.OPERATIONS, Place(channel=Channel.ADMIN), text="The disk is full")


@dataclass
class Slack:
    """The adapter and the people of its workspace."""

    workspace: SlackWorkspace
    chat: SandboxClient

    async def sent(self, method: str = "chat.postMessage") -> dict[str, object]:
        """Return the arguments of the last call of a method."""
        args: dict[str, object] = (await self.chat.calls(method))[-1]["args"]
        return args


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    timeout = timedelta(seconds=2)
    async with (
        served() as (url, _),
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=timeout.total_seconds())) as session,
        SandboxClient(url) as chat,
    ):
        client = slack_client(TOKEN, f"{url}/api", session)
        yield Slack(SlackWorkspace(client, CHANNELS, call_timeout=timeout), chat)


def ports_of(workspace: SlackWorkspace) -> tuple[Workspace, Directory]:
    """The type checker's proof that the adapter fits both ports."""
    return workspace, workspace


# -- showing -----------------------------------------------------------------------------------------------------


async def test_a_posted_card_carries_its_id_and_unfurls_nothing(slack: Slack) -> None:
    posted = await slack.workspace.post_card(CARD, VIEW, ROOM)
    sent = await slack.sent()
    assert sent["metadata"] == {"event_type": "watchkeeper", "event_payload": {"id": CARD}}
    assert (sent["unfurl_links"], sent["unfurl_media"]) == (False, False)
    assert not {"link_names", "parse"} & sent.keys()
    [shown] = await slack.chat.messages(cast.INCIDENTS)
    assert posted == MessageRef(ROOM.channel, shown["ts"])


async def test_a_coloured_card_stands_in_one_attachment(slack: Slack) -> None:
    await slack.workspace.post_card(CARD, VIEW, ROOM)
    [shown] = await slack.chat.messages(cast.INCIDENTS)
    [bar] = shown["attachments"]
    assert bar["color"].startswith("#")
    assert bar["blocks"]
    assert "INC-42" in bar["fallback"]


async def test_an_update_shows_the_new_state_and_keeps_the_id(slack: Slack) -> None:
    posted = await slack.workspace.post_card(CARD, VIEW, ROOM)
    await slack.workspace.update_card(an_incident_card(IncidentState.RESOLVED), posted)
    [shown] = await slack.chat.messages(cast.INCIDENTS)
    assert "resolved" in str(shown["attachments"]).lower()
    assert await slack.workspace.find(CARD, ROOM) == [posted]


async def test_a_notice_is_said_in_its_thread(slack: Slack) -> None:
    parent = await slack.workspace.post_card(CARD, VIEW, ROOM)
    await slack.workspace.post_notice(SAID, Spot(ROOM.channel, parent.ts))
    [reply] = await slack.chat.thread(cast.INCIDENTS, parent.ts)
    assert "disk is full" in reply["text"]


async def test_a_message_beside_a_thread_whose_parent_is_gone_is_taken_back(slack: Slack) -> None:
    parent = await slack.workspace.post_card(CARD, VIEW, ROOM)
    [shown] = await slack.chat.messages(cast.INCIDENTS)
    await slack.chat.delete(cast.ADA, shown)
    with pytest.raises(Gone):
        await slack.workspace.post_notice(SAID, Spot(ROOM.channel, parent.ts))
    assert await slack.chat.messages(cast.INCIDENTS) == []


async def test_a_message_that_cannot_be_taken_back_is_reported_gone_all_the_same(
    slack: Slack, caplog: pytest.LogCaptureFixture
) -> None:
    await slack.chat.fault("error", target="chat.delete", code="internal_error")
    with pytest.raises(Gone):
        await slack.workspace.post_notice(SAID, Spot(ROOM.channel, "1.000000"))
    assert "stray_stays" in caplog.messages


async def test_direct_messages_are_opened_by_person(slack: Slack) -> None:
    channel = await slack.workspace.open_direct(UserId(cast.BEN))
    await slack.workspace.post_notice(SAID, Spot(channel))
    assert len(await slack.chat.messages(channel)) == 1


async def test_the_digest_changes_with_the_state_and_not_with_the_time(slack: Slack) -> None:
    digest = slack.workspace.card_digest(VIEW)
    assert slack.workspace.card_digest(replace(VIEW, as_of=NOW + timedelta(hours=3))) == digest
    assert slack.workspace.card_digest(an_incident_card(IncidentState.RESOLVED)) != digest


async def test_the_digest_of_evidence_does_not_change_with_the_time(slack: Slack) -> None:
    view = an_evidence_card()
    later = replace(view, evidence=replace(view.evidence, as_of=NOW + timedelta(hours=3)))
    assert slack.workspace.card_digest(later) == slack.workspace.card_digest(view)


# -- finding again -----------------------------------------------------------------------------------------------


async def test_doubles_are_found_oldest_first(slack: Slack) -> None:
    first = await slack.workspace.post_card(CARD, VIEW, ROOM)
    await slack.workspace.post_notice(SAID, ROOM)
    second = await slack.workspace.post_card(CARD, VIEW, ROOM)
    assert await slack.workspace.find(CARD, ROOM) == [first, second]


async def test_a_deleted_message_is_not_found(slack: Slack) -> None:
    posted = await slack.workspace.post_card(CARD, VIEW, ROOM)
    await slack.workspace.delete(posted)
    assert await slack.workspace.find(CARD, ROOM) == []


async def test_what_a_person_wrote_is_not_taken_for_ours(slack: Slack) -> None:
    await slack.chat.say(cast.BEN, cast.INCIDENTS, f"look at {CARD}")
    assert await slack.workspace.find(CARD, ROOM) == []


async def test_a_reply_is_found_in_its_thread_among_many(slack: Slack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.adapters.slack_workspace.PAGE", 5)
    parent = await slack.workspace.post_card(CARD, VIEW, ROOM)
    for number in range(7):
        await slack.chat.say(cast.BEN, cast.INCIDENTS, f"line {number}", thread_ts=parent.ts)
    thread = Spot(ROOM.channel, parent.ts)
    said = await slack.workspace.post_notice(SAID, thread)
    assert await slack.workspace.find(SAID.id, thread) == [said]
    assert len(await slack.chat.calls("conversations.replies")) == 2


async def test_the_search_reads_nothing_from_before_the_id_was_made(slack: Slack) -> None:
    await slack.workspace.find(SAID.id, ROOM)
    sent = await slack.sent("conversations.history")
    assert float(str(sent["oldest"])) > 1_700_000_000


async def test_the_thread_of_a_deleted_parent_is_gone(slack: Slack) -> None:
    with pytest.raises(Gone):
        await slack.workspace.find(CARD, Spot(ROOM.channel, "1.000000"))


# -- refusals ----------------------------------------------------------------------------------------------------


async def test_throttling_says_how_long_to_wait(slack: Slack) -> None:
    await slack.chat.fault("rate_limited", target="chat.postMessage", seconds=17)
    with pytest.raises(Throttled) as caught:
        await slack.workspace.post_card(CARD, VIEW, ROOM)
    assert caught.value.retry_after == timedelta(seconds=17)
    assert await slack.chat.messages(cast.INCIDENTS) == []


@pytest.mark.parametrize(
    ("kind", "details"),
    [
        ("lost_answer", {}),
        ("slow", {"seconds": 30.0}),
        ("server_error", {"status": 503}),
        ("error", {"code": "internal_error"}),
        ("error", {"code": "fatal_error"}),
        ("error", {"code": "service_unavailable"}),
        ("error", {"code": "request_timeout"}),
    ],
)
async def test_a_post_without_a_clear_answer_is_a_lost_answer(slack: Slack, kind: str, details: dict[str, Any]) -> None:
    slack.workspace.call_timeout = timedelta(milliseconds=200)
    await slack.chat.fault(kind, target="chat.postMessage", **details)
    with pytest.raises(LostAnswer):
        await slack.workspace.post_card(CARD, VIEW, ROOM)


async def test_a_post_is_never_repeated_behind_our_back(slack: Slack) -> None:
    await slack.chat.fault("lost_answer", target="chat.postMessage")
    with pytest.raises(LostAnswer):
        await slack.workspace.post_card(CARD, VIEW, ROOM)
    assert len(await slack.chat.messages(cast.INCIDENTS)) == 1


@pytest.mark.parametrize("kind", ["lost_answer", "server_error"])
async def test_an_update_without_an_answer_is_only_temporary(slack: Slack, kind: str) -> None:
    posted = await slack.workspace.post_card(CARD, VIEW, ROOM)
    await slack.chat.fault(kind, target="chat.update")
    with pytest.raises(TemporaryError) as caught:
        await slack.workspace.update_card(VIEW, posted)
    assert not isinstance(caught.value, LostAnswer | Throttled)


async def test_a_post_that_never_left_is_not_a_lost_answer() -> None:
    async with aiohttp.ClientSession() as session:
        client = slack_client(TOKEN, "http://127.0.0.1:9/api/", session)
        workspace = SlackWorkspace(client, CHANNELS, call_timeout=timedelta(seconds=5))
        with pytest.raises(TemporaryError) as caught:
            await workspace.post_card(CARD, VIEW, ROOM)
    assert not isinstance(caught.value, LostAnswer)


@pytest.mark.parametrize("code", ["message_not_found", "edit_window_closed", "cant_update_message"])
async def test_a_message_that_takes_no_more_edits_is_gone(slack: Slack, code: str) -> None:
    await slack.chat.fault("error", target="chat.update", code=code)
    with pytest.raises(Gone):
        await slack.workspace.update_card(VIEW, MessageRef(ROOM.channel, "1.000000"))


async def test_a_card_that_a_person_deleted_is_gone(slack: Slack) -> None:
    posted = await slack.workspace.post_card(CARD, VIEW, ROOM)
    [shown] = await slack.chat.messages(cast.INCIDENTS)
    await slack.chat.delete(cast.ADA, shown)
    with pytest.raises(Gone):
        await slack.workspace.update_card(VIEW, posted)


async def test_where_the_bot_is_no_member_the_reason_says_how_to_let_it_in(slack: Slack) -> None:
    with pytest.raises(Unreachable, match="invite"):
        await slack.workspace.post_card(CARD, VIEW, Spot(ChannelId(cast.GENERAL)))


async def test_an_archived_channel_is_unreachable_until_somebody_opens_it(slack: Slack) -> None:
    posted = await slack.workspace.post_card(CARD, VIEW, ROOM)
    await slack.chat.change_channel(cast.INCIDENTS, archived=True)
    with pytest.raises(Unreachable, match="archived"):
        await slack.workspace.post_card(CARD, VIEW, ROOM)
    with pytest.raises(Unreachable, match="archived"):
        await slack.workspace.update_card(VIEW, posted)


@pytest.mark.parametrize("code", ["channel_not_found", "restricted_action", "a_code_nobody_knows"])
async def test_any_other_refusal_is_final_and_named(slack: Slack, code: str) -> None:
    await slack.chat.fault("error", target="chat.postMessage", code=code)
    with pytest.raises(Unreachable, match=code):
        await slack.workspace.post_card(CARD, VIEW, ROOM)


@pytest.mark.parametrize("code", ["msg_too_long", "msg_blocks_too_long", "invalid_blocks"])
async def test_refused_content_is_told_from_an_unreachable_channel(slack: Slack, code: str) -> None:
    await slack.chat.fault("error", target="chat.postMessage", code=code)
    with pytest.raises(Refused, match=code):
        await slack.workspace.post_card(CARD, VIEW, ROOM)


async def test_refused_blocks_are_logged_with_the_field_slack_names(
    slack: Slack, caplog: pytest.LogCaptureFixture
) -> None:
    await slack.chat.configure(refused_blocks=["section"])
    with caplog.at_level(logging.ERROR), pytest.raises(Refused):
        await slack.workspace.post_card(CARD, VIEW, ROOM)
    [line] = [record for record in caplog.records if record.getMessage() == "content_refused"]
    assert line.__dict__["details"]


async def test_a_refused_token_names_the_setting_and_never_the_token(slack: Slack) -> None:
    slack.workspace._client.token = "xoxb-wrong-and-secret"
    with pytest.raises(TemporaryError, match="SLACK_BOT_TOKEN") as caught:
        await slack.workspace.post_card(CARD, VIEW, ROOM)
    assert "secret" not in str(caught.value)
    assert caught.value.retry_after >= timedelta(minutes=1)


async def test_a_call_ends_within_its_time(slack: Slack) -> None:
    slack.workspace.call_timeout = timedelta(milliseconds=50)
    await slack.chat.fault("slow", target="conversations.history", seconds=30.0)
    async with asyncio.timeout(5):
        with pytest.raises(TemporaryError):
            await slack.workspace.find(CARD, ROOM)


# -- who people are ----------------------------------------------------------------------------------------------


async def test_a_group_has_its_members(slack: Slack) -> None:
    assert await slack.workspace.group_members(GroupId(cast.APPROVERS_GROUP)) == {cast.CHI, cast.DEE}


async def test_a_disabled_group_has_nobody(slack: Slack) -> None:
    await slack.chat.change_group(cast.APPROVERS_GROUP, disabled=True)
    assert await slack.workspace.group_members(GroupId(cast.APPROVERS_GROUP)) == frozenset()


@pytest.mark.parametrize("code", ["internal_error", "missing_scope", "plan_upgrade_required"])
async def test_a_group_that_cannot_be_told_is_temporary(slack: Slack, code: str) -> None:
    await slack.chat.fault("error", target="usergroups.users.list", code=code)
    with pytest.raises(TemporaryError):
        await slack.workspace.group_members(GroupId(cast.OPS_GROUP))


async def test_a_person_is_told_from_a_bot_and_from_a_deactivated_account(slack: Slack) -> None:
    team = TeamId(cast.TEAM)
    ben = Person(UserId(cast.BEN), team, is_bot=False, is_guest=False, is_deactivated=False)
    assert await slack.workspace.person(UserId(cast.BEN)) == ben
    assert (await slack.workspace.person(UserId(cast.BOT_USER))).is_bot
    await slack.chat.change_person(cast.BEN, deleted=True)
    assert await slack.workspace.person(UserId(cast.BEN)) == replace(ben, is_deactivated=True)


async def test_somebody_the_workspace_does_not_know_counts_as_deactivated(slack: Slack) -> None:
    assert (await slack.workspace.person(UserId("U0NOBODY"))).is_deactivated
