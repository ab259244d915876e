"""``watchkeeper simulate``: what a webhook body would do, without doing it.

It reads what the running process reads, with the same eyes and the same rules, and stops before anything is written:
the store is only read, and nothing is sent.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from bot.adapters.embedded_valkey import attach
from bot.adapters.http_calls import new_client
from bot.adapters.redis_approvals import RedisApprovals
from bot.adapters.redis_incidents import PlatformRules, RedisIncidents
from bot.adapters.redis_intake import RedisIntake
from bot.adapters.redis_runs import RedisRuns
from bot.adapters.redis_store import RedisStore
from bot.app import build_platform, connect, platform_rules
from bot.domain.alerts import Alert, AlertGroup
from bot.domain.approvals import ApprovalRules
from bot.domain.cards import IncidentCard
from bot.domain.effects import Channel
from bot.domain.errors import PermanentError, TemporaryError, UnknownName, UserError
from bot.domain.foretelling import Installation, foretell
from bot.domain.ids import Fingerprint, IncidentId, PlatformName
from bot.domain.incidents import Incident
from bot.domain.meeting import Meeting, Scene, meet
from bot.domain.settings import Platform, Settings
from bot.domain.webhook import UnreadableWebhook, read_webhook
from bot.messages import limits
from bot.messages.foretold import Simulation
from bot.ports.platforms import PlatformPorts
from bot.profiles.problems import ConfigurationError
from bot.services.cards import in_progress, offers_of
from bot.settings import examine
from handlers.alertmanager import MAX_BODY_BYTES, STATUS_OF, IntakeOutcome

EMPTY_WAS_ASKED = "--empty asks for that"
NEXT_BODY = "give a body as Alertmanager posts it"


@dataclass(frozen=True, slots=True)
class Body:
    """A webhook body, and what people call it."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class _Work:
    """What is under way below an incident."""

    approvals_open: int
    runs_open: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Decided:
    """What was decided, and on what."""

    meetings: Sequence[Meeting]
    news: frozenset[Fingerprint]
    known: Mapping[Fingerprint, Alert]
    work: Mapping[IncidentId, _Work]
    now: datetime
    why_empty: str = ""


def read_body(source: str, standard_input: IO[bytes]) -> Body:
    """Return the body in a file, or for ``-`` on standard input; UserError when there is none to read.

    No more is read than shows that it is too large.
    """
    if source == "-":
        return Body("standard input", standard_input.read(MAX_BODY_BYTES + 1))
    try:
        with Path(source).open("rb") as file:
            return Body(source, file.read(MAX_BODY_BYTES + 1))
    except (OSError, ValueError) as exc:
        why = exc.strerror if isinstance(exc, OSError) else exc
        raise UserError(f"{source}: cannot be read ({why}); {NEXT_BODY}, or - for standard input") from exc


async def simulate(body: Body, platform: str | None, *, empty: bool = False, now: datetime | None = None) -> Simulation:
    """Return what ``body`` would do if Alertmanager posted it for ``platform`` now.

    ``platform`` may be left out where there is one; ``empty`` leaves the running store out, and only then ``now``
    counts. Raises ConfigurationError, and UserError for a body or a platform that the door would turn away.
    """
    settings = _settings()
    configured = _platform(settings, platform)
    group = _read(body, configured.name)
    rules = platform_rules(configured)
    decided = await _decided(settings, rules, group, empty=empty, now=now or datetime.now(UTC))
    foretold = foretell(
        group,
        decided.meetings,
        decided.news,
        known=decided.known,
        profile=rules.profile,
        rules=rules.incidents,
        installation=Installation(tuple(settings.platforms), limits.TITLE),
        now=decided.now,
    )
    return Simulation(
        foretold=foretold,
        cards=await _cards(configured, decided),
        channels={channel: getattr(settings.slack.channels, channel.value) for channel in Channel},
        now=decided.now,
        why_empty=decided.why_empty,
    )


def _settings() -> Settings:
    """Return the configuration; Slack's tokens need not be set, for nothing is sent."""
    examined = examine()
    if examined.settings is None:
        raise ConfigurationError(list(examined.checked.problems))
    return examined.settings


def _platform(settings: Settings, name: str | None) -> Platform:
    """Return the platform of a name, or the only one there is."""
    names = [str(it) for it in settings.platforms]
    if name is None and len(names) == 1:
        return settings.platforms[PlatformName(names[0])]
    if name is None:
        raise UserError(f"there are {len(names)} platforms; say which: --platform {' | '.join(names)}")
    found = settings.platforms.get(PlatformName(name))
    if found is None:
        nearest = difflib.get_close_matches(name, names, n=3, cutoff=0.4) or names
        status = STATUS_OF[IntakeOutcome.UNKNOWN_PLATFORM]
        raise UnknownName(
            f"{name}: no platform of {settings.environment.config_path} has that name, so Alertmanager would be "
            f"answered {status} and drop it; did you mean {', '.join(nearest)}?"
        )
    return found


