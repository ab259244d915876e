"""The page about deployment names what exists: every alert, every file, every command, and the proxy's rules."""

from __future__ import annotations

import argparse
import re

from bot.cli import parser
from bot.domain.ids import PlatformName
from bot.domain.webhook import read_webhook
from tests.deploy.files import DEPLOY, alert_rules
from tests.docs.pages import codes, first_cells, section, text_of
from tests.project.checkout import ROOT

PAGE = ROOT / "docs" / "deployment.md"


def test_every_alert_of_ours_has_a_first_look() -> None:
    listed = codes("\n".join(first_cells(section(PAGE, "Monitoring"))))
    assert sorted(listed) == sorted(rule["alert"] for rule in alert_rules())


def test_every_file_for_people_is_named() -> None:
    text = text_of(PAGE)
    alerts = text_of(ROOT / "docs" / "connect-alertmanager.md")
    assert "deploy/example-webhook.json" in alerts
    named = text + alerts
    assert [path.name for path in DEPLOY.iterdir() if path.is_file() and f"deploy/{path.name}" not in named] == []


def test_the_example_body_is_one_that_the_door_reads() -> None:
    group = read_webhook(PlatformName("search-prod"), (DEPLOY / "example-webhook.json").read_bytes())
    (alert,) = group.alerts
    named = {name: alert.labels[name] for name in ("platform", "alertname", "job")}
    assert named == {"platform": "search-prod", "alertname": "ServiceDown", "job": "qdrant"}


def test_every_command_it_names_is_one() -> None:
    (commands,) = [action for action in parser()._actions if isinstance(action, argparse._SubParsersAction)]
    named = re.findall(r"`watchkeeper ([a-z]+)", text_of(PAGE))
    assert named
    assert set(named) <= set(commands.choices)


def test_what_the_proxy_lets_through_is_what_the_page_says() -> None:
    told = set(re.findall(r"`(GET|POST) (/\S+)`", section(PAGE, "The Docker engine")))
    rules = re.findall(r"\{ method (\w+) \} \{ path_reg (\S+) \}", (DEPLOY / "docker-socket-proxy.cfg").read_text())
    assert {(method, path.replace("<id>", "a" * 64)) for method, path in told} == {
        (method, _example(pattern)) for method, pattern in rules
    }


def _example(pattern: str) -> str:
    """Return the path that a rule lets through, without the engine's version."""
    path = re.sub(r"^\^\(?/v1\\\.\[0-9\]\+\)?\??|\$$", "", pattern)
    return path.replace("[0-9a-f]{64}", "a" * 64)
