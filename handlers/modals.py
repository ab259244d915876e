"""Forms sent off: what they hold is read again, and every right is checked again, for a form can stand open for hours.

Mistakes are told beside their field; what became of it otherwise is told in the place of the form, or is on the card.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias

from bot.domain.answers import Answer, IncidentActed, Problem, RunActed
from bot.domain.approvals import ApprovalOutcome
from bot.domain.correlation import Classification
from bot.domain.effects import Place
from bot.domain.errors import NotAllowed
from bot.domain.forms import Filled
from bot.domain.ids import IncidentId, PlatformName, RunId
from bot.domain.incidents import IncidentOutcome
from bot.domain.people import Actor
from bot.domain.rights import Severity
from bot.domain.runs import HumanChoice, RunOutcome
from bot.messages import modals
from bot.messages.answers import render_answer
from bot.messages.limits import INPUT_LABEL, cut
from bot.messages.modals import View, loading_view
from bot.messages.windows import outcome_view
from bot.ports.approvals import Approvals
from bot.ports.conversation import Conversation
from bot.ports.incidents import Declaration, IncidentChange, Incidents
from bot.ports.platforms import Platforms
from bot.ports.runs import Runs
from bot.services.access import AccessService
from bot.verbs import Entrance, Family, Request
from handlers.acks import Ack, AckOutcome, Body
from handlers.answering import Verbs
from handlers.approval_buttons import SHOWN_BY_CARD, approval_acted, named_by
from handlers.background import Background, Late
from handlers.buttons import STALE, ULID, UPDATING
from handlers.errors import Trouble, caught_in_time
from handlers.slack_payloads import Submission, read_submission

ANSWER_WITHIN = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class FieldErrors:
    """Mistakes by the block they stand beside; the form stays open."""

    errors: Mapping[str, str]


Settled: TypeAlias = Answer | FieldErrors | None
"""What became of a form. None: it closes, and the card shows the rest."""
Settle: TypeAlias = Callable[[Submission, Actor], Awaitable[Settled]]


class Modals:
    """Hands forms over by ``callback_id``."""

    def __init__(
        self,
        access: AccessService,
        forms: Mapping[str, Settle],
        conversation: Conversation,
        background: Background,
        *,
        answer_within: timedelta = ANSWER_WITHIN,
    ) -> None:
        """Take who may send forms and what each does; ``answer_within`` is for tests."""
        self._access = access
        self._forms = forms
        self._conversation = conversation
        self._background = background
        self._answer_within = answer_within

    async def receive(self, body: Body) -> Ack:
        """Do what the form asks for; it closes, shows its mistakes, or shows what became of it."""
        form = read_submission(body)

        async def later(settled: tuple[Settled, AckOutcome]) -> None:
            await self._conversation.update_view(form.view, _late_view(settled[0]))

        done = await self._background.promptly(self._serve(form), within=self._answer_within, later=later)
        if isinstance(done, Late):
            return Ack(_update(loading_view("Watchkeeper")), AckOutcome.LATE)
        settled, outcome = done
        return Ack(_shown(settled), outcome)

    async def closed(self, _: Body) -> Ack:
        """Take note that a form was closed: nothing was done, and nothing is to do."""
        return Ack()

    async def _serve(self, form: Submission) -> tuple[Settled, AckOutcome]:
        settled = await caught_in_time(self._settle(form))
        return (settled.problem, settled.outcome) if isinstance(settled, Trouble) else (settled, AckOutcome.ANSWERED)

    async def _settle(self, form: Submission) -> Settled:
        actor = await self._access.actor(form.who.user, form.who.team, act=form.act)
        settle = self._forms.get(form.callback)
        return await settle(form, actor) if settle else UPDATING


def _shown(settled: Settled) -> Mapping[str, object] | None:
    match settled:
        case None:
            return None
        case FieldErrors(errors=errors):
            return {"response_action": "errors", "errors": dict(errors)}
        case answer:
            return _update(outcome_view(render_answer(answer)))


def _update(view: View) -> Mapping[str, object]:
    return {"response_action": "update", "view": view}


def _late_view(settled: Settled) -> View:
    """Return what replaces "One moment…"; the form itself is gone by then, and cannot show its mistakes any more."""
    match settled:
        case None:
            return modals.problem_view("It is done; the card shows it.", title="Done")
        case FieldErrors(errors=errors):
            return modals.problem_view("\n".join(errors.values()), "Nothing was done: open the form again.")
        case answer:
            return outcome_view(render_answer(answer))


class Forms:
    """What each form does."""

    def __init__(
        self,
        incidents: Incidents,
        approvals: Approvals,
        runs: Runs,
        platforms: Platforms,
        access: AccessService,
        verbs: Verbs,
    ) -> None:
        self._verbs = verbs
        self._incidents = incidents
        self._approvals = approvals
        self._runs = runs
        self._platforms = platforms
        self._access = access

    def by_callback(self) -> Mapping[str, Settle]:
        """Return what each ``callback_id`` does."""
        return {
            modals.DENY_CALLBACK: self._deny,
            modals.RESOLVE_CALLBACK: self._resolve,
            modals.NOTE_CALLBACK: self._note,
            modals.SEVERITY_CALLBACK: self._severity,
            modals.DECLARE_CALLBACK: self._declare,
            modals.MARK_DONE_CALLBACK: self._settle_step(HumanChoice.MARK_DONE),
            modals.GIVE_UP_CALLBACK: self._settle_step(HumanChoice.GIVE_UP),
            modals.COMMAND_CALLBACK: self._command,
        }

    async def _command(self, form: Submission, actor: Actor) -> Settled:
        """Run the command that lacked something; what is wrong with one field is told beside it."""
        request = Request(actor, Family.OPS, "", Entrance.BUTTON, Place())
        reply = await self._verbs.submit(Filled(form.metadata, form.values), request)
        if isinstance(reply.answer, Problem) and reply.field in form.asked:
            told = " ".join(part for part in (reply.answer.text, reply.answer.hint) if part)
            return FieldErrors({reply.field: cut(told, INPUT_LABEL * 2)})
        return reply.answer

    async def _deny(self, form: Submission, actor: Actor) -> Settled:
        named, reason = named_by(form.metadata), _typed(form, modals.REASON)
        if named is None:
            return STALE
        if len(reason) < modals.MIN_REASON:
            return _too_short(modals.REASON)
        change = await self._approvals.deny(named.approval, named.plan, actor, reason=reason)
        is_second = (
            change.outcome is ApprovalOutcome.ALREADY_CLOSED
            and change.state.closed_by == actor.id
            and change.state.reason == reason
        )
        if change.outcome in SHOWN_BY_CARD or is_second:
            return None
        return approval_acted(change.state, change.outcome, self._access)

    async def _resolve(self, form: Submission, actor: Actor) -> Settled:
        incident = _incident_of(form)
        if incident is None:
            return STALE
        change = await self._incidents.resolve(incident, actor, reason=_typed(form, modals.REASON))
        return _incident_settled(change, "resolve")

    async def _note(self, form: Submission, actor: Actor) -> Settled:
        incident, text = _incident_of(form), _typed(form, modals.NOTE)
        if incident is None:
            return STALE
        if not text:
            return FieldErrors({modals.NOTE: "A note has at least one character that can be seen."})
        return _incident_settled(await self._incidents.add_note(incident, text, actor), "note")

    async def _severity(self, form: Submission, actor: Actor) -> Settled:
        incident, severity = _incident_of(form), _severity_of(form)
        if incident is None:
            return STALE
        if severity is None:
            return _choose(modals.SEVERITY)
        return _incident_settled(await self._incidents.change_severity(incident, severity, actor), "severity")

    async def _declare(self, form: Submission, actor: Actor) -> Settled:
        platform, severity = PlatformName(_typed(form, modals.PLATFORM)), _severity_of(form)
        title = _typed(form, modals.TITLE)
        if platform not in self._platforms:
            return _choose(modals.PLATFORM)
        if len(title) < modals.MIN_REASON:
            return _too_short(modals.TITLE)
        if severity is None:
            return _choose(modals.SEVERITY)
        if not actor.operates(platform):
            raise NotAllowed(f"declaring an incident on {platform} takes an operator, or an owner of it")
        declaration = Declaration(platform, title, Classification(None, severity, ()))
        return _incident_settled(await self._incidents.declare(declaration, actor), "declare")

    def _settle_step(self, choice: HumanChoice) -> Settle:
        async def settle(form: Submission, actor: Actor) -> Settled:
            reason = _typed(form, modals.REASON)
            if not ULID.fullmatch(form.metadata):
                return STALE
            if len(reason) < modals.MIN_REASON:
                return _too_short(modals.REASON)
            change = await self._runs.answer_for_step(RunId(form.metadata), choice, actor, reason=reason)
            if change.outcome in (RunOutcome.CHANGED, RunOutcome.FINISHED):
                return None
            return RunActed(change.state, change.outcome, choice.value)

        return settle


def _incident_settled(change: IncidentChange, act: str) -> Settled:
    return None if change.outcome is IncidentOutcome.DONE else IncidentActed(change.state, change.outcome, act)


def _incident_of(form: Submission) -> IncidentId | None:
    return IncidentId(form.metadata) if ULID.fullmatch(form.metadata) else None


def _typed(form: Submission, block: str) -> str:
    return form.values.get(block, "").strip()


def _severity_of(form: Submission) -> Severity | None:
    chosen = form.values.get(modals.SEVERITY, "")
    return Severity(chosen) if chosen in list(Severity) else None


def _too_short(block: str) -> FieldErrors:
    return FieldErrors({block: f"At least {modals.MIN_REASON} characters: others read this to understand."})


def _choose(block: str) -> FieldErrors:
    return FieldErrors({block: "Choose one of the list."})
