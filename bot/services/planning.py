"""Planning: bind a runbook to parameters and to what is so now. Changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bot.actions.action import Action
from bot.domain.effects import NoticeKind, notice
from bot.domain.errors import BotError, PermanentError, TemporaryError, UnknownName, UsageError
from bot.domain.fault_points import FaultPoint, reached
from bot.domain.ids import PlatformName, RunbookName
from bot.domain.plans import Plan, PlannedStep
from bot.domain.profiles import Runbook, StepTemplate
from bot.ports.approvals import ApprovalChange, Approvals, PlanRequest, PlanRequests
from bot.ports.platforms import PlatformPorts, Platforms
from bot.ports.runs import Runs
from bot.services.access import AccessService


class PlanMaker:
    """Makes plans from runbooks, by looking at what they would act on."""

    def __init__(self, platforms: Platforms, actions: Mapping[str, Action]) -> None:
        self._platforms = platforms
        self._actions = actions

    async def make(self, platform: PlatformName, runbook: RunbookName, parameters: Mapping[str, str]) -> Plan:
        """Return the plan as of now. Raises UnknownName, UsageError, or what looking at the platform raises."""
        home = self._platforms.get(platform)
        if home is None:
            raise UnknownName(f"{platform}: no such platform; `/ops platforms` lists them")
        book = home.profile.runbooks.get(runbook)
        if book is None:
            raise UnknownName(f"{runbook}: {platform} has no such runbook")
        bound = bind_parameters(book, parameters, home)
        steps = tuple([await self._step(template, bound, home) for template in book.steps])
        return Plan(
            platform=platform,
            environment=home.environment,
            runbook=runbook,
            runbook_version=book.version,
            title=filled(book.title, bound),
            risk=book.risk,
            need=book.need,
            need_reason=book.need_why or f"the runbook is {book.risk}",
            parameters=bound,
            steps=steps,
            interrupts=filled(book.interrupts, bound),
            undo=filled(book.undo, bound),
            break_glass_allowed=book.break_glass,
        )

    async def _step(self, template: StepTemplate, bound: Mapping[str, str], home: PlatformPorts) -> PlannedStep:
        action = self._actions.get(template.action)
        if action is None:
            raise PermanentError(f"{template.action}: this version knows no such action; the profile names it")
        arguments = {name: _argument(value, bound) for name, value in template.arguments.items()}
        arguments = {name: value for name, value in arguments.items() if value}
        seen = await action.observe(arguments, home)
        return PlannedStep(
            action=action.name,
            title=seen.title,
            arguments=arguments,
            effect=action.effect,
            cancel=action.cancel,
            timeout=action.timeout(arguments, home),
            target=seen.target,
            binds=seen.binds,
            shows=seen.shows,
            current=seen.current,
            wanted=seen.wanted,
        )


def bind_parameters(runbook: Runbook, given: Mapping[str, str], platform: PlatformPorts) -> dict[str, str]:
    """Return the runbook's parameters with defaults filled in; UsageError names what is wrong."""
    unknown = sorted(set(given) - {parameter.name for parameter in runbook.parameters})
    if unknown:
        raise UsageError(f"{runbook.name} takes no {', '.join(unknown)}")
    bound: dict[str, str] = {}
    for parameter in runbook.parameters:
        value = given.get(parameter.name) or parameter.default
        if value is None:
            if parameter.required:
                raise UsageError(f"{runbook.name} needs {parameter.name}: {parameter.help or parameter.kind}")
            continue
        if parameter.choices and value not in parameter.choices:
            raise UsageError(f"{parameter.name}: {value} is not one of {', '.join(parameter.choices)}")
        if parameter.kind == "service":
            platform.service(value)
        bound[parameter.name] = value
    return bound


def filled(text: str, bound: Mapping[str, str]) -> str:
    """Return the text with ``{name}`` replaced by parameters; nothing else in it is special."""
    for name, value in bound.items():
        text = text.replace("{" + name + "}", value)
    return text


def _argument(value: object, bound: Mapping[str, str]) -> str:
    if isinstance(value, (list, tuple)):
        return ",".join(_argument(item, bound) for item in value)
    return filled(str(value), bound) if value is not None else ""


class PlannerService:
    """Turns requests into approvals, or into a word why not."""

    def __init__(
        self, plans: PlanMaker, requests: PlanRequests, approvals: Approvals, runs: Runs, access: AccessService
    ) -> None:
        self._plans = plans
        self._requests = requests
        self._approvals = approvals
        self._runs = runs
        self._access = access

    async def serve(self, request: PlanRequest) -> ApprovalChange | None:
        """Make the plan and ask; None when the request was refused. TemporaryError leaves it for the next look."""
        requester = await self._access.again(request.requester)
        try:
            plan = await self._plans.make(request.platform, request.runbook, request.parameters)
            last = await self._runs.last_time(plan.platform, plan.runbook, plan.parameters)
            await reached(FaultPoint.PLANNER_BEFORE_ASK)
            return await self._approvals.ask(replace(request, requester=requester), plan, last_time=last)
        except TemporaryError:
            raise
        except BotError as exc:
            await self.refuse(request, str(exc))
            return None

    async def refuse(self, request: PlanRequest, why: str) -> None:
        """Finish a request with the reason, where it was asked for."""
        told = notice(
            NoticeKind.PLAN_REFUSED,
            request.place,
            mentions=(request.requester.id,),
            rank=2,
            title=request.runbook,
            platform=request.platform,
            why=why,
        )
        await self._requests.refuse(request.id, told)
