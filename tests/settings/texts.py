"""A small ``watchkeeper.yaml`` as text, and a folder to read it from."""

from __future__ import annotations

from pathlib import Path

from bot.profiles.problems import Problem
from bot.settings import check_configuration
from tests.profiles.texts import ACTIONS, SMALL, changed, marked_line

ENVIRON = {"AM_TOKEN": "alert-hush-1", "DB_KEY": "key-hush-2"}
SECRETS = tuple(ENVIRON.values())

CONFIG = """\
server: {port: 3100, public_url: "https://ops.example.com/"}
slack:
  team: T012AB3C4
  channels: {incidents: C0INC, approvals: C0APR, admin: C0ADM, reports: C0REP}
roles:
  viewer: ["*"]
  operator: [S0OPS]
  approver: [S0OPS, U0LEAD]
  admin: [U0ADM]
cli_users: {root: U0ADM}
platforms:
  - name: small-prod
    profile: ./small.yaml
    environment: production
    owners: [S0OWN, U0OWN]
    runtime:
      compose: {project: small, files: [compose.yml, more/over.yml]}
    alertmanager:
      url: http://alertmanager:9093/
      secrets: ["${AM_TOKEN}"]
    prometheus: {url: "http://prometheus:9090"}
    services:
      db: {url: "http://db:6333", api_key: "${DB_KEY}"}
"""


def write_config(folder: Path, text: str = CONFIG, profile: str = SMALL) -> Path:
    """Return the path of a configuration in ``folder`` with the small profile beside it."""
    (folder / "small.yaml").write_text(profile)
    path = folder / "watchkeeper.yaml"
    path.write_text(text)
    return path


def problems_of(folder: Path, text: str, profile: str = SMALL) -> list[Problem]:
    """Return the problems of a configuration; none of them shows a secret."""
    problems = check_configuration(write_config(folder, text, profile), ENVIRON, ACTIONS)
    assert not any(secret in str(problem) for problem in problems for secret in SECRETS)
    return problems


def the_problem_of(folder: Path, text: str) -> tuple[str, str]:
    """Return field and message of the only problem, which must stand in the marked line."""
    (problem,) = problems_of(folder, text)
    assert (problem.file, problem.line) == (str(folder / "watchkeeper.yaml"), marked_line(text)), problem
    return problem.field, problem.message


def with_line(old: str, new: str, text: str = CONFIG) -> str:
    """Return the configuration with its one ``old`` replaced."""
    return changed(old, new, text)