def _read(body: Body, platform: PlatformName) -> AlertGroup:
    """Return the group that the body reports, read as the door reads it."""
    if len(body.content) > MAX_BODY_BYTES:
        status = STATUS_OF[IntakeOutcome.OVERSIZED]
        raise UserError(
            f"{body.name}: it is over the {MAX_BODY_BYTES:,} bytes that are read; Alertmanager would be "
            f"answered {status}, and Watchkeeper would ask its API instead; group by more labels, or set max_alerts"
        )
    try:
        return read_webhook(platform, body.content)
    except UnreadableWebhook as exc:
        status = STATUS_OF[IntakeOutcome.UNREADABLE]
        raise UserError(
            f"{body.name}: {_complaint(body.content) or exc}; Alertmanager would be answered {status} and drop it"
        ) from exc


def _complaint(content: bytes) -> str:
    """Return what is wrong with content that is no JSON, with its place; empty where JSON is not the trouble."""
    if content.lstrip()[:1] == b"<":
        return f"this is HTML or XML, perhaps a page of a proxy; {NEXT_BODY}"
    try:
        json.loads(content)
    except json.JSONDecodeError as exc:
        return f"not JSON at line {exc.lineno}, column {exc.colno}: {exc.msg}" if content.strip() else ""
    except (ValueError, RecursionError):
        return ""
    return ""


async def _decided(
    settings: Settings, rules: PlatformRules, group: AlertGroup, *, empty: bool, now: datetime
) -> _Decided:
    if empty:
        return _over_nothing(rules, group, now, EMPTY_WAS_ASKED)
    try:
        async with _running_store(settings) as store:
            return await _over_store(store, rules, group)
    except (TemporaryError, PermanentError) as exc:
        return _over_nothing(rules, group, now, str(exc))


def _over_nothing(rules: PlatformRules, group: AlertGroup, now: datetime, why: str) -> _Decided:
    meetings = meet(group, Scene(now), rules.profile, rules.incidents)
    return _Decided(meetings, frozenset(alert.fingerprint for alert in group.alerts), {}, {}, now, why)


@asynccontextmanager
async def _running_store(settings: Settings) -> AsyncIterator[RedisStore]:
    environment = settings.environment
    url = environment.redis_url.reveal() if environment.redis_url else await attach(environment.data_dir)
    redis = connect(url)
    try:
        yield RedisStore(redis)
    finally:
        await redis.aclose()


async def _over_store(store: RedisStore, rules: PlatformRules, group: AlertGroup) -> _Decided:
    """Decide over the present state; every call here only reads."""
    incidents = RedisIncidents(store, {group.platform: rules})
    news = await RedisIntake(store).news(group)
    fresh = replace(group, alerts=tuple(alert for alert in group.alerts if alert.fingerprint in news))
    meetings = await incidents.preview(fresh)
    known = await incidents.known(group.platform, news)
    work = await _work(store, group.platform, [met.before for met in meetings if met.before])
    return _Decided(meetings, news, known, work, await store.now())


async def _work(store: RedisStore, platform: PlatformName, met: Sequence[Incident]) -> dict[IncidentId, _Work]:
    approvals = await RedisApprovals(store, _nobody_is_asked).open()
    runs = await RedisRuns(store).on_platform(platform)
    return {
        incident.id: _Work(
            sum(it.incident == incident.id for it in approvals),
            tuple(in_progress(run) for run in runs if run.incident == incident.id),
        )
        for incident in met
    }


def _nobody_is_asked(_: PlatformName) -> ApprovalRules:
    """Return the rules of approvals for a look at them: nobody decides anything here."""
    return ApprovalRules((), ())


async def _cards(platform: Platform, decided: _Decided) -> list[IncidentCard]:
    async with new_client() as http:
        ports = build_platform(platform, http)
        try:
            return [_card(met.after, ports, decided) for met in decided.meetings]
        finally:
            await ports.runtime.aclose()


def _card(incident: Incident, platform: PlatformPorts, decided: _Decided) -> IncidentCard:
    work = decided.work.get(incident.id, _Work(0, ()))
    return IncidentCard(
        incident=incident,
        as_of=decided.now,
        platform_title=platform.profile.title,
        environment=platform.environment,
        offers=offers_of(incident, platform),
        approvals_open=work.approvals_open,
        runs_open=work.runs_open,
        guide=platform.profile.guide or "",
    )
