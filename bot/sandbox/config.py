"""What one sandbox is started with."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from bot.sandbox import cast
from bot.sandbox.shapes import Json


@dataclass(frozen=True, slots=True)
class SandboxConfig:
    """Settings of one sandbox; everything but ``bot_urls`` and ``signing_secret`` has a working default.

    ``bot_urls``: where deliveries go; several take turns, as replicas behind a load balancer do. Empty: every
    delivery fails as a refused connection does.
    ``base_url``: the sandbox's own address, part of response and upload URLs; no slash at the end.
    ``ack_timeout``: how long an actor's client waits for the bot (Slack: 3 s, real time).
    ``retry_delays``: when an unacknowledged event is sent again (Slack: at once, 1 min, 5 min, real time).
    ``rate_limits``: whether the tiers of Slack's Web API are enforced from the start.
    ``app_token``, ``socket_mode``: what opens WebSockets, and whether deliveries go through them from the start.
    ``seed``: of the choice which WebSocket gets a delivery.
    ``scopes``: what the installed app was granted; a method that wants another one answers ``missing_scope``.
    ``completion``: what can be typed to the bot, for the page's message box; None knows the commands' names only.
    """

    signing_secret: str
    bot_urls: tuple[str, ...] = ()
    base_url: str = "http://127.0.0.1:8080"
    bot_token: str = cast.BOT_TOKEN
    app_token: str = cast.APP_TOKEN
    socket_mode: bool = False
    seed: int = 0
    team: str = cast.TEAM
    platform_url: str | None = None
    ack_timeout: timedelta = timedelta(seconds=3)
    retry_delays: tuple[timedelta, ...] = (timedelta(0), timedelta(minutes=1), timedelta(minutes=5))
    rate_limits: bool = False
    events: frozenset[str] = field(default=cast.EVENTS)
    scopes: frozenset[str] = field(default=cast.SCOPES)
    completion: Json | None = None
