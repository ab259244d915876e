"""Every notice: one sentence, calling exactly whom it is to call."""

from __future__ import annotations

import pytest

from bot.domain.answers import Incidents
from bot.domain.approvals import ApprovalState
from bot.domain.effects import Notice, NoticeKind, Place
from bot.domain.ids import GroupId, NoticeId, UserId
from bot.domain.incidents import IncidentState
from bot.domain.runs import RunState
from bot.messages.answers import render_answer
from bot.messages.message import to_json
from bot.messages.notices import CHANGES, render_notice
from bot.messages.plain import to_plain
from tests.messages import builders as a
from tests.messages.hostile import HOSTILE
from tests.messages.slack_checks import buttons, calls, check, check_harmless

SENTENCES = {
    NoticeKind.INCIDENT_GREW: "📈 INC-42: 5 alerts firing now, 3 before. Severity is sev1 now. U0ADA S0SEARCH",
    NoticeKind.INCIDENT_CHANGED: "👀 Acknowledged: the card above says who has it. U0ADA S0SEARCH",
    NoticeKind.INCIDENT_REOPENED: (
        "🔥 INC-42 is open again by alert source; nobody has it: Qdrant does not answer. U0ADA S0SEARCH"
    ),
    NoticeKind.INCIDENT_RESOLVED: "✅ INC-42 is resolved by alert source after 34 min: disk. U0ADA S0SEARCH",
    NoticeKind.ACK_QUIET_ASK: (
        "⏰ Are you still on INC-42? Without a sign in 10 min it is in nobody's hands again. U0ADA S0SEARCH"
    ),
    NoticeKind.ACK_DROPPED: (
        "⏰ INC-42 is in nobody's hands again: the question whether somebody is on it got no answer. U0ADA S0SEARCH"
    ),
    NoticeKind.STILL_FIRING: (
        "🔥 INC-42 was resolved by hand, and 3 alerts are still firing. Re-open it, or silence it in Alertmanager."
        " U0ADA S0SEARCH"
    ),
    NoticeKind.ESCALATED: ("🚨 Nobody has had sev1 INC-42 for 5 min: Qdrant is down. U0ADA S0SEARCH"),
    NoticeKind.APPROVAL_WANTED: (
        "✋ Restart qdrant on search-prod needs a yes by 2026-01-02 03:27 UTC: see APR-7. U0ADA S0SEARCH"
    ),
    NoticeKind.APPROVAL_SETTLED: "⛔ APR-7 (Restart qdrant) was denied: not now. U0ADA S0SEARCH",
    NoticeKind.APPROVAL_WARNING: (
        "⏳ Restart qdrant still waits for an answer: APR-7 expires at 2026-01-02 03:27 UTC. U0ADA S0SEARCH"
    ),
    NoticeKind.BREAK_GLASS_USED: (
        "🚨 APR-7 starts as an emergency, without a second person: Restart qdrant on search-prod."
        " Reason: nobody else is awake. U0ADA S0SEARCH"
    ),
    NoticeKind.BREAK_GLASS_REVIEW: (
        "🚨 Nobody has looked at the emergency start APR-7 yet: Restart qdrant. Reason: nobody else is awake."
        " U0ADA S0SEARCH"
    ),
    NoticeKind.PLAN_REFUSED: "⛔ No plan for Restart qdrant on search-prod: no such container. U0ADA S0SEARCH",
    NoticeKind.RUN_RESUMED: (
        "▶️ The process that ran RUN-12 died; another one goes on at step 2 of 4: Wait for qdrant. U0ADA S0SEARCH"
    ),
    NoticeKind.RUN_ENDED: "❌ RUN-12 (Restart qdrant) failed after 34 s: not healthy after 60 s. U0ADA S0SEARCH",
    NoticeKind.RUN_NEEDS_HUMAN: (
        "🆘 RUN-12 needs a person (Restart qdrant): the container is gone. Its card asks what to do. U0ADA S0SEARCH"
    ),
    NoticeKind.ANSWER: "All is well.",
    NoticeKind.OPERATIONS: "🔧 The audit cannot be written. Next: look at the disk of Redis. U0ADA S0SEARCH",
}


