"""Slack: the two tokens, the scopes, the clock, and the channels messages go to."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from bot.domain.checks import Check, CheckFinding, fail, ok, warn
from bot.domain.ids import ChannelId, TeamId
from bot.ports.inspection import ChannelFacts, RefusedBySlack, SlackIdentity

CLOCK_WARN = timedelta(seconds=30)
CLOCK_FAIL = timedelta(minutes=5)
"""Slack's signatures are refused from here on: every click and command fails."""
REINSTALL = "then reinstall the app (Install App → Reinstall to Workspace)"
_SET_TIME = "synchronise this machine's clock: `sudo timedatectl set-ntp true`"


def token(identity: SlackIdentity, team: TeamId | None) -> list[CheckFinding]:
    """Return whether the bot token belongs to the configured workspace (None where that is not known)."""
    who = f"{identity.user_name} ({identity.user}) of {identity.team_name} ({identity.team})"
    if team is not None and identity.team != team:
        said = f"SLACK_BOT_TOKEN is a token of {who}, and watchkeeper.yaml is about {team}"
        fix = f"set slack.team in watchkeeper.yaml to {identity.team}, or SLACK_BOT_TOKEN to a token of {team}"
        return [fail(Check.SLACK_TOKEN, said, fix=fix)]
    return [ok(Check.SLACK_TOKEN, f"SLACK_BOT_TOKEN is {who}")]


def token_refused(refusal: RefusedBySlack) -> list[CheckFinding]:
    """Return what Slack's refusal of the bot token means."""
    said, fix = _TOKEN_REFUSALS.get(
        refusal.code,
        (f"Slack answers {refusal.code} to auth.test", "look the error up in Slack's page about auth.test"),
    )
    return [fail(Check.SLACK_TOKEN, said, fix=fix)]


_COPY_TOKEN = "copy the Bot User OAuth Token from OAuth & Permissions to SLACK_BOT_TOKEN"  # noqa: S105 - words
_TOKEN_REFUSALS = {
    "invalid_auth": ("Slack does not know SLACK_BOT_TOKEN (invalid_auth)", _COPY_TOKEN),
    "not_authed": ("Slack saw no token (not_authed)", _COPY_TOKEN),
    "token_revoked": (
        "SLACK_BOT_TOKEN was revoked (token_revoked)",
        f"install the app again (Install App → Install to Workspace) and {_COPY_TOKEN}",
    ),
    "token_expired": (
        "SLACK_BOT_TOKEN has expired (token_expired): token rotation is on",
        f"turn token rotation off (OAuth & Permissions → Advanced token security), reinstall the app, {_COPY_TOKEN}",
    ),
    "account_inactive": (
        "the bot's account is gone: the app was uninstalled (account_inactive)",
        f"install the app again (Install App → Install to Workspace) and {_COPY_TOKEN}",
    ),
    "ratelimited": ("Slack asks to wait (ratelimited)", "run `watchkeeper doctor` again in a minute"),
}


def away(api_url: str, why: str) -> list[CheckFinding]:
    """Return that Slack gives no answer."""
    fix = f"let this machine reach {api_url} (HTTPS_PROXY names a proxy), or correct SLACK_API_URL"
    return [fail(Check.SLACK_TOKEN, f"Slack at {api_url} {why}", fix=fix)]


def scopes(identity: SlackIdentity, needed: Iterable[str]) -> list[CheckFinding]:
    """Return whether the app was given every scope that the manifest names."""
    check = Check.SLACK_SCOPES
    if identity.scopes is None:
        fix = "look under OAuth & Permissions whether the app has every scope of the manifest"
        return [warn(check, "Slack's answer does not name the scopes of SLACK_BOT_TOKEN", fix=fix)]
    wanted = sorted(needed)
    missing = [scope for scope in wanted if scope not in identity.scopes]
    if missing:
        fix = f"add {', '.join(missing)} under OAuth & Permissions → Scopes → Bot Token Scopes, {REINSTALL}"
        return [fail(check, f"the app lacks {', '.join(missing)}", fix=fix)]
    return [ok(check, f"the app has all {len(wanted)} scopes of the manifest")]


