"""The composition root: settings → adapters → services → edges and loops. The only place that sees all sides."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import aiohttp
import httpx
from redis.asyncio import BlockingConnectionPool, Redis
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.routing import Route

from bot.actions.catalogue import ACTIONS
from bot.adapters.alertmanager import AlertmanagerApi
from bot.adapters.docker_engine import DockerRuntime
from bot.adapters.driver_locks import DriverLocks
from bot.adapters.embedded_valkey import EmbeddedValkey
from bot.adapters.http_calls import new_client
from bot.adapters.metrics import Labels, Metrics
from bot.adapters.probes import Endpoint, HttpProbes
from bot.adapters.prometheus import PrometheusApi
from bot.adapters.redis_approvals import RedisApprovals, RedisPlanRequests, RedisStarter
from bot.adapters.redis_audit import RedisAudit
from bot.adapters.redis_evidence import RedisEvidence
from bot.adapters.redis_incidents import PlatformRules, RedisIncidents
from bot.adapters.redis_intake import RedisIntake
from bot.adapters.redis_memberships import RedisMemberships
from bot.adapters.redis_outbox import RedisOutbox
from bot.adapters.redis_runs import RedisRuns
from bot.adapters.redis_shares import RedisShares
from bot.adapters.redis_store import RedisStore
from bot.adapters.redis_timers import RedisTimers
from bot.adapters.simulated.runtime import SimulatedRuntime as SimulatedRuntimeApi
from bot.adapters.slack_addresses import SlackAddresses
from bot.adapters.slack_calls import slack_client
from bot.adapters.slack_conversation import SlackConversation
from bot.adapters.slack_identity import SlackIdentity
from bot.adapters.slack_sockets import SlackSockets, SocketEnd
from bot.adapters.slack_workspace import SlackWorkspace
from bot.adapters.witness import FileWitness
from bot.domain.approvals import ApprovalRules
from bot.domain.effects import Channel
from bot.domain.ids import GroupId, PlatformName, UserId
from bot.domain.incidents import EscalationRule, IncidentRules
from bot.domain.redaction import Redactor
from bot.domain.settings import ComposeRuntime, Platform, Secret, Settings
from bot.ports.platforms import PlatformPorts
from bot.ports.runtime import ContainerRuntime
from bot.services.access import AccessService, Rules
from bot.services.call_budgets import Call
from bot.services.cards import CardService
from bot.services.catalogue import Catalogue
from bot.services.evidence import EvidenceService
from bot.services.guarding import StoreGuard
from bot.services.health import HealthService
from bot.services.planning import PlanMaker
from bot.services.publishing import CallOutcome
from bot.services.requesting import RequestService
from bot.services.sealing import AuditService
from bot.services.whereabouts import Whereabouts
from bot.verbs import VerbTable
from commands.services import CommandServices
from commands.table import build_table
from handlers.acks import AckFamily, AckOutcome
from handlers.alertmanager import IntakeOutcome, PlatformIntake, alertmanager_routes
from handlers.background import Background
from handlers.bolt_app import build_bolt_app
from handlers.errors import Guard
from handlers.health import health_routes
from handlers.slack_dispatch import EdgeRefusal, SlackDispatch
from handlers.slack_edge import slack_routes
from handlers.slack_listeners import Parts, slack_listeners
from handlers.slack_sockets import SlackEnvelopes
from handlers.telling import Teller
from handlers.terminal import TerminalServer

POOL = 64
SOCKET_TIMEOUT = timedelta(seconds=5)
SLACK_TIMEOUT = timedelta(seconds=10)
UNSIGNED = "nothing is signed in Socket Mode"
"""Stands for the signing secret, so that the framework takes none from the environment."""


@dataclass(frozen=True, slots=True)
class State:
    """The ports of state over one store."""

    store: RedisStore
    intake: RedisIntake
    incidents: RedisIncidents
    requests: RedisPlanRequests
    approvals: RedisApprovals
    starter: RedisStarter
    runs: RedisRuns
    outbox: RedisOutbox
    timers: RedisTimers
    audit: RedisAudit
    evidence: RedisEvidence
    memberships: RedisMemberships


@dataclass(frozen=True, slots=True)
class Outside:
    """What reaches other systems."""

    client: AsyncWebClient
    session: aiohttp.ClientSession
    """Every call to Slack, and its WebSockets."""
    identity: SlackIdentity
    workspace: SlackWorkspace
    conversation: SlackConversation
    platforms: Mapping[PlatformName, PlatformPorts]
    witness: FileWitness
    drivers: DriverLocks


@dataclass(frozen=True, slots=True)
class Services:
    """The use cases."""

    access: AccessService
    guard: StoreGuard
    health: HealthService
    requesting: RequestService
    whereabouts: Whereabouts
    cards: CardService
    evidence: EvidenceService
    audit: AuditService
    plans: PlanMaker


def secrets_of(settings: Settings) -> list[Secret]:
    """Return every secret the installation is told, for redaction at the sinks."""
    environment = settings.environment
    found = [
        environment.slack_bot_token,
        environment.slack_signing_secret,
        environment.slack_app_token,
        environment.redis_url,
    ]
    for platform in settings.platforms.values():
        found += platform.alertmanager.secrets
        found += [address.api_key for address in platform.services.values()]
    return [secret for secret in found if secret is not None]


@asynccontextmanager
async def state_store(settings: Settings) -> AsyncIterator[str]:
    """Yield the address of the state store: the configured one, else the embedded Valkey."""
    if settings.environment.redis_url is not None:
        yield settings.environment.redis_url.reveal()
        return
    async with EmbeddedValkey(settings.environment.data_dir) as valkey:
        yield valkey.url


def connect(url: str) -> Redis:
    """Return a client whose pool waits instead of failing when all connections are busy."""
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=POOL,
        timeout=SOCKET_TIMEOUT.total_seconds(),
        socket_timeout=SOCKET_TIMEOUT.total_seconds(),
        socket_connect_timeout=SOCKET_TIMEOUT.total_seconds(),
    )
    return Redis.from_pool(pool)


def build_state(settings: Settings, redis: Redis, access: Callable[[], AccessService]) -> State:
    """Return the ports of state; rules about people are asked for when a decision needs them."""
    store = RedisStore(redis)

    def approval_rules(platform: PlatformName) -> ApprovalRules:
        return ApprovalRules(access().approvers(), access().owners(platform))

    rules = {name: platform_rules(platform) for name, platform in settings.platforms.items()}
    return State(
        store=store,
        intake=RedisIntake(store),
        incidents=RedisIncidents(store, rules),
        requests=RedisPlanRequests(store),
        approvals=RedisApprovals(store, approval_rules),
        starter=RedisStarter(store),
        runs=RedisRuns(store),
        outbox=RedisOutbox(store),
        timers=RedisTimers(store),
        audit=RedisAudit(store),
        evidence=RedisEvidence(store),
        memberships=RedisMemberships(store),
    )


def platform_rules(platform: Platform) -> PlatformRules:
    """Return what the profile and the configuration say of a platform's incidents."""
    profile = platform.profile
    escalation = {
        severity: EscalationRule(rule.respond_within, rule.page_after, rule.quiet_after)
        for severity, rule in profile.escalation.items()
    }
    owners: tuple[UserId | GroupId, ...] = (*sorted(platform.owners.groups), *sorted(platform.owners.people))
    return PlatformRules(profile, IncidentRules(profile.reopen_window, escalation, owners))