@pytest.mark.parametrize("kind", NoticeKind)
def test_every_kind_says_its_sentence_and_calls_whom_it_names(kind: NoticeKind) -> None:
    message = render_notice(a.a_notice(kind, (a.ADA, a.OWNERS)))
    assert to_plain(message) == SENTENCES[kind]
    if kind is not NoticeKind.ANSWER:
        check(message)
        assert set(calls(message)) == {"<@U0ADA>", "<!subteam^S0SEARCH>"}


@pytest.mark.parametrize("kind", NoticeKind)
def test_nobody_is_called_who_is_not_to_be(kind: NoticeKind) -> None:
    assert calls(render_notice(a.a_notice(kind))) == []


@pytest.mark.parametrize("event", [*CHANGES, "something new"])
def test_every_change_has_a_sentence_that_calls_nobody(event: str) -> None:
    facts = {"before": "sev2", "severity": "sev1", "text": "disk is full", "into": "INC-7", "source": "INC-9"}
    message = render_notice(a.a_notice(NoticeKind.INCIDENT_CHANGED, (), event=event, taken_from="U0ADA", **facts))
    check(message)
    assert calls(message) == []


def test_actors_without_an_account_are_named() -> None:
    message = render_notice(a.a_notice(NoticeKind.INCIDENT_CHANGED, event="mitigated", actor="cli:root"))
    assert message.text == ("🩹 Mitigated by root at the terminal: the impact has stopped, the cause is still there.")


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("kind", NoticeKind)
def test_no_fact_of_a_notice_does_harm(kind: NoticeKind, hostile: str) -> None:
    facts = dict.fromkeys([*a.FACTS[kind], "event", "text", "why", "reason", "hint"], hostile)
    message = render_notice(a.a_notice(kind, (), **facts))
    check(message)
    check_harmless(message)


@pytest.mark.parametrize("kind", NoticeKind)
def test_a_notice_without_facts_still_says_something(kind: NoticeKind) -> None:
    check(render_notice(Notice(NoticeId("01"), kind, Place(), {})))


def test_a_mention_that_is_no_account_calls_nobody() -> None:
    notice = a.a_notice(NoticeKind.STILL_FIRING, (UserId("cli:root"), GroupId("<!channel>")))
    assert calls(render_notice(notice)) == []


@pytest.mark.parametrize("state", ApprovalState)
def test_every_end_of_a_request_is_told(state: ApprovalState) -> None:
    message = render_notice(a.a_notice(NoticeKind.APPROVAL_SETTLED, state=state, reason="wanted for the release"))
    refused = state in (ApprovalState.DENIED, ApprovalState.REVOKED)
    assert ("wanted for the release" in message.text) is refused


@pytest.mark.parametrize("state", RunState)
def test_every_end_of_a_run_is_told(state: RunState) -> None:
    assert "RUN-12" in render_notice(a.a_notice(NoticeKind.RUN_ENDED, state=state)).text


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (NoticeKind.ACK_QUIET_ASK, [("incident.ack", "I have it")]),
        (NoticeKind.ACK_DROPPED, [("incident.ack", "Acknowledge")]),
        (NoticeKind.ESCALATED, [("incident.ack", "Acknowledge")]),
        (NoticeKind.STILL_FIRING, [("incident.reopen", "Re-open")]),
        (NoticeKind.RUN_ENDED, []),
    ],
)
def test_a_notice_that_asks_carries_the_button_that_answers(kind: NoticeKind, expected: list[tuple[str, str]]) -> None:
    assert buttons(render_notice(a.a_notice(kind))) == expected


def test_an_answer_in_a_thread_calls_nobody_it_names() -> None:
    answer = render_answer(Incidents((a.an_incident(IncidentState.ACKNOWLEDGED),), a.NOW))
    assert calls(answer)
    said = render_notice(a.a_notice(NoticeKind.ANSWER, message=to_json(answer)))
    check(said)
    assert calls(said) == []
    assert "U0ADA has it" in said.text


def test_an_answer_that_cannot_be_read_is_said_to_be_lost() -> None:
    message = render_notice(a.a_notice(NoticeKind.ANSWER, (a.ADA,), message="{"))
    assert message.text == "The answer could not be read any more; please ask again. <@U0ADA>"
