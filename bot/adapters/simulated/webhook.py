"""Post webhook bodies as Alertmanager posts them, with its answers to answers."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

import httpx

from bot.adapters.simulated.clock import Clock, Pace

log = logging.getLogger(__name__)

FIRST_PAUSE = timedelta(milliseconds=500)
LEAST_PAUSE = timedelta(milliseconds=100)
"""However fast time runs, a receiver in trouble is not hammered."""
GROWTH = 1.5


class WebhookReceiver:
    """The bot's webhook.

    2xx is accepted. 5xx and a broken connection are tried again, ever more slowly, until the deadline. Anything else,
    429 included, is refused for good: Alertmanager does not try it again in this flush.
    """

    def __init__(self, client: httpx.AsyncClient, *, url: str, token: str, clock: Clock, pace: Pace) -> None:
        self._client = client
        self._url = url
        self._headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "User-Agent": "Alertmanager/0.25.0",
        }
        self._clock = clock
        self._pace = pace

    async def deliver(self, body: bytes, *, deadline: datetime) -> bool:
        """Return True once the body was accepted; False when it was refused for good or ``deadline`` has passed."""
        pause = FIRST_PAUSE
        while (left := deadline - self._clock.now()) > timedelta():
            status = await self._post(body, timeout=left)
            if status is not None and status < 500:
                return self._judge(status)
            await self._clock.sleep(max(self._pace.shortened(pause), LEAST_PAUSE))
            pause *= GROWTH
        log.warning("webhook_not_delivered", extra={"reason": "the deadline of the flush has passed"})
        return False

    def _judge(self, status: int) -> bool:
        is_accepted = 200 <= status < 300
        if not is_accepted:
            log.warning("webhook_refused", extra={"status": status})
        return is_accepted

    async def _post(self, body: bytes, *, timeout: timedelta) -> int | None:
        """Return the status of the answer; None where there was none."""
        try:
            answer = await self._client.post(
                self._url, content=body, headers=self._headers, timeout=timeout.total_seconds()
            )
        except httpx.TransportError:
            return None
        return answer.status_code
