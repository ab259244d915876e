"""Slack's deliveries, signed: slash commands and presses of buttons, each with a trigger of its own.

The templates are deliveries that the stand-in for Slack really made, so that floor and bot get what Slack sends.
"""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec

from bench.http import post
from bot.sandbox.http_way import FORM, sign

PATH = "/slack/events"


class Commands(msgspec.Struct, frozen=True, tag=True):
    """A slash command, many times."""

    secret: str
    template: str
    """Form body of a real delivery."""
    command: str
    """``/ops`` or ``/incident``."""
    texts: tuple[str, ...]
    """What follows the command; they take turns."""
    users: tuple[str, ...]
    """Who types it; they take turns, one whole round of texts each."""
    count: int
    response_url: str

    def build(self) -> list[bytes]:
        """Return the HTTP requests; their signatures hold for five minutes."""
        fields = dict(parse_qsl(self.template, keep_blank_values=True))
        return [self._request(fields, number) for number in range(self.count)]

    def _request(self, fields: dict[str, str], number: int) -> bytes:
        told = {
            "command": self.command,
            "text": self.texts[number % len(self.texts)],
            "user_id": turn(self.users, number // len(self.texts)),
            "trigger_id": trigger(number),
            "response_url": self.response_url,
        }
        return signed(self.secret, urlencode(fields | told).encode())


class Clicks(msgspec.Struct, frozen=True, tag=True):
    """Presses of buttons, many times."""

    secret: str
    templates: tuple[str, ...]
    """JSON payloads of real deliveries; they take turns."""
    users: tuple[str, ...]
    """Who presses; they take turns, one whole round of templates each, so that each press changes something."""
    count: int
    response_url: str

    def build(self) -> list[bytes]:
        """Return the HTTP requests; their signatures hold for five minutes."""
        payloads = [json.loads(template) for template in self.templates]
        return [self._request(payloads[number % len(payloads)], number) for number in range(self.count)]

    def _request(self, payload: dict[str, Any], number: int) -> bytes:
        user = turn(self.users, number // len(self.templates))
        action = payload["actions"][0] | {"action_ts": f"{time.time():.0f}.{number:06d}"}
        pressed = payload | {
            "user": payload["user"] | {"id": user},
            "trigger_id": trigger(number),
            "actions": [action],
            "response_url": self.response_url,
        }
        body = urlencode({"payload": json.dumps(pressed, separators=(",", ":"))}).encode()
        return signed(self.secret, body)


def signed(secret: str, body: bytes) -> bytes:
    """Return a signed request to the bot."""
    timestamp = str(int(time.time()))
    headers = {"x-slack-request-timestamp": timestamp, "x-slack-signature": sign(secret, timestamp, body)}
    return post(PATH, body, FORM, headers)


def trigger(number: int) -> str:
    """Return a trigger id that nobody has used."""
    return f"{time.time_ns()}.{number}.bench"


def turn(people: tuple[str, ...], number: int) -> str:
    """Return whose turn it is."""
    return people[number % len(people)]
