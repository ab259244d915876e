"""What tests of the Slack door stand on: signed payloads through the real application, with the real store behind it.

Only the workspace itself, what has to be asked of it, and the table of verbs are stand-ins.
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from urllib.parse import urlencode

import httpx
from redis.asyncio import Redis
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette

from bot.adapters.redis_approvals import RedisApprovals, RedisPlanRequests, RedisStarter
from bot.adapters.redis_incidents import PlatformRules, RedisIncidents
from bot.adapters.redis_memberships import RedisMemberships
from bot.adapters.redis_outbox import RedisOutbox
from bot.adapters.redis_runs import RedisLedger, RedisRuns
from bot.adapters.redis_shares import RedisShares
from bot.adapters.redis_store import RedisStore
from bot.domain.answers import Outlook, Said
from bot.domain.approvals import Approval, ApprovalRules
from bot.domain.correlation import Classification
from bot.domain.effects import Channel, Place
from bot.domain.errors import TemporaryError
from bot.domain.findings import Verdict
from bot.domain.forms import Filled
from bot.domain.ids import (
    ChannelId,
    GroupId,
    PlatformName,
    RequestId,
    RunbookName,
    RunId,
    ServiceName,
    TeamId,
    UserId,
    new_ulid,
)
from bot.domain.incidents import EscalationRule, Incident, IncidentRules
from bot.domain.people import Actor
from bot.domain.plans import Cancelling, Effect, Plan, PlannedStep, Target
from bot.domain.profiles import Parameter, Profile, Runbook, Service
from bot.domain.rights import Environment, Need, Risk, Role, Severity
from bot.domain.settings import Members
from bot.ports.approvals import PlanRequest
from bot.ports.conversation import Payload
from bot.ports.incidents import Declaration
from bot.ports.outbox import MessageRef
from bot.ports.platforms import PlatformPorts, Platforms
from bot.ports.workspace import Person
from bot.services.access import AccessService, Rules
from bot.services.requesting import RequestService
from bot.services.whereabouts import Whereabouts
from bot.verbs import Family, Reply, Request
from handlers.acks import AckFamily, AckOutcome
from handlers.background import Background
from handlers.bolt_app import Listeners, build_bolt_app
from handlers.errors import Guard
from handlers.slack_dispatch import EdgeRefusal, SlackDispatch
from handlers.slack_edge import slack_routes
from handlers.slack_listeners import Parts, slack_listeners
from handlers.telling import Teller
from tests.sent_plugin import SENT
from tests.waiting import wait_until

SECRET = "shhh"
TEAM, OTHER_TEAM = "T0SANDBOX", "T0OTHER"
US = "U0BOT"
ADA, BEN, CHI, DEE = UserId("U0ADA"), UserId("U0BEN"), UserId("U0CHI"), UserId("U0DEE")
"""Ada operates and asks; Ben and Chi approve, Chi owns the platform; Dee may look."""
GUEST, ROBOT = UserId("U0GUEST"), UserId("U0ROBOT")
ROOM = ChannelId("C0INC")
SEARCH, QDRANT = PlatformName("search-prod"), ServiceName("qdrant")
RESTART = RunbookName("restart-service")
GROUP = GroupId("S0OPS")
FORM = {"content-type": "application/x-www-form-urlencoded"}
JSON = {"content-type": "application/json"}
_numbers = itertools.count(1)


def signed(body: bytes, *, at: float | None = None, secret: str = SECRET) -> dict[str, str]:
    """Return the two headers that Slack signs a body with."""
    timestamp = str(int(time.time() if at is None else at))
    base = b"v0:" + timestamp.encode() + b":" + body
    digest = hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()
    return {"x-slack-request-timestamp": timestamp, "x-slack-signature": f"v0={digest}"}


def command_body(text: str = "status", *, user: str = ADA, team: str = TEAM, command: str = "/ops") -> bytes:
    return urlencode(
        {
            "token": "sandbox",
            "team_id": team,
            "channel_id": ROOM,
            "user_id": user,
            "command": command,
            "text": text,
            "response_url": f"https://hooks.slack.test/{next(_numbers)}",
            "trigger_id": f"trigger-{next(_numbers)}",
        }
    ).encode()


def interaction(kind: str, *, user: str = ADA, team: str = TEAM, **parts: object) -> bytes:
    payload = {
        "type": kind,
        "user": {"id": user, "team_id": team},
        "team": {"id": TEAM, "domain": "sandbox"},
        "trigger_id": f"trigger-{next(_numbers)}",
        "response_url": f"https://hooks.slack.test/{next(_numbers)}",
        **parts,
    }
    return urlencode({"payload": json.dumps(payload)}).encode()


def click_body(action: str, value: str, *, user: str = ADA, team: str = TEAM, in_home: bool = False) -> bytes:
    container = {"type": "message", "channel_id": ROOM, "message_ts": "1.1"}
    parts: dict[str, object] = {
        "container": container,
        "channel": {"id": ROOM},
        "actions": [{"type": "button", "action_id": action, "block_id": "b", "value": value}],
    }
    return interaction("block_actions", user=user, team=team, **parts, **({"response_url": None} if in_home else {}))


def choice_body(action: str, value: str, *, user: str = ADA) -> bytes:
    chosen = {"type": "overflow", "action_id": action, "block_id": "b", "selected_option": {"value": value}}
    return interaction("block_actions", user=user, actions=[chosen])


def form_body(callback: str, metadata: str, values: Mapping[str, str], *, user: str = ADA, view: str = "V1") -> bytes:
    state = {block: {"value": {"type": "plain_text_input", "value": value}} for block, value in values.items()}
    shown = {
        "id": view,
        "hash": "1.abc",
        "type": "modal",
        "callback_id": callback,
        "private_metadata": metadata,
        "state": {"values": state},
    }
    return interaction("view_submission", user=user, view=shown, response_url=None)


def event_body(event: Mapping[str, object], *, event_id: str = "") -> bytes:
    envelope = {
        "token": "sandbox",
        "team_id": TEAM,
        "api_app_id": "A0",
        "event": dict(event),
        "type": "event_callback",
        "event_id": event_id or f"Ev{next(_numbers)}",
        "authorizations": [{"team_id": TEAM, "user_id": US, "is_bot": True}],
    }
    return json.dumps(envelope).encode()


def mention_body(text: str, *, user: str = ADA, team: str = TEAM, event_id: str = "", **parts: object) -> bytes:
    event = {"type": "app_mention", "user": user, "team": team, "text": text, "channel": ROOM, "ts": "9.9", **parts}
    return event_body(event, event_id=event_id)


@dataclass
class FakeConversation:
    """Keeps what one person is told; `opens` False: triggers have expired."""

    responses: list[tuple[str, Payload, bool]] = field(default_factory=list)
    views: list[Payload] = field(default_factory=list)
    updates: list[tuple[str, Payload]] = field(default_factory=list)
    ephemerals: list[tuple[str, str, Payload, str | None]] = field(default_factory=list)
    homes: list[tuple[str, Payload]] = field(default_factory=list)
    opens: bool = True

    async def open_view(self, trigger: str, view: Payload) -> str | None:
        if not self.opens:
            return None
        SENT.view(view, "opened")
        self.views.append(view)
        return "V1"

    async def update_view(self, view_id: str, view: Payload) -> bool:
        SENT.view(view, "updated")
        self.updates.append((view_id, view))
        return True

    async def respond(
        self, response_url: str, message: Payload, *, public: bool = False, replace: bool = False
    ) -> bool:
        SENT.message(message, "answered")
        self.responses.append((response_url, message, public))
        return True

    async def ephemeral(self, channel: ChannelId, user: UserId, message: Payload, thread: str | None = None) -> bool:
        SENT.message(message, "said privately")
        self.ephemerals.append((channel, user, message, thread))
        return True

    async def publish_home(self, user: UserId, view: Payload) -> bool:
        SENT.view(view, "home")
        self.homes.append((user, view))
        return True


@dataclass
class FakeVerbs:
    """Answers with the text it was asked, or does what a test says."""

    do: Callable[[Request], Awaitable[Reply]] | None = None
    settle: Callable[[Filled], Awaitable[Reply]] | None = None
    asked: list[Request] = field(default_factory=list)
    submitted: list[Filled] = field(default_factory=list)

    async def answer(self, request: Request) -> Reply:
        self.asked.append(request)
        return await self.do(request) if self.do else Reply(Said(f"You asked: {request.text}"))

    async def submit(self, filled: Filled, request: Request) -> Reply:
        self.submitted.append(filled)
        return await self.settle(filled) if self.settle else Reply(Said(f"You sent: {filled.command}"))

    def find(self, family: Family, name: str) -> object | None:
        return {Family.OPS: ("status",), Family.INCIDENT: ("ack",)}[family].count(name) or None


@dataclass
class FakeHealth:
    """Knows how the platforms stand, as a test says."""

    glances: tuple[Outlook, ...] = (Outlook(SEARCH, "Search", Verdict.OK, datetime(2026, 1, 2, 3, 4, tzinfo=UTC)),)

    async def outlook(self) -> tuple[Outlook, ...]:
        return self.glances


class FakeAddresses:
    """Messages have addresses by their place."""

    async def of(self, message: MessageRef, thread: str | None = None) -> str:
        return f"https://sandbox.slack.test/archives/{message.channel}/p{message.ts.replace('.', '')}"


@dataclass
class FakeDirectory:
    """Knows everybody; asked about groups it counts."""

    refreshed: int = 0

    async def group_members(self, group: GroupId) -> frozenset[UserId]:
        self.refreshed += 1
        return frozenset({ADA})

    async def person(self, user: UserId) -> Person:
        return Person(user, TeamId(TEAM), is_bot=user == ROBOT, is_guest=user == GUEST, is_deactivated=False)


@dataclass
class CountingMetrics:
    acks: list[tuple[AckFamily, AckOutcome]] = field(default_factory=list)
    refusals: list[EdgeRefusal] = field(default_factory=list)

    def on_ack(self, family: AckFamily, seconds: float, outcome: AckOutcome) -> None:
        assert 0 <= seconds < 60
        self.acks.append((family, outcome))

    def on_refused(self, reason: EdgeRefusal) -> None:
        self.refusals.append(reason)


class NoDrivers:
    def is_proven_dead(self, driver: str) -> bool:
        return False


class AwayRedis:
    """A client whose server is gone."""

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        async def refuse(*_: object, **__: object) -> Any:
            raise ConnectionError("refused")

        return refuse


@dataclass
class Stage:
    """The whole edge in process."""

    parts: Parts
    verbs: FakeVerbs
    chat: FakeConversation
    directory: FakeDirectory
    background: Background
    metrics: CountingMetrics
    store: RedisStore
    requests: RedisPlanRequests
    http: httpx.AsyncClient

    async def send(self, body: bytes, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """Send a signed body, and wait until whatever it started in the background is over."""
        kind = JSON if body.startswith(b"{") else FORM
        response = await self.http.post(
            "/slack/events", content=body, headers={**kind, **signed(body), **(headers or {})}
        )
        SENT.acknowledgement(response.text, "acknowledged")
        await self.settled()
        return response

    async def settled(self) -> None:
        await wait_until(lambda: self.background.busy == 0, description="the background is quiet", interval_s=0.001)

    async def actor(self, user: UserId) -> Actor:
        return await self.parts.access.actor(user, TeamId(TEAM))

    def told(self) -> list[str]:
        """Return what was said privately, as text."""
        return [said(message) for _, message, public in self.chat.responses if not public]

    async def an_incident(self) -> Incident:
        declaration = Declaration(SEARCH, "Search is slow", Classification(QDRANT, Severity.SEV2, (RESTART,)))
        change = await self.parts.incidents.declare(declaration, await self.actor(ADA))
        return change.state

    async def an_approval(self, need: Need = Need.ONE, *, by: UserId = ADA) -> Approval:
        request = PlanRequest(
            id=RequestId(new_ulid()),
            platform=SEARCH,
            runbook=RESTART,
            parameters={"service": "qdrant"},
            requester=await self.actor(by),
            place=Place(channel=Channel.APPROVALS),
            reason="qdrant has not answered for ten minutes",
        )
        await self.requests.add(request)
        return (await self.parts.approvals.ask(request, a_plan(need), last_time="")).state

    async def a_run(self) -> RunId:
        """Return a run that waits for a driver."""
        approval = await self.an_approval(Need.CONFIRM)
        actor = await self.actor(ADA)
        await self.parts.approvals.approve(approval.id, approval.plan.hash[:12], actor)
        starter, run = RedisStarter(self.store), RunId(approval.id)
        await starter.lease(run, approval.plan.targets)
        await starter.consume(approval.id, approval.plan, run, {})
        return run

    async def a_stopped_run(self) -> RunId:
        """Return a run that waits for a person."""
        run = await self.a_run()
        ledger = RedisLedger(self.store, NoDrivers())
        claim = await ledger.claim(run, "driver")
        await ledger.begin_step(run, claim.fence, 0, {})
        await ledger.needs_human(run, claim.fence, "the engine does not answer")
        return run

    async def notices(self) -> list[str]:
        """Return the answers to mentions that wait to be said, as text."""
        pending = await RedisOutbox(self.store).pending_notices(100)
        return [it.notice.facts["message"] for it in pending if "message" in it.notice.facts]


def said(message: Payload | Mapping[str, object]) -> str:
    """Return a rendered message or view as one text."""
    return json.dumps(message, ensure_ascii=False)


def a_plan(need: Need = Need.ONE) -> Plan:
    step = PlannedStep(
        action="compose.restart",
        title="Restart qdrant",
        arguments={"service": "qdrant"},
        effect=Effect.ONCE,
        cancel=Cancelling.BEFORE,
        timeout=timedelta(minutes=1),
        target=Target(SEARCH, QDRANT),
        binds={"container": "12ab"},
    )
    return Plan(
        platform=SEARCH,
        environment=Environment.PRODUCTION,
        runbook=RESTART,
        runbook_version="1",
        title="Restart qdrant",
        risk=Risk.DISRUPTIVE,
        need=need,
        need_reason="it interrupts search",
        parameters={"service": "qdrant"},
        steps=(step,),
        interrupts="search, for about 20 s",
        undo="start it again",
    )


def _profile() -> Profile:
    service = Service(QDRANT, "vectors", True, (), "qdrant", (), ())
    restart = Runbook(
        name=RESTART,
        title="Restart {service}",
        version="1",
        risk=Risk.DISRUPTIVE,
        need=Need.ONE,
        need_why=None,
        parameters=(Parameter("service", "service"),),
        steps=(),
        covers=(),
        interrupts="",
        undo="",
    )
    return Profile("search", "Search", None, {QDRANT: service}, {}, (), {}, {RESTART: restart})


def _platforms(profile: Profile) -> Platforms:
    nothing = cast("Any", None)
    owners = Members(people=frozenset({CHI}))
    return {SEARCH: PlatformPorts(SEARCH, profile, Environment.PRODUCTION, owners, nothing, nothing, nothing, nothing)}


def _rules() -> Rules:
    roles = {
        Role.VIEWER: Members(everybody=True),
        Role.OPERATOR: Members(people=frozenset({ADA}), groups=frozenset({GROUP})),
        Role.APPROVER: Members(people=frozenset({BEN, CHI})),
    }
    return Rules(TeamId(TEAM), roles, {SEARCH: Members(people=frozenset({CHI}))})


def parts_on(
    store: RedisStore, verbs: FakeVerbs, chat: FakeConversation, directory: FakeDirectory, access_store: RedisStore
) -> tuple[Parts, RedisPlanRequests]:
    profile = _profile()
    platforms = _platforms(profile)
    span = timedelta(minutes=30)
    incident_rules = IncidentRules(span, {level: EscalationRule(span, None, span) for level in Severity})
    incidents = RedisIncidents(store, {SEARCH: PlatformRules(profile, incident_rules)})
    approvals = RedisApprovals(store, lambda _: ApprovalRules((BEN, CHI), (CHI,)))
    requests = RedisPlanRequests(store)
    access = AccessService(_rules(), RedisMemberships(access_store), directory)
    outbox = RedisOutbox(store)
    parts = Parts(
        our_id=lambda: US,
        groups=frozenset({GROUP}),
        access=access,
        verbs=verbs,
        requests=RequestService(platforms, requests, incidents, approvals, access),
        incidents=incidents,
        approvals=approvals,
        runs=RedisRuns(store),
        outbox=outbox,
        platforms=platforms,
        health=FakeHealth(),
        whereabouts=Whereabouts(outbox, FakeAddresses()),
        shares=RedisShares(store),
        conversation=chat,
    )
    return parts, requests


@asynccontextmanager
async def staged(
    redis: Redis,
    *,
    is_away: bool = False,
    change: Callable[[Listeners], Listeners] = lambda listeners: listeners,
    client: AsyncWebClient | None = None,
) -> AsyncIterator[Stage]:
    """Give the edge on a store; `is_away` puts a dead one behind everything but people's memberships."""
    store = RedisStore(cast("Redis", AwayRedis()) if is_away else redis)
    verbs, chat, directory, metrics = FakeVerbs(), FakeConversation(), FakeDirectory(), CountingMetrics()
    parts, requests = parts_on(store, verbs, chat, directory, RedisStore(redis))
    background = Background()
    teller = Teller(chat, background)
    listeners = change(slack_listeners(parts, background, teller))
    authorized = AuthorizeResult(
        enterprise_id=None, team_id=TEAM, bot_user_id=US, bot_id="B0BOT", bot_token="xoxb-test"
    )
    # Nothing listens there: a call that Bolt makes by itself fails the test.
    bolt_client = client or AsyncWebClient(base_url="http://127.0.0.1:1/api/")
    app = build_bolt_app(bolt_client, lambda: authorized, SECRET, listeners, Guard(metrics, teller))
    transport = httpx.ASGITransport(Starlette(routes=slack_routes(SlackDispatch(app, metrics), SECRET)))
    async with httpx.AsyncClient(transport=transport, base_url="http://watchkeeper.test") as http:
        yield Stage(parts, verbs, chat, directory, background, metrics, store, requests, http)
    await background.drain(timedelta(seconds=1))


def replaced(**listeners: Any) -> Callable[[Listeners], Listeners]:
    """Return a change of the listeners, for tests of what the guard makes of bad ones."""
    return lambda given: replace(given, **listeners)


def away() -> TemporaryError:
    return TemporaryError("the state store is away")
