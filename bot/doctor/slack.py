"""The questions to Slack: tokens, scopes, clock, channels, and the people behind roles and owners."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial

from bot.domain.checks import Check
from bot.domain.effects import Channel
from bot.domain.ids import ChannelId, GroupId, UserId
from bot.domain.settings import ProcessEnvironment, Settings
from bot.ports.inspection import (
    GroupFacts,
    NotAnswered,
    PersonFacts,
    RefusedBySlack,
    SlackIdentity,
    SlackInspection,
)
from bot.services.doctor import Findings, Once, Question, Section
from bot.services.inspection import people, workspace

PEOPLE_AT_MOST = 60
"""Slack allows about a hundred such questions a minute, and the bot asks them too."""
AT_A_TIME = 8


def slack_sections(
    environment: ProcessEnvironment, settings: Settings | None, slack: SlackInspection, scopes: Sequence[str]
) -> list[Section]:
    """Return the sections about Slack; none without a token. ``scopes``: what the manifest asks for."""
    if environment.slack_bot_token is None:
        return []
    where = f"Slack at {environment.slack_api_url}"
    identity = Once(slack.identity)
    questions = [
        Question(Check.SLACK_TOKEN, where, partial(_token, identity, settings, environment.slack_api_url, scopes))
    ]
    if environment.slack_app_token is not None:
        questions.append(Question(Check.SLACK_APP_TOKEN, where, partial(_app_token, slack)))
    if settings is None:
        return [Section("Slack", tuple(questions))]
    for use in Channel:
        id_: ChannelId = getattr(settings.slack.channels, use.value)
        ask = _if_known(identity, partial(_channel, slack, identity, settings, use, id_))
        questions.append(Question(Check.SLACK_CHANNEL, f"{where} about {use.value}", ask))
    staff = _if_known(identity, partial(_people, slack, identity, settings))
    return [
        Section("Slack", tuple(questions)),
        Section("People", (Question(Check.PEOPLE_GROUPS, f"{where} about people", staff),)),
    ]


def _if_known(
    identity: Once[SlackIdentity], ask: Callable[[], Awaitable[Findings]]
) -> Callable[[], Awaitable[Findings]]:
    """Return the question, asked only where the token is good: what is wrong with the token is said once."""

    async def asked() -> Findings:
        try:
            await identity()
        except (RefusedBySlack, NotAnswered):
            return []
        return await ask()

    return asked


async def _token(
    identity: Once[SlackIdentity], settings: Settings | None, api_url: str, scopes: Sequence[str]
) -> Findings:
    try:
        known = await identity()
    except RefusedBySlack as refusal:
        return workspace.token_refused(refusal)
    except NotAnswered as exc:
        return workspace.away(api_url, str(exc))
    team = settings.slack.team if settings else None
    return [*workspace.token(known, team), *workspace.scopes(known, scopes), *workspace.clock(known)]


async def _app_token(slack: SlackInspection) -> Findings:
    try:
        await slack.socket_mode()
    except RefusedBySlack as refusal:
        return workspace.app_token_refused(refusal)
    return workspace.app_token_accepted()


async def _channel(
    slack: SlackInspection, identity: Once[SlackIdentity], settings: Settings, use: Channel, id_: ChannelId
) -> Findings:
    known = await identity()
    if known.team != settings.slack.team:
        return []
    bot = known.user_name
    try:
        return workspace.channel(use.value, id_, await slack.channel(id_), bot)
    except RefusedBySlack as refusal:
        return workspace.channel_refused(use.value, id_, refusal, bot)


async def _people(slack: SlackInspection, identity: Once[SlackIdentity], settings: Settings) -> Findings:
    if (await identity()).team != settings.slack.team:
        # Everybody would be a stranger, and whoever followed those fixes would empty the roles.
        return people.of_two_workspaces()
    try:
        found = await slack.groups() if people.names_groups(settings) else {}
        known = await _known(slack, settings, found)
    except RefusedBySlack as refusal:
        return people.refused(refusal)
    owned = [it for platform in settings.platforms.values() for it in people.owners(settings, platform, known)]
    return [
        *people.groups(settings, found),
        *people.accounts(settings, known),
        *people.approvers(settings, known),
        *owned,
    ]


async def _known(slack: SlackInspection, settings: Settings, groups: Mapping[GroupId, GroupFacts]) -> people.Known:
    wanted = people.members_to_ask(settings, groups)
    asked = wanted[:PEOPLE_AT_MOST]
    turns = asyncio.Semaphore(AT_A_TIME)
    answers: Sequence[PersonFacts | None] = await asyncio.gather(*(_person(slack, user, turns) for user in asked))
    return people.Known(groups, dict(zip(asked, answers, strict=True)), len(wanted) - len(asked))


async def _person(slack: SlackInspection, user: UserId, turns: asyncio.Semaphore) -> PersonFacts | None:
    async with turns:
        try:
            return await slack.person(user)
        except RefusedBySlack as refusal:
            if refusal.code in ("user_not_found", "user_not_visible", "users_not_found"):
                return None
            raise
