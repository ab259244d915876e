"""Which token opens which method: the app-level one (``xapp-``) opens connections, the bot's everything else."""

from __future__ import annotations

from bot.sandbox.config import SandboxConfig

OPEN_CONNECTION = "apps.connections.open"


def token_refusal(config: SandboxConfig, method: str, token: str) -> str | None:
    """Return the code Slack refuses a token with: missing, unknown, or of the wrong kind; None for a good one."""
    if not token:
        return "not_authed"
    if token not in (config.bot_token, config.app_token):
        return "invalid_auth"
    wanted = config.app_token if method == OPEN_CONNECTION else config.bot_token
    return None if token == wanted else "not_allowed_token_type"
