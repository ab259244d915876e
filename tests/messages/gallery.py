"""Every kind of message once or more, as a reader sees it: what `docs/messages.md` is written from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from bot.domain.answers import (
    Answer,
    ApprovalActed,
    Help,
    IncidentActed,
    IncidentDetail,
    Incidents,
    Menu,
    Move,
    PlanComing,
    PlatformLine,
    Platforms,
    Problem,
    RunActed,
    Said,
    ServiceStatus,
    Status,
    VerbHelp,
)
from bot.domain.approvals import ApprovalOutcome, ApprovalState
from bot.domain.cards import CardView
from bot.domain.effects import NoticeKind, TimelineEntry
from bot.domain.findings import Verdict
from bot.domain.forms import Choice, CommandForm, Field, FieldKind
from bot.domain.ids import PlatformName, ServiceName
from bot.domain.incidents import IncidentOutcome, IncidentState
from bot.domain.rights import Need, Risk, Severity
from bot.domain.runs import HumanChoice, RunOutcome, RunState
from bot.messages import modals
from bot.messages.answers import render_answer, with_share
from bot.messages.cards import render_card
from bot.messages.home import Home, home_view, no_rights_view, refused_home_view
from bot.messages.message import Message
from bot.messages.notices import CHANGES, render_notice
from bot.messages.plain import readable, to_plain
from handlers.commands import LOOKING
from handlers.errors import BROKE
from handlers.telling import NOT_OPENED
from tests.messages import builders as a
from tests.messages.test_home import a_home

HEAD = """\
# Every message

What Watchkeeper says, as plain text: of each kind the sentence that a notification shows and a screen reader reads
(*notification*), then the words, with buttons in brackets and the primary one marked `*`. People and groups stand here
by their ids; moments are shown in UTC, and in Slack on the reader's own clock ("3 minutes ago" where the card says how
long something is).