def build_platform(platform: Platform, http: httpx.AsyncClient) -> PlatformPorts:
    """Return one platform with everything that reaches it."""
    endpoints = {
        name: Endpoint(address.url, address.api_key.reveal() if address.api_key else None)
        for name, address in platform.services.items()
    }
    return PlatformPorts(
        name=platform.name,
        profile=platform.profile,
        environment=platform.environment,
        owners=platform.owners,
        runtime=build_runtime(platform),
        probes=HttpProbes(endpoints, http),
        metrics=PrometheusApi(platform.prometheus_url, http),
        alerts=AlertmanagerApi(platform.alertmanager.urls, http),
    )


def build_runtime(platform: Platform) -> ContainerRuntime:
    """Return the adapter of the configured runtime."""
    if isinstance(platform.runtime, ComposeRuntime):
        services = platform.profile.services
        names = {name: it.compose_service for name, it in services.items() if it.compose_service is not None}
        return DockerRuntime(platform.runtime.docker_host, platform.runtime.project, names=names)
    return SimulatedRuntimeApi(platform.runtime.url)


@asynccontextmanager
async def outside(settings: Settings) -> AsyncIterator[Outside]:
    """Yield the adapters of everything that is not the state store."""
    async with AsyncExitStack() as exits:
        http = await exits.enter_async_context(new_client())
        timeout = aiohttp.ClientTimeout(total=SLACK_TIMEOUT.total_seconds())
        session = await exits.enter_async_context(aiohttp.ClientSession(timeout=timeout))
        platforms = {name: build_platform(platform, http) for name, platform in settings.platforms.items()}
        for ports in platforms.values():
            exits.push_async_callback(ports.runtime.aclose)
        token = settings.environment.slack_bot_token
        client = slack_client(token.reveal() if token else "", settings.environment.slack_api_url, session)
        channels = {channel: getattr(settings.slack.channels, channel.value) for channel in Channel}
        yield Outside(
            client=client,
            session=session,
            identity=SlackIdentity(client),
            conversation=SlackConversation(client, http),
            workspace=SlackWorkspace(client, channels, call_timeout=SLACK_TIMEOUT),
            platforms=platforms,
            witness=FileWitness(settings.environment.data_dir),
            drivers=exits.enter_context(DriverLocks(settings.environment.data_dir)),
        )


def access_rules(settings: Settings) -> Rules:
    """Return what the configuration grants."""
    owners = {name: platform.owners for name, platform in settings.platforms.items()}
    return Rules(settings.slack.team, settings.roles, owners, settings.cli_users)


