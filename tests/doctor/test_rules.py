"""The rules of the doctor on made-up facts: what cannot be planted, and every corner of the route tree."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.adapters.monitoring_inspection import read_configuration
from bot.domain.checks import Check, CheckFinding, Level
from bot.ports.inspection import FolderFacts, Listening, Route, StoreFacts, StoreRefused, StoreTrouble
from bot.services.inspection import installation, store
from bot.services.inspection.routes import ends_at

FINE = StoreFacts(
    product="Valkey",
    version=(7, 2, 4),
    shown_version="9.1.2",
    is_replica=False,
    aof_enabled=True,
    aof_write_ok=True,
    snapshot_ok=True,
    eviction="noeviction",
    used_bytes=1,
    limit_bytes=100,
    fsync="always",
    denied=(),
)


def troubles(findings: list[CheckFinding]) -> list[tuple[Check, Level]]:
    assert all(bool(finding.fix) is (finding.level is not Level.OK) for finding in findings)
    return [(it.check, it.level) for it in findings if it.level is not Level.OK]


@pytest.mark.parametrize(
    ("facts", "check", "level"),
    [
        (replace(FINE, version=(6, 2, 14)), Check.STORE_VERSION, Level.FAIL),
        (replace(FINE, product="Dragonfly"), Check.STORE_VERSION, Level.FAIL),
        (replace(FINE, aof_write_ok=False), Check.STORE_PERSISTENCE, Level.FAIL),
        (replace(FINE, fsync="no"), Check.STORE_PERSISTENCE, Level.WARN),
        (replace(FINE, snapshot_ok=False), Check.STORE_PERSISTENCE, Level.WARN),
        (replace(FINE, used_bytes=75), Check.STORE_MEMORY, Level.WARN),
        (replace(FINE, denied=("eval",)), Check.STORE_RIGHTS, Level.FAIL),
    ],
)
def test_one_property_of_the_store_is_one_finding(facts: StoreFacts, check: Check, level: Level) -> None:
    assert troubles(store.judge(facts)) == [(check, level)]


def test_a_fine_store_needs_nothing() -> None:
    assert troubles(store.judge(FINE)) == []


@pytest.mark.parametrize("trouble", list(StoreTrouble))
def test_a_store_that_refuses_has_a_fix(trouble: StoreTrouble) -> None:
    ((_, level),) = troubles(store.refused(StoreRefused(trouble, "does not answer")))
    assert level is Level.FAIL


FOLDER = FolderFacts(Path("/srv/wk"), True, True, 0o700, "wk", "wk", 10 * 1024**3, was_used=True)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (FOLDER, []),
        (replace(FOLDER, free_bytes=1024**3), [(Check.DATA_SPACE, Level.WARN)]),
        (replace(FOLDER, free_bytes=1024**2), [(Check.DATA_SPACE, Level.FAIL)]),
        (replace(FOLDER, is_writable=False, owner="root"), [(Check.DATA_FOLDER, Level.FAIL)]),
        (replace(FOLDER, exists=False, is_writable=False), [(Check.DATA_FOLDER, Level.FAIL)]),
        (replace(FOLDER, mode=0o750), [(Check.DATA_FOLDER, Level.WARN)]),
    ],
)
def test_data_folder(facts: FolderFacts, expected: list[tuple[Check, Level]]) -> None:
    assert troubles(installation.data_folder(facts, holds_state=True)) == expected


def test_a_folder_that_others_read_is_fine_where_state_is_elsewhere() -> None:
    assert troubles(installation.data_folder(replace(FOLDER, mode=0o755), holds_state=False)) == []


@pytest.mark.parametrize("who", [Listening.NOT_READY, Listening.SOMEBODY_ELSE])
def test_who_else_answers_is_broken(who: Listening) -> None:
    assert troubles(installation.running(who, "http://127.0.0.1:3000")) == [(Check.RUNNING, Level.FAIL)]


# Routes


def tree(text: str) -> Route:
    """Return the route tree of a configuration with the receivers ``us`` and ``people``."""
    return read_configuration(f"route:\n{text}\nreceivers:\n- name: us\n- name: people\n").route


def ends(text: str, **labels: str) -> list[tuple[str, bool]]:
    """Return where an alert ends: receiver, and whether that is sure."""
    return [(end.route.receiver, end.is_sure) for end in ends_at(tree(text), labels)]


def test_without_routes_the_root_takes_everything() -> None:
    assert ends("  receiver: us", alertname="Down") == [("us", True)]


def test_the_first_match_wins() -> None:
    routes = "  receiver: us\n  routes:\n  - {receiver: people, match: {severity: critical}}\n  - {receiver: us}"
    assert ends(routes, severity="critical") == [("people", True)]
    assert ends(routes, severity="warning") == [("us", True)]


def test_continue_goes_on_to_the_siblings() -> None:
    routes = "  receiver: people\n  routes:\n  - {receiver: us, continue: true}\n  - {matchers: ['severity=critical']}"
    assert ends(routes, severity="critical") == [("us", True), ("people", True)]
    assert ends(routes, severity="warning") == [("us", True)]


def test_a_label_that_nobody_knows_leaves_it_open() -> None:
    routes = "  receiver: people\n  routes:\n  - {receiver: us, matchers: ['team = search']}"
    assert ends(routes, alertname="Down") == [("us", False), ("people", False)]


@pytest.mark.parametrize(
    ("matcher", "holds"),
    [
        ("severity = warning", True),
        ('severity="warning"', True),
        ("severity!=warning", False),
        ("severity=~warn.*", True),
        ("severity=~warn", False),
        ("severity!~crit.*", True),
        ('"severity"="warning"', True),
        ('{severity="warning",alertname="Slow"}', True),
        ('{severity="warning",alertname="Down"}', False),
    ],
)
def test_matchers_in_every_spelling(matcher: str, holds: bool) -> None:
    routes = f"  receiver: people\n  routes:\n  - receiver: us\n    matchers: ['{matcher}']"
    assert ends(routes, severity="warning", alertname="Slow") == [("us" if holds else "people", True)]


def test_group_by_and_receiver_are_inherited() -> None:
    routes = "  receiver: us\n  group_by: [alertname]\n  routes:\n  - {match: {a: b}}"
    (end,) = ends_at(tree(routes), {"a": "b"})
    assert (end.route.receiver, end.route.group_by) == ("us", ("alertname",))


def test_a_hidden_address_is_no_address() -> None:
    facts = read_configuration(
        "route: {receiver: us}\nreceivers:\n- name: us\n  webhook_configs:\n  - {url: <secret>, send_resolved: true}\n"
    )
    (hook,) = facts.receivers["us"].webhooks
    assert (hook.url, hook.send_resolved, hook.authorization) == ("", True, "")
