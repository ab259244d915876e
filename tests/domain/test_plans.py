"""A plan's hash holds exactly what would have to change the decision."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest
import rfc8785

from bot.domain.plans import Plan, changed_facts
from bot.domain.rights import Environment, Need
from tests.state.builders import QDRANT, WORKER, a_plan, a_step, with_fact

PLAN = a_plan()


@pytest.mark.parametrize(
    "other",
    [
        a_plan(a_step(shows="7")),
        replace(PLAN, title="Restart the search"),
        replace(PLAN, need_reason="because"),
        replace(PLAN, interrupts="nothing"),
        replace(PLAN, steps=tuple(replace(step, current="up since noon", wanted="up") for step in PLAN.steps)),
        replace(PLAN, steps=tuple(replace(step, timeout=timedelta(hours=1)) for step in PLAN.steps)),
    ],
    ids=["shows", "title", "need_reason", "interrupts", "current", "timeout"],
)
def test_what_only_shows_is_not_hashed(other: Plan) -> None:
    assert other.hash == PLAN.hash
    assert changed_facts(PLAN, other) == ()


@pytest.mark.parametrize(
    "other",
    [
        with_fact(PLAN, started="2"),
        with_fact(PLAN, more="1"),
        replace(PLAN, runbook_version="v2"),
        replace(PLAN, parameters={"service": "worker"}),
        replace(PLAN, need=Need.TWO),
        replace(PLAN, environment=Environment.STAGING),
        replace(PLAN, undo="restore the snapshot"),
        a_plan(a_step(), a_step()),
        a_plan(a_step(service=WORKER)),
        replace(PLAN, steps=tuple(replace(step, action="compose.stop") for step in PLAN.steps)),
    ],
    ids=["fact", "new fact", "version", "parameters", "need", "environment", "undo", "steps", "target", "action"],
)
def test_what_a_yes_rests_on_is_hashed(other: Plan) -> None:
    assert other.hash != PLAN.hash
    assert changed_facts(PLAN, other) != ()


def test_the_order_of_facts_does_not_matter() -> None:
    one, other = (a_plan(a_step(binds=binds)) for binds in ({"a": "1", "b": "2"}, {"b": "2", "a": "1"}))
    assert one.hash == other.hash


def test_keys_sort_as_the_standard_says() -> None:
    """The vector of RFC 8785, section 3.2.3: by UTF-16 code units, so that the emoji comes before U+FB33."""
    names = ["\u20ac", "\r", "\ufb33", "1", "\u0080", "\U0001f600", "\u00f6"]
    text = rfc8785.dumps(dict.fromkeys(names, "")).decode()
    assert text == '{"\\r":"","1":"","\u0080":"","\u00f6":"","\u20ac":"","\U0001f600":"","\ufb33":""}'


def test_the_canonical_bytes_of_a_plan_are_known() -> None:
    text = (
        '{"environment":"production","need":"one","parameters":{"service":"qdrant"},"platform":"search",'
        '"runbook":"restart","steps":[{"action":"fake.restart","arguments":{"service":"qdrant"},'
        '"binds":{"started":"1"},"target":"search/qdrant"}],"undo":"nothing to undo","version":"v1"}'
    )
    assert PLAN.canonical() == text.encode()
    assert hashlib.sha256(text.encode()).hexdigest() == PLAN.hash


def test_differences_are_told_a_line_each() -> None:
    fresh = replace(with_fact(PLAN, started="2", image="sha256:9"), runbook_version="v2", need=Need.TWO)
    assert changed_facts(PLAN, replace(fresh, need_reason="the last replica")) == (
        "runbook restart: version v1 → v2",
        "needs: one → two (the last replica)",
        "Restart qdrant: image: absent → sha256:9",
        "Restart qdrant: started: 1 → 2",
    )


def test_a_difference_that_has_no_line_of_its_own_is_still_told() -> None:
    assert changed_facts(PLAN, replace(PLAN, undo="restore")) == ("the plan's text changed; read it again",)


def test_targets_are_in_the_order_of_their_locks() -> None:
    plan = a_plan(a_step(service=WORKER), a_step(service=QDRANT), a_step(service=WORKER), a_step(service=None))
    assert [target.key for target in plan.targets] == ["search", "search/qdrant", "search/worker"]