def build_services(state: State, out: Outside, access: AccessService, redactor: Redactor) -> Services:
    """Return the use cases."""
    whereabouts = Whereabouts(state.outbox, SlackAddresses(out.client))
    return Services(
        access=access,
        guard=StoreGuard(state.audit, out.witness, state.outbox),
        health=HealthService(out.platforms, state.incidents, state.approvals, state.runs),
        requesting=RequestService(out.platforms, state.requests, state.incidents, state.approvals, access),
        whereabouts=whereabouts,
        cards=CardService(
            state.incidents, state.approvals, state.runs, state.evidence, out.platforms, whereabouts=whereabouts
        ),
        evidence=EvidenceService(state.incidents, state.runs, out.platforms, state.evidence, redactor),
        audit=AuditService(state.audit, out.witness),
        plans=PlanMaker(out.platforms, ACTIONS),
    )


def build_verbs(state: State, out: Outside, services: Services) -> VerbTable:
    """Return everything that can be asked."""
    catalogue = Catalogue(out.platforms, state.incidents, state.approvals, state.runs, services.access)
    return build_table(
        CommandServices(
            access=services.access,
            catalogue=catalogue,
            health=services.health,
            requesting=services.requesting,
            incidents=state.incidents,
            approvals=state.approvals,
            runs=state.runs,
            audit=services.audit,
            platforms=out.platforms,
            unfreeze=services.guard.unfreeze,
        )
    )


def build_metrics() -> Metrics:
    """Return the metrics of this process, each label's values at zero."""
    return Metrics(Labels(IntakeOutcome, AckFamily, AckOutcome, EdgeRefusal, Call, CallOutcome, SocketEnd))


@dataclass(frozen=True, slots=True)
class Application:
    """One process, built and not running."""

    settings: Settings
    state: State
    outside: Outside
    services: Services
    verbs: VerbTable
    metrics: Metrics
    background: Background
    terminal: TerminalServer

    async def asgi(self, *, web: bool) -> Starlette:
        """Return the one ASGI application: health for every part, webhooks and Slack's requests where ``web``."""
        routes = health_routes(self.state.store.now, self.metrics)
        if web:
            routes += alertmanager_routes(webhook_doors(self.settings), self.state.intake, self.metrics)
            routes += self._slack_routes()
        return Starlette(routes=routes)

    def sockets(self) -> SlackSockets | None:
        """Return Slack's way in through connections of ours; None where Slack posts to us instead."""
        token = self.settings.environment.slack_app_token
        if token is None:
            return None
        return SlackSockets(
            self.outside.client,
            self.outside.session,
            token.reveal(),
            SlackEnvelopes(self._dispatch(UNSIGNED)).receive,
            self.metrics,
            count=self.settings.slack.sockets,
        )

    def _slack_routes(self) -> list[Route]:
        """Return Slack's way in over HTTP; Slack uses one way for the whole app, and Socket Mode wins there too."""
        environment = self.settings.environment
        if environment.slack_signing_secret is None or environment.slack_app_token is not None:
            return []
        secret = environment.slack_signing_secret.reveal()
        return slack_routes(self._dispatch(secret), secret)

    def _dispatch(self, signing_secret: str) -> SlackDispatch:
        """Return what stands behind both ways in."""
        parts = Parts(
            our_id=self.outside.identity.user_id,
            groups=access_rules(self.settings).groups(),
            access=self.services.access,
            verbs=self.verbs,
            requests=self.services.requesting,
            incidents=self.state.incidents,
            approvals=self.state.approvals,
            runs=self.state.runs,
            outbox=self.state.outbox,
            platforms=self.outside.platforms,
            health=self.services.health,
            whereabouts=self.services.whereabouts,
            shares=RedisShares(self.state.store),
            conversation=self.outside.conversation,
        )
        teller = Teller(self.outside.conversation, self.background)
        listeners = slack_listeners(parts, self.background, teller)
        guard = Guard(self.metrics, teller)
        authorized = self.outside.identity.authorized
        bolt = build_bolt_app(self.outside.client, authorized, signing_secret, listeners, guard)
        return SlackDispatch(bolt, self.metrics)


def webhook_doors(settings: Settings) -> dict[PlatformName, PlatformIntake]:
    """Return who may send webhooks for each platform."""
    return {
        name: PlatformIntake(
            tuple(secret.reveal().encode() for secret in platform.alertmanager.secrets),
            platform.alertmanager.user.encode() if platform.alertmanager.user else None,
        )
        for name, platform in settings.platforms.items()
    }


@asynccontextmanager
async def application(settings: Settings, redis: Redis, redactor: Redactor) -> AsyncIterator[Application]:
    """Yield everything one process is made of; close it in order."""
    async with outside(settings) as out:
        access: AccessService
        state = build_state(settings, redis, lambda: access)
        access = AccessService(access_rules(settings), state.memberships, out.workspace)
        services = build_services(state, out, access, redactor)
        verbs = build_verbs(state, out, services)
        background = Background()
        try:
            yield Application(
                settings=settings,
                state=state,
                outside=out,
                services=services,
                verbs=verbs,
                metrics=build_metrics(),
                background=background,
                terminal=TerminalServer(settings.environment.data_dir, access, verbs),
            )
        finally:
            await background.drain()