This page is written by `python -m tests.messages.write_messages_page`; a test compares the two.
"""


@dataclass(frozen=True, slots=True)
class Shown:
    """One message or view under its title."""

    title: str
    lines: str


def page() -> str:
    """Return the whole page."""
    parts = [HEAD]
    for heading, shown in sections():
        parts.append(f"## {heading}\n")
        parts += [f"### {one.title}\n\n```text\n{one.lines}\n```\n" for one in shown]
    return "\n".join(parts)


def sections() -> Iterator[tuple[str, Sequence[Shown]]]:
    """Yield every heading with what stands below it."""
    yield "Incident card", [_card(state.value, _incident(state)) for state in IncidentState]
    yield "First evidence", [_card("filling up", a.an_evidence_card()), _card("no log text", _quiet_evidence())]
    yield "Approval card", [*_approvals(), _card("emergency", _emergency())]
    yield (
        "Run card",
        [
            _card(state.value.replace("_", " "), a.a_run_card(a.a_run(state, resumed=int(state is RunState.PAUSED))))
            for state in RunState
        ],
    )
    yield "Notices", [*_notices(), *_changes()]
    yield "Answers", [_message(title, render_answer(answer)) for title, answer in answers()]
    yield "Shared answers", [_message("status, with its button", with_share(render_answer(_status()), "01KD"))]
    yield "Windows", [_view(title, view) for title, view in windows()]
    yield "Home tab", [_view(title, view) for title, view in homes()]


def _incident(state: IncidentState) -> CardView:
    view = a.an_incident_card(state, offers=2)
    links = {"INC-42": "https://example.slack.com/archives/C0INC/p1767323525000100"}
    return replace(view, approvals_open=0 if state.is_closed else 1, links=links)


def _quiet_evidence() -> CardView:
    return a.an_evidence_card(logs_shown=False)


def _approvals() -> list[Shown]:
    pending = {
        "waits for a yes": (Need.ONE, Risk.DISRUPTIVE),
        "waits for two": (Need.TWO, Risk.DESTRUCTIVE),
        "waits for the requester": (Need.CONFIRM, Risk.CHANGE),
    }
    waiting = [
        _card(title, a.an_approval_card(a.an_approval(need=need, risk=risk))) for title, (need, risk) in pending.items()
    ]
    settled = [state for state in ApprovalState if state is not ApprovalState.PENDING]
    return [*waiting, *(_card(state.value, a.an_approval_card(a.an_approval(state))) for state in settled)]


def _emergency() -> CardView:
    return a.an_approval_card(a.an_approval(ApprovalState.CONSUMED, emergency=True))


def _notices() -> list[Shown]:
    kinds = [kind for kind in NoticeKind if kind not in (NoticeKind.ANSWER, NoticeKind.INCIDENT_CHANGED)]
    return [_message(kind.value.replace("_", " "), render_notice(a.a_notice(kind, (a.ADA,)))) for kind in kinds]


def _changes() -> list[Shown]:
    facts = {"before": "sev2", "severity": "sev1", "text": "the disk is full", "into": "INC-7", "source": "INC-9"}
    changes = {event: a.a_notice(NoticeKind.INCIDENT_CHANGED, (), event=event, **facts) for event in CHANGES}
    return [_message(f"incident {event.replace('_', ' ')}", render_notice(it)) for event, it in changes.items()]


def _status() -> Status:
    well = ServiceStatus(ServiceName("web"), "what people see", True, (), (a.a_finding(Verdict.OK),))
    bad = ServiceStatus(a.QDRANT, "holds the vectors", True, (a.a_container(),), (a.a_finding(),))
    unknown = ServiceStatus(ServiceName("loader"), "takes documents in", False, (), (), "Docker does not answer")
    return Status(
        a.SEARCH,
        "Search",
        "production",
        a.NOW,
        (well, bad, unknown),
        (a.an_incident(),),
        (a.a_run(),),
        (a.an_approval(),),
    )


def answers() -> Iterator[tuple[str, Answer]]:
    """Yield the answers that differ in kind; one per outcome family."""
    move = Move("Show status", "/ops status", "how a platform, or one service of it, stands now")
    restart = Move("Ask for restart", "/ops restart", "ask for a service to be restarted")
    help_line = VerbHelp("/ops status [service]", "how a platform stands now", "/ops status qdrant", True)
    platform = PlatformLine(a.SEARCH, "Search", "production", 5, (a.OWNERS,), 2, Severity.SEV1, 1)
    entry = TimelineEntry(a.NOW - timedelta(minutes=3), a.BEN, "acknowledged", "")
    run, approval = a.a_run(), a.an_approval()
    yield "menu of a command alone", Menu("Platforms: what would you like?", (move, restart), "/ops help")
    yield "help", Help((help_line, VerbHelp("/ops audit", "the audit", "", False)))
    yield "platforms", Platforms((platform,))
    yield "status", _status()
    yield "list of incidents", Incidents((a.an_incident(), a.an_incident(IncidentState.ACKNOWLEDGED)), a.NOW)
    yield "long list", Incidents((a.an_incident(),) * 23, a.NOW)
    yield "empty list", Incidents((), a.NOW)
    yield "incident with its timeline", IncidentDetail(a.an_incident(), (entry,), a.NOW)
    yield "a plan is coming", PlanComing("Restart qdrant", a.SEARCH, "in the thread of INC-42")
    yield "acknowledged", IncidentActed(a.an_incident(), IncidentOutcome.DONE, "ack")
    yield "not allowed", IncidentActed(a.an_incident(), IncidentOutcome.NOT_ALLOWED, "ack")
    yield "own request", ApprovalActed(approval, ApprovalOutcome.OWN_REQUEST, (a.OWNERS,))
    yield "called off", RunActed(run, RunOutcome.FLAGGED, "cancel")
    yield "wrong word", Problem("“restrt” is nothing that can be asked.", nearest=("/ops restart qdrant",))
    yield (
        "unknown number",
        Problem(
            "INC-9 is not there.",
            "There is INC-42 sev1, open: Qdrant does not answer.",
            ("/incident ack INC-42",),
        ),
    )
    usage = "Usage: @watchkeeper restart <service>; for example @watchkeeper restart qdrant"
    yield "something is missing, where no window opens", Problem("restart needs a service.", usage)
    yield "away", Problem("Nothing was done: the state store is away. Try again in a minute.")
    yield "defect", Problem(BROKE, token="3f9ac1d20b")
    yield "it takes longer", LOOKING
    yield "window not opened", NOT_OPENED
    yield "plain words", Said("Risky work goes on. It was refused because the store was emptied.")


def windows() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield one window of every kind."""
    platforms = {PlatformName("search-prod"): "Search production", PlatformName("search-dev"): "Search development"}
    service = Choice("qdrant", "qdrant: holds the vectors")
    form = CommandForm(
        "/ops restart",
        "Ask for restart",
        "ask for a service to be restarted; the plan comes first, then the yes",
        (
            Field("service", "Service", FieldKind.CHOICE, True, "what to restart", (service,)),
            Field("reason", "Reason", FieldKind.LINES, False, "why; shown to whoever decides", initial="it hangs"),
        ),
    )
    yield "a command that lacks something", modals.command_view(form, "/ops restart")
    yield "deny", modals.deny_view("APR-7", "01KD")
    yield "resolve", modals.resolve_view("INC-42", 3, "01KD")
    yield "note", modals.note_view("INC-42", "01KD")
    yield "severity", modals.severity_view("INC-42", Severity.SEV2, "01KD")
    yield "declare", modals.declare_view(platforms, "01KD")
    for choice in HumanChoice:
        title = choice.value.replace("_", " ")
        yield title, modals.settle_step_view(choice, "RUN-12", "2: Restart qdrant", "01KD")
    yield "loading", modals.loading_view("Watchkeeper")
    yield "not done", modals.problem_view("The incident is closed.", "Re-open it first.")


