"""Reading a call's arguments as Slack does: query string, form and JSON body count alike.

The official clients send some methods as JSON, some as a form, and some as a POST with a query string and an empty
body; nested values travel as JSON text inside the flat kinds.
"""

from __future__ import annotations

import json
from email.message import Message as Headers
from urllib.parse import parse_qsl

from starlette.requests import Request

from bot.sandbox.errors import SlackError
from bot.sandbox.shapes import Json

NESTED = frozenset({"blocks", "attachments", "view", "metadata", "files"})
"""Arguments whose value is an object or an array; in a query or a form they are JSON text."""


async def read_arguments(request: Request) -> Json:
    """Return one merged mapping; the body wins over the query.

    Raises SlackError ``invalid_json``, ``json_not_object`` or ``invalid_form_data`` for a body that cannot be read.
    """
    merged: Json = dict(parse_qsl(request.url.query, keep_blank_values=True))
    body = await request.body()
    if body:
        merged |= _read_body(body, request.headers.get("content-type", ""))
    return {name: _unpack(name, value) for name, value in merged.items()}


def _read_body(body: bytes, content_type: str) -> Json:
    header = Headers()
    header["content-type"] = content_type
    kind = header.get_content_type()
    if kind == "application/json":
        return _read_json(body)
    if kind == "application/x-www-form-urlencoded":
        try:
            return dict(parse_qsl(body.decode(), keep_blank_values=True))
        except UnicodeDecodeError as exc:
            raise SlackError("invalid_form_data") from exc
    raise SlackError("invalid_post_type")


def _read_json(body: bytes) -> Json:
    try:
        value = json.loads(body)
    except ValueError as exc:
        raise SlackError("invalid_json") from exc
    if not isinstance(value, dict):
        raise SlackError("json_not_object")
    return value


def _unpack(name: str, value: object) -> object:
    if name not in NESTED or not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value  # the method refuses it with its own code
