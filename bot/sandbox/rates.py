"""Slack's rate limits: a tier of calls a minute for each method, one post a second for each channel."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from datetime import datetime, timedelta

from bot.sandbox.clock import SandboxClock

WINDOW = timedelta(minutes=1)
POST_BURST = 4
"""Posts a channel takes at once before the second-by-second limit binds; Slack allows "short bursts", unnumbered."""
POSTS_A_MINUTE = 300
"""chat.postMessage over the whole workspace; Slack says "several hundred"."""

_TIERS: dict[int, tuple[str, ...]] = {
    # Tier 1 is "1+" a minute, bursts tolerated: an app may hold ten connections, and opens as many after a restart.
    10: ("apps.connections.open",),
    20: (
        "conversations.list",
        "usergroups.list",
        "usergroups.users.list",
        "users.list",
        "users.conversations",
        "reactions.remove",
    ),
    50: (
        "chat.update",
        "chat.delete",
        "conversations.history",
        "conversations.replies",
        "conversations.info",
        "conversations.join",
        "conversations.open",
        "reactions.add",
        "team.info",
    ),
    100: (
        "views.open",
        "views.update",
        "views.push",
        "views.publish",
        "chat.postEphemeral",
        "files.getUploadURLExternal",
        "files.completeUploadExternal",
        "files.info",
        "users.info",
        "conversations.members",
    ),
    300: ("chat.getPermalink", "auth.test"),
}
CALLS_A_MINUTE = {method: calls for calls, methods in _TIERS.items() for method in methods} | {
    "chat.postMessage": POSTS_A_MINUTE
}


class RateLimits:
    """Counts calls over a sliding minute of the sandbox clock; ``enabled`` may change at any time."""

    def __init__(self, clock: SandboxClock, *, enabled: bool) -> None:
        self.enabled = enabled
        self._clock = clock
        self._calls: dict[str, deque[datetime]] = defaultdict(deque)
        self._posts: dict[str, _Bucket] = {}

    def admit(self, method: str, channel: str | None) -> int | None:
        """Count one call; return None when it may proceed, else the whole seconds of ``Retry-After``."""
        if not self.enabled:
            return None
        now = self._clock.now()
        wait = self._wait_for_tier(method, now)
        if wait is None and method == "chat.postMessage" and channel:
            wait = self._posts.setdefault(channel, _Bucket(now)).take(now)
        if wait is None:
            self._calls[method].append(now)
        return wait

    def _wait_for_tier(self, method: str, now: datetime) -> int | None:
        allowed = CALLS_A_MINUTE.get(method)
        recent = self._calls[method]
        while recent and now - recent[0] >= WINDOW:
            recent.popleft()
        if allowed is None or len(recent) < allowed:
            return None
        return max(1, math.ceil((recent[0] + WINDOW - now).total_seconds()))


class _Bucket:
    """A token bucket: ``POST_BURST`` tokens, one more each second."""

    def __init__(self, now: datetime) -> None:
        self._tokens = float(POST_BURST)
        self._at = now

    def take(self, now: datetime) -> int | None:
        self._tokens = min(float(POST_BURST), self._tokens + (now - self._at).total_seconds())
        self._at = now
        if self._tokens < 1:
            return max(1, math.ceil(1 - self._tokens))
        self._tokens -= 1
        return None