def homes() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the home tab of people who differ in what they may do."""
    yield "somebody on call", home_view(a_home())
    yield "a calm night", home_view(Home(a.NOW))
    yield "no role", no_rights_view(a.NOW, (a.OWNERS,))
    yield "refused", refused_home_view(render_answer(Problem("U0X is a guest; only people listed may ask then.")))


def _card(title: str, view: CardView) -> Shown:
    return _message(title, render_card(view))


def _message(title: str, message: Message) -> Shown:
    return Shown(title, f"notification: {readable(message.text)}\n\n{_words(message.blocks)}")


def _view(title: str, view: Mapping[str, Any]) -> Shown:
    top = [f"[ {view['title']['text']} ]"] if "title" in view else []
    ends = [str(view[name]["text"]) for name in ("close", "submit") if name in view]
    bottom = [f"[ {' | '.join(ends)} ]"] if ends else []
    return Shown(title, "\n".join([*top, _words(view["blocks"]), *bottom]))


def _words(blocks: Iterable[Mapping[str, Any]]) -> str:
    return "\n".join(line for block in blocks for line in _block(block) if line.strip())


def _block(block: Mapping[str, Any]) -> list[str]:
    match block["type"]:
        case "actions":
            return [f"[ {' | '.join(map(_element, block['elements']))} ]"]
        case "input":
            return [f"{block['label']['text']}{' (may be empty)' if block['optional'] else ''}: {_input(block)}"]
        case "divider":
            return ["――"]
        case _:
            beside = f"   [ {_element(block['accessory'])} ]" if "accessory" in block else ""
            return [to_plain(Message("", (dict(block),))) + beside]


def _input(block: Mapping[str, Any]) -> str:
    element = block["element"]
    choices = [str(it["text"]["text"]) for it in element.get("options", [])]
    filled = element.get("initial_value") or (element.get("initial_option") or {}).get("value", "")
    hint = f"   ({block['hint']['text']})" if "hint" in block else ""
    return f"{'<' + ' | '.join(choices) + '>' if choices else '____'} {filled}".rstrip() + hint


def _element(element: Mapping[str, Any]) -> str:
    if element["type"] == "overflow":
        return f"⋯ {', '.join(it['text']['text'] for it in element['options'])}"
    mark = {"primary": "*", "danger": "!"}.get(str(element.get("style")), "")
    return f"{element['text']['text']}{mark}"