def clock(identity: SlackIdentity) -> list[CheckFinding]:
    """Return how far this machine's clock is from Slack's; its answers are dated to the second."""
    check, ahead = Check.SLACK_CLOCK, identity.ahead
    if ahead is None:
        return [warn(check, "Slack's answer has no date to compare with", fix=_SET_TIME)]
    off = abs(ahead)
    which = "behind" if ahead > timedelta() else "ahead of"
    said = f"this machine's clock is {round(off.total_seconds())} s {which} Slack's"
    if off >= CLOCK_FAIL:
        return [fail(check, f"{said}: from 300 s on every request of Slack is refused as forged", fix=_SET_TIME)]
    if off > CLOCK_WARN:
        return [warn(check, f"{said}; at 300 s every request of Slack is refused", fix=_SET_TIME)]
    return [ok(check, f"this machine's clock agrees with Slack's within {max(round(off.total_seconds()), 1)} s")]


def app_token_accepted() -> list[CheckFinding]:
    """Return that the token is good; Slack's answer does not say whether Socket Mode is on."""
    said = (
        "SLACK_APP_TOKEN is accepted; whether Socket Mode is on shows when serve connects "
        "(log event slack_socket_refused)"
    )
    return [ok(Check.SLACK_APP_TOKEN, said)]


def app_token_refused(refusal: RefusedBySlack) -> list[CheckFinding]:
    """Return what Slack's refusal of the app token means."""
    check, code = Check.SLACK_APP_TOKEN, refusal.code
    if code == "ratelimited":
        # The stand-in looks at the token before it counts calls; that Slack does so too has not been seen.
        said = "Slack limits how often connections open (ratelimited), so it was not asked; ask again in a minute"
        return [ok(check, said)]
    generate = "generate one under Basic Information → App-Level Tokens with the scope connections:write"
    if code in ("missing_scope", "no_permission"):
        said = f"SLACK_APP_TOKEN lacks the scope connections:write ({code})"
        return [fail(check, said, fix=f"{generate} and set SLACK_APP_TOKEN to it")]
    if code in ("invalid_auth", "not_authed", "token_revoked", "account_inactive", "not_allowed_token_type"):
        said = f"Slack does not take SLACK_APP_TOKEN ({code})"
        fix = f"{generate} and set SLACK_APP_TOKEN to it, or unset SLACK_APP_TOKEN to come in by HTTP"
        return [fail(check, said, fix=fix)]
    fix = "turn Socket Mode on (app's page → Socket Mode), or unset SLACK_APP_TOKEN to come in by HTTP"
    return [fail(check, f"Slack does not open Socket Mode ({code})", fix=fix)]


def channel(use: str, id_: ChannelId, facts: ChannelFacts, bot: str) -> list[CheckFinding]:
    """Return whether the bot can post to the channel that ``slack.channels.<use>`` names."""
    check, name = Check.SLACK_CHANNEL, f"{use}: #{facts.name} ({id_})" if facts.name else f"{use}: {id_}"
    if facts.is_archived:
        fix = f"unarchive the channel, or set slack.channels.{use} in watchkeeper.yaml to another one"
        return [fail(check, f"{name} is archived", fix=fix)]
    if not facts.is_member:
        return [fail(check, f"the bot is not a member of {name}", fix=f"write `/invite @{bot}` in that channel")]
    if facts.is_archived is None:
        return [ok(check, f"{name}: the bot is a member")]
    return [ok(check, f"{name}: the bot is a member, and it is open")]


def channel_refused(use: str, id_: ChannelId, refusal: RefusedBySlack, bot: str) -> list[CheckFinding]:
    """Return what Slack's refusal to speak of a channel means."""
    check = Check.SLACK_CHANNEL
    if refusal.code == "channel_not_found":
        said = f"{use}: the bot sees no channel {id_}: it is private and the bot is not in it, or the id is wrong"
        fix = (
            f"write `/invite @{bot}` in that channel; where no channel has this id, correct slack.channels.{use} in "
            "watchkeeper.yaml"
        )
        return [fail(check, said, fix=fix)]
    if refusal.code == "not_in_channel":
        return [fail(check, f"the bot is not a member of {use}: {id_}", fix=f"write `/invite @{bot}` in that channel")]
    if refusal.code == "missing_scope":
        fix = f"add {refusal.needed} under OAuth & Permissions → Scopes → Bot Token Scopes, {REINSTALL}"
        return [fail(check, f"{use}: {id_} cannot be looked at without the scope {refusal.needed}", fix=fix)]
    return [fail(check, f"{use}: Slack answers {refusal.code} about {id_}", fix="look the error up in Slack's pages")]
