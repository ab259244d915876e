"""Running one process: open what it needs, start edges and loops, and close in order when it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager, suppress
from datetime import timedelta
from enum import StrEnum

import uvicorn
from starlette.applications import Starlette

from bot.actions.catalogue import ACTIONS
from bot.adapters.docket_carrier import DocketCarrier
from bot.adapters.process_memory import resident_bytes
from bot.adapters.publisher_slot import publisher_holder
from bot.adapters.redis_doorbell import RedisDoorbell
from bot.adapters.redis_runs import RedisLedger
from bot.app import Application, application, connect, secrets_of, state_store
from bot.domain.errors import TemporaryError, UserError
from bot.domain.redaction import Redactor
from bot.domain.settings import ProcessEnvironment, Settings
from bot.domain.settings import Server as ListensAt
from bot.logs import log_to
from bot.loops import work
from bot.loops.loop import Loop, listen
from bot.loops.publisher import PublisherLoop
from bot.loops.sockets import SocketKeeper
from bot.ports.gauges import Measured
from bot.services.alerting import IntakeService, ReconcilerService, RefusedWebhooks
from bot.services.driving import DriverService
from bot.services.gauging import GaugingService, MemoryWatch
from bot.services.planning import PlannerService
from bot.services.publishing import Publishing
from bot.services.sealing import SealerService
from bot.services.starting import StarterService

log = logging.getLogger(__name__)

DRAIN = timedelta(seconds=5)
"""How long a stop waits for requests under way; runs stay pending and go on elsewhere."""
MEASURE_EVERY = timedelta(seconds=2)

Task = Callable[[], Awaitable[None]]


class Part(StrEnum):
    """What one process does."""

    SERVE = "serve"
    """Everything."""
    WEB = "web"
    """Takes webhooks, commands and clicks."""
    WORKER = "worker"
    """Runs the loops; answers only for its own health."""


class WayIn(StrEnum):
    """How commands and clicks reach a process."""

    SOCKET_MODE = "socket mode"
    HTTP = "http"
    NONE = "none"


def event_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return what makes the fastest event loop this machine has; None is Python's own."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


async def serve(settings: Settings, part: Part, *, log_level: int = logging.INFO) -> None:
    """Run one process until it is told to stop."""
    redactor = Redactor(secrets_of(settings))
    log_to(redactor=redactor, level=log_level)
    if part is not Part.SERVE and settings.environment.redis_url is None:
        raise UserError(f"watchkeeper {part} shares its state with other processes; set REDIS_URL")
    async with AsyncExitStack() as exits:
        url = await exits.enter_async_context(state_store(settings))
        redis = connect(url)
        exits.push_async_callback(redis.aclose)
        app = await exits.enter_async_context(application(settings, redis, redactor))
        await app.services.guard.check()
        tasks: list[Task] = [measuring(app)]
        if part in (Part.SERVE, Part.WORKER):
            tasks += await loop_tasks(app, url, exits)
        web = part in (Part.SERVE, Part.WEB)
        if web:
            tasks += await web_tasks(app)
        told = {
            "address": address(settings.server),
            "part": part.value,
            "platforms": [str(name) for name in settings.platforms],
            "slack_way_in": (way_in(settings.environment) if web else WayIn.NONE).value,
        }
        await run_until_stopped(await app.asgi(web=web), settings, tasks, told)


def address(server: ListensAt) -> str:
    """Return ``host:port``, as it is written in an address."""
    host = f"[{server.bind}]" if ":" in server.bind else server.bind
    return f"{host}:{server.port}"


def way_in(environment: ProcessEnvironment) -> WayIn:
    """Return how Slack reaches a process that takes commands; Socket Mode wins where both are set."""
    if environment.slack_app_token is not None:
        return WayIn.SOCKET_MODE
    return WayIn.HTTP if environment.slack_signing_secret is not None else WayIn.NONE


async def web_tasks(app: Application) -> list[Task]:
    """Return what goes on beside the requests: the terminal, who we are in Slack, and its connections."""
    await app.outside.identity.ask_at_start()
    tasks: list[Task] = [app.terminal.serve, app.outside.identity.learn]
    sockets = app.sockets()
    if sockets is not None:
        tasks.append(SocketKeeper(sockets, app.state.store.now).run)
    return tasks


async def loop_tasks(app: Application, url: str, exits: AsyncExitStack) -> list[Task]:
    """Return everything that runs by itself."""
    driver = build_driver(app)
    carrier = await exits.enter_async_context(DocketCarrier(url, driver.drive, worker=app.outside.drivers.name))
    loops = build_loops(app, carrier)
    holder = exits.enter_context(publisher_holder(app.settings.environment.data_dir))
    publisher = build_publisher(app, holder)

    async def hear() -> None:
        await listen(RedisDoorbell(app.state.store), [*loops, publisher])

    return [*(loop.run for loop in loops), publisher.run, carrier.work, hear]


def measuring(app: Application) -> Task:
    """Return what measures this process and the queues for the metrics."""
    state = app.state
    gauging = GaugingService(
        state.intake,
        state.outbox,
        state.approvals,
        state.runs,
        state.audit,
        now=state.store.now,
        process_memory=resident_bytes,
        store_memory=state.store.memory_ratio,
    )

    async def measure() -> None:
        while True:
            app.metrics.show(Measured(loop_lag_s=await loop_lag(MEASURE_EVERY)))
            with suppress(TemporaryError):
                app.metrics.show(await gauging.measure())

    return measure


async def loop_lag(span: timedelta) -> float:
    """Wait for ``span``; return how many seconds late the event loop woke up."""
    started = time.monotonic()
    await asyncio.sleep(span.total_seconds())
    return max(0.0, time.monotonic() - started - span.total_seconds())


def build_driver(app: Application) -> DriverService:
    """Return what carries runs in this process."""
    return DriverService(
        RedisLedger(app.state.store, app.outside.drivers),
        app.outside.platforms,
        ACTIONS,
        driver=app.outside.drivers.name,
        guard=app.services.guard,
        now=app.state.store.now,
    )


def build_publisher(app: Application, holder: str) -> PublisherLoop:
    """Return the publisher; ``holder`` lets a restarted process follow its predecessor at once."""
    publishing = Publishing(
        app.state.outbox, app.outside.workspace, app.services.cards.view, app.metrics, ticks=time.monotonic
    )
    return PublisherLoop(publishing, app.state.outbox, holder=holder)


def build_loops(app: Application, carrier: DocketCarrier) -> list[Loop]:
    """Return the loops, each over one index."""
    state, out, services = app.state, app.outside, app.services
    planner = PlannerService(services.plans, state.requests, state.approvals, state.runs, services.access)
    starter = StarterService(state.approvals, state.starter, services.plans, services.access, services.guard)
    return [
        work.intake_loop(state.intake, IntakeService(state.incidents, out.platforms, state.intake)),
        work.planner_loop(state.requests, planner, state.store.now),
        work.starter_loop(state.approvals, starter),
        work.run_loop(state.runs, carrier, out.drivers, state.store.now),
        work.timer_loop(state.timers, state.incidents, state.approvals),
        work.evidence_loop(state.timers, services.evidence),
        work.reconciler_loop(
            out.platforms, ReconcilerService(state.incidents, state.intake, out.platforms), state.intake
        ),
        work.sealer_loop(SealerService(state.audit, out.witness), services.guard),
        work.groups_loop(services.access),
        work.refused_loop(RefusedWebhooks(state.intake, state.outbox)),
        work.memory_loop(MemoryWatch(state.outbox, now=state.store.now, store_memory=state.store.memory_ratio)),
    ]


class Server(uvicorn.Server):
    """A server that leaves signals to us: its own way of ending skips what has to be closed in order."""

    def __init__(self, config: uvicorn.Config, told: Mapping[str, object]) -> None:
        """Take what the log says as soon as requests are answered."""
        super().__init__(config)
        self._told = dict(told)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say so."""
        await super().startup(sockets)
        if self.started:
            log.info("serving", extra=self._told)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Catch none."""
        yield


def stopped() -> asyncio.Event:
    """Return what is set by the first signal to stop: a service manager's, Ctrl-C, a terminal that is closed."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


async def run_until_stopped(
    asgi: Starlette, settings: Settings, tasks: Sequence[Task], told: Mapping[str, object]
) -> None:
    """Serve and loop until a signal, or until something that must not end has ended; log ``told`` once it listens."""
    server = Server(
        uvicorn.Config(
            asgi,
            host=settings.server.bind,
            port=settings.server.port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=round(DRAIN.total_seconds()),
        ),
        told,
    )
    stop = asyncio.create_task(stopped().wait(), name="signal")
    web = asyncio.create_task(server.serve(), name="web")
    running = [asyncio.create_task(_named(task), name=getattr(task, "__qualname__", "task")) for task in tasks]
    try:
        done, _ = await asyncio.wait({stop, web, *running}, return_when=asyncio.FIRST_COMPLETED)
        for ended in done - {stop}:
            log.error("part_ended", extra={"part": ended.get_name()})
    finally:
        server.should_exit = True
        for task in (stop, *running):
            task.cancel()
        results = await asyncio.gather(web, *running, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result


async def _named(task: Task) -> None:
    await task()
