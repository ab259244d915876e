"""What the README tells people to do works: targets, commands, files, and the receiver it shows."""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from bot.cli import parser
from bot.settings import read_environment
from handlers.alertmanager import PlatformIntake
from tests.docs.pages import README, codes, fenced, text_of
from tests.project.checkout import make_targets

_COMMAND = re.compile(r"(?:^|[ /])watchkeeper ([a-z]+)(?: ([a-z]+))?", flags=re.MULTILINE)


def test_its_two_commands_are_targets_of_the_makefile() -> None:
    commands = [line for block in fenced(README, "sh") for line in block.splitlines()]
    assert commands == ["make demo", "make test"]
    assert {command.split()[1] for command in commands} <= make_targets()


def test_every_command_it_names_is_one() -> None:
    named = set(_COMMAND.findall("\n".join(codes(text_of(README)))))
    assert {command for command, _ in named} == {"serve", "check", "doctor", "manifest", "ops", "sandbox", "simulate"}
    commands = _commands(parser())
    for command, part in named:
        assert command in commands
        assert not part or part in _commands(commands[command])


def _commands(of: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    found = [action for action in of._actions if isinstance(action, argparse._SubParsersAction)]
    return dict(found[0].choices) if found else {}


def test_variables_it_names_are_read() -> None:
    given = {
        "SLACK_BOT_TOKEN": "xoxb-1",
        "SLACK_SIGNING_SECRET": "signed",
        "SLACK_APP_TOKEN": "xapp-1",
        "WATCHKEEPER_CONFIG": "one.yaml",
        "WATCHKEEPER_DATA_DIR": "kept",
        "REDIS_URL": "redis://127.0.0.1",
    }
    table = text_of(README).partition("| Variable |")[2].partition("\n\n")[0]
    assert set(re.findall(r"`([A-Z_]{5,})`", table)) == given.keys()
    read = read_environment(given)
    assert None not in (read.slack_bot_token, read.slack_signing_secret, read.slack_app_token, read.redis_url)
    assert (read.config_path, read.data_dir) == (Path("one.yaml"), Path("kept"))


def test_receiver_carries_the_bearer_that_the_door_takes() -> None:
    (receiver,) = yaml.safe_load(fenced(README, "yaml")[0])["receivers"]
    (webhook,) = receiver["webhook_configs"]
    scheme = webhook["http_config"]["authorization"]["type"]
    assert PlatformIntake((b"token",)).admits(f"{scheme} token".encode())
    assert webhook["url"].endswith("/alertmanager/search-prod")


@pytest.mark.skipif(shutil.which("amtool") is None, reason="part missing: no amtool")
def test_receiver_is_one_that_alertmanager_takes(tmp_path: Path) -> None:
    route = "route: {receiver: watchkeeper, group_by: [platform, alertname]}\n"
    config = tmp_path / "alertmanager.yml"
    config.write_text(route + fenced(README, "yaml")[0])
    checked = subprocess.run(["amtool", "check-config", str(config)], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
