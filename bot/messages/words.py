"""How cards and answers say things: lengths of time, counts, severities, where something is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from bot.domain.ids import PlatformName, ServiceName
from bot.domain.plans import Target
from bot.domain.rights import Need, Risk, Severity
from bot.messages import limits
from bot.messages.mrkdwn import DateForm, Mrkdwn, date, escape, link, say

SEVERITY_MARK = {Severity.SEV1: "🔴", Severity.SEV2: "🟠", Severity.SEV3: "🟡", Severity.SEV4: "⚪"}

RISK_WORDS = {
    Risk.READ: "read: it only looks",
    Risk.CHANGE: "change: nobody notices",
    Risk.DISRUPTIVE: "disruptive: users may notice",
    Risk.DESTRUCTIVE: "destructive: data or access can be lost",
}
NEED_WORDS = {
    Need.NONE: "nobody: it only looks",
    Need.CONFIRM: "the requester's own second press",
    Need.ONE: "one approver who is not the requester",
    Need.TWO: "two approvers who are not the requester, one of them an owner",
}

_UNITS = (("day", timedelta(days=1)), ("h", timedelta(hours=1)), ("min", timedelta(minutes=1)))


def duration(length: timedelta) -> str:
    """Return a length of time in words, its two largest units: ``34 s``, ``12 min``, ``2 h 5 min``, ``3 days 4 h``.

    Seconds are said below two minutes only; what is shorter than one, a negative length too, is ``under 1 s``.
    """
    if length < timedelta(seconds=1):
        return "under 1 s"
    if length < timedelta(minutes=2):
        return f"{int(length.total_seconds())} s"
    parts: list[str] = []
    rest = length
    for unit, size in _UNITS:
        amount, rest = divmod(rest, size)
        if amount:
            parts.append(count(unit, amount) if unit == "day" else f"{amount} {unit}")
    return " ".join(parts[:2])


def measured(value: float, unit: str) -> str:
    """Return a value of a metric with its unit as people say it: ``451 ms``, ``28 %``, ``1.5 GiB``, ``5.9/s``."""
    match unit:
        case "seconds":
            return f"{value * 1000:.3g} ms" if abs(value) < 1 else f"{value:.3g} s"
        case "ratio":
            return f"{value * 100:.3g} %"
        case "percent":
            return f"{value:.3g} %"
        case "per_second":
            return f"{value:.3g}/s"
        case "bytes":
            return size(value)
    return f"{value:,.0f}" if value == int(value) else f"{value:.4g}"


def size(bytes_: float) -> str:
    """Return a number of bytes in the largest binary unit that keeps it above one."""
    for power, unit in ((4, "TiB"), (3, "GiB"), (2, "MiB"), (1, "KiB")):
        if abs(bytes_) >= 1024**power:
            return f"{bytes_ / 1024**power:.3g} {unit}"
    return f"{bytes_:.0f} B"


def count(thing: str, amount: int) -> str:
    """Return an amount with its thing in the right number: ``1 alert``, ``3 alerts``."""
    return f"{amount} {thing}" if amount == 1 else f"{amount} {thing}s"


def sentence(text: str) -> str:
    """Return ``text`` with a full stop where it has no end of its own."""
    stripped = text.strip()
    return stripped if not stripped or stripped[-1] in ".!?…" else f"{stripped}."


def severity(value: Severity) -> str:
    """Return a severity with its mark: ``🔴 sev1``."""
    return f"{SEVERITY_MARK[value]} {value}"


SEVERITY_MEANS = {
    Severity.SEV1: "users cannot work",
    Severity.SEV2: "users notice",
    Severity.SEV3: "degraded, no user notices",
    Severity.SEV4: "can wait for office hours",
}


def severity_meaning(value: Severity) -> str:
    """Return a severity with its mark and what it means: ``🔴 sev1: users cannot work``."""
    return f"{severity(value)}: {SEVERITY_MEANS[value]}"


def where(platform: PlatformName, service: ServiceName | None) -> str:
    """Return platform and service as people type them: ``search-prod/qdrant``."""
    return Target(platform, service).key


def as_of(moment: datetime) -> Mrkdwn:
    """Return when the card was true."""
    return say("as of {at}", at=date(moment, DateForm.SECONDS))


def ago(moment: datetime) -> Mrkdwn:
    """Return how long ago something was, as the reader's device counts it."""
    return date(moment, DateForm.AGO)


def linked(name: str, links: Mapping[str, str]) -> Mrkdwn:
    """Return a short name (``INC-42``), as a link to its message where that is known; nothing for nothing."""
    return link(links[name], name) if name in links else escape(name, limits.TITLE)


def until(moment: datetime, now: datetime) -> Mrkdwn:
    """Return an end on the reader's clock and how long that is from ``now``."""
    if moment <= now:
        return say("{at}, which has passed", at=date(moment))
    return say("{at}, {left} left", at=date(moment), left=duration(_whole_minutes(moment - now)))


def _whole_minutes(left: timedelta) -> timedelta:
    """Return a time that is left in minutes begun: a quarter of an hour is not 14 minutes a blink later."""
    minute = timedelta(minutes=1)
    return left if left < 2 * minute else -(-left // minute) * minute


def detail(text: str) -> Mrkdwn:
    """Return one line of untrusted detail, cut to what a card has room for."""
    return escape(text, limits.DETAIL)


def bullet(text: str) -> Mrkdwn:
    """Return one line of untrusted detail as an entry of a list."""
    return say("• {text}", text=detail(text))


def title(text: str) -> Mrkdwn:
    """Return an untrusted title, cut to what a card has room for."""
    return escape(text, limits.TITLE)
