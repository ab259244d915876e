"""A workspace on this machine to rehearse a configuration in, before the real Slack is touched.

A person starts the bot with the settings that are printed here, puts the ids of the cast into their own
``watchkeeper.yaml``, and plays everybody on the page. Nothing leaves the machine.
"""

from __future__ import annotations

import asyncio
import secrets
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from socket import socket

from bot.sandbox import cast
from bot.sandbox.app import create_sandbox
from bot.sandbox.config import SandboxConfig
from bot.sandbox.server import address, server_for

BOT_URL = "http://127.0.0.1:3000/slack/events"
"""Where the bot listens when its configuration says nothing else."""
CONFIG_FILE = "rehearsal.yaml"
DATA_FOLDER = ".rehearsal"
_CHANNELS = {
    "incidents": cast.INCIDENTS,
    "approvals": cast.APPROVALS,
    "admin": cast.ADMIN,
    "reports": cast.REPORTS,
}


@dataclass(frozen=True, slots=True)
class Beside:
    """What plays beside the workspace: lines to export, and lines of ``watchkeeper.yaml`` with its platforms."""

    exports: Sequence[str]
    platforms: Sequence[str]


def rehearsal_config(
    *, bot_urls: tuple[str, ...] = (), signing_secret: str | None = None, socket_mode: bool = False
) -> SandboxConfig:
    """Return the settings of a rehearsal; without a ``signing_secret`` there is a new one each time."""
    return SandboxConfig(
        signing_secret=signing_secret or secrets.token_hex(16),
        bot_urls=bot_urls or (BOT_URL,),
        socket_mode=socket_mode,
        rate_limits=True,
    )


async def rehearse(
    config: SandboxConfig, sock: socket, *, say: Callable[[str], None], beside: Beside | None = None
) -> None:
    """Serve on a listening loopback socket until interrupted; once it answers, ``say`` what the bot needs.

    It then returns, so that the caller can end what plays beside it.
    """
    here = replace(config, base_url=address(sock))
    server = server_for(create_sandbox(here), on_ready=lambda: say(guide(here, beside)))
    for number in (signal.SIGINT, signal.SIGTERM):
        # The server ends by itself, and then raises the signal again for whoever had it before.
        asyncio.get_running_loop().add_signal_handler(number, lambda: None)
    await server.serve(sockets=[sock])


def guide(config: SandboxConfig, beside: Beside | None = None) -> str:
    """Return what is printed: the page, the environment to export, the part of ``watchkeeper.yaml``, the people."""
    way = "through the connections it opens" if config.socket_mode else f"to {', '.join(config.bot_urls)}"
    return "\n".join(
        (
            f"# A workspace to rehearse in: {config.base_url}/ (play everybody there). The bot is told {way}.",
            "",
            "# 1. In the terminal of the bot, before `watchkeeper serve`. The page forgets when it ends, the bot does",
            "# not: a folder of its own keeps the rehearsal away from what is real.",
            *exports(config),
            *(beside.exports if beside else ()),
            f"export WATCHKEEPER_CONFIG={CONFIG_FILE}",
            f"export WATCHKEEPER_DATA_DIR={DATA_FOLDER}",
            "",
            f"# 2. In {CONFIG_FILE}, a copy of your watchkeeper.yaml, in place of what is said there:",
            *configuration_lines(config),
            *(beside.platforms if beside else (f"# and on each platform: owners: [{cast.SEARCH_GROUP}]",)),
            "",
            "# 3. Who is who:",
            *_people(),
            "",
        )
    )


def exports(config: SandboxConfig) -> list[str]:
    """Return the lines to export: address, bot token, and what this way of delivery is proven with."""
    proof = (
        f"export SLACK_APP_TOKEN={config.app_token}"
        if config.socket_mode
        else f"export SLACK_SIGNING_SECRET={config.signing_secret}"
    )
    unset = "SLACK_SIGNING_SECRET" if config.socket_mode else "SLACK_APP_TOKEN"
    return [
        f"export SLACK_API_URL={config.base_url}/api/",
        f"export SLACK_BOT_TOKEN={config.bot_token}",
        proof,
        f"unset {unset}",
    ]


def configuration_lines(config: SandboxConfig) -> list[str]:
    """Return the sections of ``watchkeeper.yaml`` that name the workspace, with the ids of the cast."""
    channels = ", ".join(f"{name}: {channel}" for name, channel in _CHANNELS.items())
    return [
        f"slack: {{team: {config.team}, channels: {{{channels}}}}}",
        "roles:",
        '  viewer: ["*"]',
        f"  operator: [{cast.OPS_GROUP}]",
        f"  approver: [{cast.APPROVERS_GROUP}]",
        f"  admin: [{cast.ADA}]",
        f"  break_glass: [{cast.ADA}]",
    ]


def _people() -> list[str]:
    names = {person.id: person.real_name for person in cast.PEOPLE}
    people = [f"#   {person.id:<12} {person.real_name}, {person.part}" for person in cast.PEOPLE]
    groups = [
        f"#   {group.id:<12} @{group.handle}: {', '.join(names[member] for member in group.members)}"
        for group in cast.GROUPS
    ]
    channels = [
        f"#   {channel.id:<12} #{channel.name}{'' if channel.has_bot else ', without the bot'}"
        for channel in cast.CHANNELS
    ]
    return [*people, *groups, *channels]
