"""One call to Slack's Web API, and when it fails, why, in our words.

Slack says no in many ways: an HTTP status, ``ok: false`` with one of hundreds of codes, a page of HTML, a connection
that is cut. What matters is only what to do next: wait, look whether it happened, give the message up, tell a person.
The SDK's own retries are off: a post repeated behind our back is a message shown twice.
Source of the codes: docs.slack.dev, reference/methods.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.domain.errors import TemporaryError
from bot.ports.workspace import Gone, LostAnswer, Refused, Throttled, Unreachable

log = logging.getLogger(__name__)

Make = Callable[[], Awaitable[AsyncSlackResponse]]

SOON = timedelta(milliseconds=500)
"""After a call that found nobody; whoever repeats it waits longer each time."""
TOKEN_RETRY = timedelta(minutes=1)
UNNAMED_WAIT = timedelta(seconds=5)
"""For a 429 that does not say how long."""

THROTTLED = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
UNSURE = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout"})
"""Slack: "some aspect of the operation may have succeeded"."""
BAD_TOKEN = frozenset({"invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive"})
GONE = frozenset(
    {"message_not_found", "thread_not_found", "edit_window_closed", "cant_update_message", "cant_delete_message"}
)
REFUSED: Mapping[str, str] = MappingProxyType(
    {
        "invalid_blocks": "Slack refuses its blocks",
        "invalid_blocks_format": "Slack refuses its blocks",
        "invalid_attachments": "Slack refuses its attachment",
        "invalid_metadata_format": "Slack refuses its metadata",
        "metadata_too_large": "its metadata is too large",
        "msg_too_long": "its text is too long",
        "msg_blocks_too_long": "its blocks are too long together",
        "no_text": "it has no text",
        "too_many_attachments": "it has too many attachments",
    }
)
"""About the content of one message."""
UNREACHABLE: Mapping[str, str] = MappingProxyType(
    {
        "not_in_channel": "the bot is not a member; invite it there with `/invite`",
        "channel_not_found": (
            "there is no such channel for the bot; check its id, and invite the bot with `/invite` if it is private"
        ),
        "is_archived": "the channel is archived; unarchive it, or name another in the configuration",
        "is_inactive": "the channel is archived; unarchive it, or name another in the configuration",
        "restricted_action": "the workspace does not let the bot post there; an admin can change that",
        "user_disabled": "the account is deactivated",
        "user_not_found": "there is no such person in this workspace",
        "cannot_dm_bot": "bots take no direct messages",
    }
)


UNREADABLE = (AttributeError, RecursionError, ValueError)
"""What the SDK raises over a body that is no JSON object: a list, text in another encoding, a proxy's archive."""


def slack_client(token: str, api_url: str, session: aiohttp.ClientSession) -> AsyncWebClient:
    """Return a client without retries of its own, on a shared session whose timeout is the one that counts.

    A proxy named in the environment is used for Slack, and never for a stand-in on this machine.
    """
    base_url = api_url if api_url.endswith("/") else f"{api_url}/"
    client = AsyncWebClient(token=token, base_url=base_url, session=session, retry_handlers=[])
    if urlsplit(base_url).hostname in ("127.0.0.1", "::1", "localhost"):
        client.proxy = None
    return client


async def answer_of(method: str, make: Make, *, is_post: bool = False) -> Mapping[str, Any]:
    """Return the answer of one call.

    Raises Throttled, Gone, Refused, Unreachable, and for a call that got no answer LostAnswer if it posts, else
    TemporaryError. No error carries the token or what was sent.
    """
    with within_our_words(method, is_post=is_post):
        answer = await make()
    data = answer.data
    if not isinstance(data, dict):
        raise _unanswered(f"{method}: an answer that is not JSON", is_post=is_post)
    return data


@contextmanager
def within_our_words(method: str, *, is_post: bool = False) -> Iterator[None]:
    """Turn what the SDK and its transport raise into what the port promises."""
    try:
        yield
    except SlackApiError as exc:
        raise _refusal(method, exc, is_post=is_post) from exc
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as exc:
        # There never was a connection, so nothing was sent: no need to look.
        raise TemporaryError(f"{method}: Slack cannot be reached", retry_after=SOON) from exc
    except (TimeoutError, aiohttp.ClientError, OSError) as exc:
        raise _unanswered(f"{method}: no answer ({type(exc).__name__})", is_post=is_post) from exc
    except UNREADABLE as exc:
        raise _unanswered(f"{method}: an answer that is not Slack's ({type(exc).__name__})", is_post=is_post) from exc


def _unanswered(what: str, *, is_post: bool) -> TemporaryError:
    return LostAnswer(what, retry_after=SOON) if is_post else TemporaryError(what, retry_after=SOON)


def _refusal(method: str, exc: SlackApiError, *, is_post: bool) -> Exception:
    # For a body that is no JSON the SDK hands over the bare HTTP response, which has another shape.
    answer = exc.response if isinstance(exc.response, AsyncSlackResponse) else None
    status = answer.status_code if answer else getattr(exc.response, "status", 0)
    body = answer.data if answer and isinstance(answer.data, dict) else {}
    code = str(body.get("error", ""))
    if status == 429 or code in THROTTLED:
        return Throttled(f"{method}: Slack asks to wait", retry_after=_asked_wait(exc.response))
    if status >= 500 or code in UNSURE or not code:
        return _unanswered(f"{method}: {code or f'HTTP {status}'}", is_post=is_post)
    if code in BAD_TOKEN:
        why = f"{method}: Slack refuses the bot's token ({code}); check SLACK_BOT_TOKEN"
        return TemporaryError(why, retry_after=TOKEN_RETRY)
    if code in GONE:
        return Gone(f"{method}: {code}")
    if code in REFUSED:
        details = _details(body)
        log.error("content_refused", extra={"method": method, "code": code, "details": details})
        return Refused(f"{REFUSED[code]} ({code}){''.join(f'; {line}' for line in details[:3])}")
    return Unreachable(_why(code, body))


def _asked_wait(response: Any) -> timedelta:
    try:
        return timedelta(seconds=int(response.headers.get("Retry-After", "")))
    except ValueError:
        return UNNAMED_WAIT


def _details(body: Mapping[str, Any]) -> list[str]:
    """Return the lines that name the field Slack refused."""
    lines = (body.get("response_metadata") or {}).get("messages") or []
    return [str(line) for line in lines]


def _why(code: str, body: Mapping[str, Any]) -> str:
    if code == "missing_scope":
        return (
            f"the bot's token lacks the scope {body.get('needed')} (it has {body.get('provided')}); "
            "add it to the app and install the app again"
        )
    return f"{UNREACHABLE[code]} ({code})" if code in UNREACHABLE else f"Slack answered {code}"
