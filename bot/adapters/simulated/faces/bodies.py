"""Answers and request bodies the faces share."""

from __future__ import annotations

from typing import TypeVar

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

T = TypeVar("T")


def json_response(value: object, *, status: int = 200) -> Response:
    """Return a JSON answer; times, enums and dataclasses may be in it."""
    return Response(msgspec.json.encode(value), status_code=status, media_type="application/json")


async def json_body(request: Request, type_: type[T]) -> T:
    """Return the decoded body; HTTPException 415 without JSON's content type, 400 when it does not fit ``type_``.

    The content type is demanded because a page of another origin cannot send it unasked.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise HTTPException(415, "send application/json")
    try:
        return msgspec.json.decode(await request.body(), type=type_)
    except msgspec.DecodeError as exc:
        raise HTTPException(400, str(exc)) from exc
