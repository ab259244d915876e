"""Alertmanager's webhook body (version 4) as values: lenient about what newer versions add, exact about what is wrong.

The edge reads a body once to answer; whoever replays a stored body reads it again with the same eyes.
"""

from __future__ import annotations

import re
from typing import Annotated, Never

import msgspec

from bot.domain.alerts import Alert, AlertGroup, AlertStatus, parse_end, parse_timestamp
from bot.domain.errors import PermanentError
from bot.domain.ids import Fingerprint, GroupKey, PlatformName

QUOTED_CHARACTERS = 60
"""How much of a wrong value an error repeats: the text is not ours."""
PLACE_MARK = " - at `$"
MISSING_FIELD = re.compile(r"Object missing required field `(\w+)`")
STATUSES = {status.value: status for status in AlertStatus}


class UnreadableWebhook(PermanentError):
    """The body can never be read; the message names the field: ``alerts[0].startsAt: expected an RFC 3339 time, …``."""


class _Alert(msgspec.Struct, rename="camel"):
    fingerprint: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    status: str
    starts_at: str
    ends_at: str = ""
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    generator_url: str = msgspec.field(default="", name="generatorURL")


class _Body(msgspec.Struct, rename="camel"):
    group_key: Annotated[str, msgspec.Meta(min_length=1)]
    alerts: list[_Alert] | None
    receiver: str = ""
    truncated_alerts: int = 0
    external_url: str = msgspec.field(default="", name="externalURL")


_BODY = msgspec.json.Decoder(_Body)


def read_webhook(platform: PlatformName, body: bytes) -> AlertGroup:
    """Return the group that ``body`` reports of ``platform``; UnreadableWebhook when it is not a webhook of version 4.

    Unknown keys are ignored, labels and annotations may be missing or null, and the group's own status is not read:
    each alert has one.
    """
    decoded = _decode(body)
    return AlertGroup(
        platform=platform,
        group_key=GroupKey(decoded.group_key),
        receiver=decoded.receiver,
        alerts=tuple([_alert(index, alert) for index, alert in enumerate(decoded.alerts or ())]),
        truncated=decoded.truncated_alerts,
        external_url=decoded.external_url,
    )


def _alert(index: int, alert: _Alert) -> Alert:
    status = STATUSES.get(alert.status)
    if status is None:
        _refuse(f"alerts[{index}].status", "firing or resolved", alert.status)
    try:
        starts_at = parse_timestamp(alert.starts_at)
    except ValueError:
        _refuse(f"alerts[{index}].startsAt", "an RFC 3339 time", alert.starts_at)
    try:
        # The end of a firing alert is a placeholder in every version, so it cannot be wrong either.
        ends_at = None if status is AlertStatus.FIRING else parse_end(alert.ends_at)
    except ValueError:
        _refuse(f"alerts[{index}].endsAt", "an RFC 3339 time", alert.ends_at)
    return Alert(
        fingerprint=Fingerprint(alert.fingerprint),
        status=status,
        labels=alert.labels or {},
        annotations=alert.annotations or {},
        starts_at=starts_at,
        ends_at=ends_at,
        generator_url=alert.generator_url,
    )


def _refuse(field: str, wanted: str, text: str) -> Never:
    """Raise what is wrong with the field; the text is not ours, so only its start is repeated."""
    shown = text if len(text) <= QUOTED_CHARACTERS else f"{text[:QUOTED_CHARACTERS]}…"
    raise UnreadableWebhook(f"{field}: expected {wanted}, got {shown!r}") from None


def _decode(body: bytes) -> _Body:
    if not body:
        raise UnreadableWebhook("body: empty")
    try:
        return _BODY.decode(body)
    except msgspec.ValidationError as exc:
        raise UnreadableWebhook(_named(str(exc))) from exc
    except msgspec.DecodeError as exc:
        raise UnreadableWebhook(f"body: not JSON: {str(exc).removeprefix('JSON is malformed: ')}") from exc
    except UnicodeDecodeError as exc:
        raise UnreadableWebhook("body: not UTF-8") from exc
    except RecursionError as exc:
        raise UnreadableWebhook("body: nested too deeply") from exc


def _named(complaint: str) -> str:
    """Return msgspec's complaint, which repeats no values of the body, with the field's name in front."""
    fact, _, place = complaint.partition(PLACE_MARK)
    path = place.rstrip("`").removeprefix(".")
    if missing := MISSING_FIELD.fullmatch(fact):
        return f"{path}.{missing[1]}".removeprefix(".") + ": missing"
    plain = fact.replace("`", "")
    return f"{path or 'body'}: {plain[:1].lower()}{plain[1:]}"
