"""What the doctor asks, and whom: each question joins one adapter with the rules that judge its answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import aiohttp
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from bot.adapters.embedded_valkey import attach
from bot.adapters.folder_locks import server_pid
from bot.adapters.http_calls import new_client
from bot.adapters.machine_inspection import HttpDoorstep, LocalMachine
from bot.adapters.redis_inspection import RedisInspection
from bot.adapters.slack_inspection import SlackInspectionApi
from bot.adapters.valkey_folder import ValkeyFolder
from bot.app import secrets_of
from bot.doctor.platforms import platform_sections
from bot.doctor.slack import slack_sections
from bot.domain.checks import Check
from bot.domain.errors import BotError
from bot.domain.settings import ProcessEnvironment, Server, Settings
from bot.ports.inspection import Doorstep, Listening, Machine, StoreRefused
from bot.services.doctor import Findings, Question, Section
from bot.services.inspection import installation, store
from bot.settings import Examined

REDIS_URL = "REDIS_URL"
"""Where it is no address, that is said of the environment, and there is nobody to ask."""
CALL_WITHIN = timedelta(seconds=4)
"""Shorter than a question's time, so that what hangs is named by who asked it."""


@asynccontextmanager
async def all_sections(told: Examined, scopes: Sequence[str]) -> AsyncIterator[list[Section]]:
    """Yield everything there is to ask, in order; what is asked through is closed afterwards."""
    async with AsyncExitStack() as exits:
        http = await exits.enter_async_context(new_client())
        timeout = aiohttp.ClientTimeout(total=CALL_WITHIN.total_seconds())
        session = await exits.enter_async_context(aiohttp.ClientSession(timeout=timeout))
        machine = LocalMachine()
        doorstep = HttpDoorstep(http, within=CALL_WITHIN / 2)
        sections = [_installation(told, machine, doorstep)]
        slack = _slack_inspection(told.environment, session)
        sections += slack_sections(told.environment, told.settings, slack, scopes)
        if not _has_unusable_store(told):
            sections.append(_store(told, machine, doorstep))
        if told.settings is not None:
            for platform in told.settings.platforms.values():
                sections += platform_sections(platform, told.settings.server, http, machine, within=CALL_WITHIN)
        sections.append(_skipped(told))
        yield sections


def _slack_inspection(environment: ProcessEnvironment, session: aiohttp.ClientSession) -> SlackInspectionApi:
    token = environment.slack_bot_token.reveal() if environment.slack_bot_token else ""
    app_token = environment.slack_app_token.reveal() if environment.slack_app_token else ""
    return SlackInspectionApi(token, app_token, environment.slack_api_url, session)


def _installation(told: Examined, machine: Machine, doorstep: Doorstep) -> Section:
    environment, settings = told.environment, told.settings
    path = environment.config_path
    variables = [(problem.field, problem.message) for problem in told.environment_problems]
    wrong = [str(problem) for problem in told.checked.problems]
    is_embedded = environment.redis_url is None

    def configured() -> Findings:
        found = installation.configuration(path, wrong, told.checked.summary(), exists=path.exists())
        if settings is None:
            return found
        short = [it for platform in settings.platforms.values() for it in installation.webhook_secrets(platform)]
        return [*found, *short, *installation.permissions(machine.file(path, secrets_of(settings)), path)]

    questions = [
        Question(Check.ENVIRONMENT, "the environment", _now(lambda: installation.environment(variables, environment))),
        Question(Check.CONFIGURATION, str(path), _now(configured)),
        Question(
            Check.DATA_FOLDER,
            str(environment.data_dir),
            _now(lambda: installation.data_folder(machine.folder(environment.data_dir), holds_state=is_embedded)),
        ),
    ]
    if settings is not None:
        questions.append(Question(Check.RUNNING, "Watchkeeper itself", lambda: _served(settings, doorstep)))
    return Section("Installation", tuple(questions))


def _now(judge: Callable[[], Findings]) -> Callable[[], Awaitable[Findings]]:
    async def ask() -> Findings:
        return judge()

    return ask


async def _served(settings: Settings, doorstep: Doorstep) -> Findings:
    server, environment = settings.server, settings.environment
    url = _own_url(server)
    who = await doorstep.who_answers(url)
    outside: Listening | None = None
    if who is Listening.WATCHKEEPER and server.public_url is not None and environment.slack_app_token is None:
        outside = await doorstep.who_answers(server.public_url)
    is_running = who is Listening.WATCHKEEPER
    return [
        *installation.running(who, url),
        *installation.public_url(server, environment, is_running=is_running, outside=outside),
    ]


def _own_url(server: Server) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(server.bind, server.bind)  # noqa: S104 - asked, not bound
    return f"http://{host}:{server.port}"


def _skipped(told: Examined) -> Section:
    """Return the section that names what was not looked at because something it needs is missing."""
    needs_token = [] if told.environment.slack_bot_token else ["Slack", "People"]
    found = []
    if needs_token:
        fix = "set SLACK_BOT_TOKEN"
        found.append(installation.skipped(Check.ENVIRONMENT, needs_token, "no SLACK_BOT_TOKEN", fix))
    if _has_unusable_store(told):
        fix = "correct REDIS_URL"
        found.append(installation.skipped(Check.ENVIRONMENT, ["State store"], "REDIS_URL is no address", fix))
    if told.settings is None:
        left_out = ["Watchkeeper itself", *([] if needs_token else ["Slack's channels", "People"]), "every platform"]
        why, fix = "the configuration cannot be used", "correct the configuration"
        found.append(installation.skipped(Check.CONFIGURATION, left_out, why, fix))
    return Section("Skipped", (Question(Check.CONFIGURATION, "what was left out", _now(lambda: found)),))


def _has_unusable_store(told: Examined) -> bool:
    return any(problem.field == REDIS_URL for problem in told.environment_problems)


def _store(told: Examined, machine: Machine, doorstep: Doorstep) -> Section:
    environment = told.environment

    async def ask() -> Findings:
        if environment.redis_url is not None:
            return await _judged(environment.redis_url.reveal())
        if why := machine.why_no_embedded_store():
            return store.no_embedded(why)
        folder = machine.folder(environment.data_dir)
        if not folder.exists:
            return store.embedded_not_started(was_used=False)
        try:
            url = await attach(environment.data_dir)
        except BotError as exc:
            if await _should_run(told, doorstep):
                return store.embedded_away(str(exc))
            return store.embedded_not_started(was_used=folder.was_used)
        return await _judged(url)

    where = "the store at REDIS_URL" if environment.redis_url else "the embedded Valkey"
    return Section("State store", (Question(Check.STORE_REACH, where, ask),))


async def _should_run(told: Examined, doorstep: Doorstep) -> bool:
    """Return whether a store is to be expected on the data folder: its server lives, or Watchkeeper answers."""
    try:
        if server_pid(ValkeyFolder.of(told.environment.data_dir).server_lock) is not None:
            return True
    except PermissionError:
        return True
    if told.settings is None:
        return False
    who = await doorstep.who_answers(_own_url(told.settings.server))
    return who in (Listening.WATCHKEEPER, Listening.NOT_READY)


async def _judged(url: str) -> Findings:
    within_s = CALL_WITHIN.total_seconds()
    retry = Retry(NoBackoff(), 0)
    client = Redis.from_url(url, socket_timeout=within_s, socket_connect_timeout=within_s, retry=retry)
    try:
        return store.judge(await RedisInspection(client).facts())
    except StoreRefused as refusal:
        return store.refused(refusal)
    finally:
        await client.aclose()
