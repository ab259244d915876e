from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.ids import PlatformName, RunbookName, ServiceName
from bot.domain.profiles import Profile
from bot.domain.rights import Environment, Role, Severity
from bot.domain.settings import ComposeRuntime, Members, Secret, Settings, SimulatedRuntime
from bot.settings import inspect_configuration, load_settings
from tests.profiles.texts import ACTIONS, SMALL, changed
from tests.settings.texts import CONFIG, ENVIRON, problems_of, the_problem_of, with_line, write_config

SLACK = {"SLACK_BOT_TOKEN": "xoxb-x", "SLACK_SIGNING_SECRET": "x"}
EXAMPLE = Path(__file__).parents[2] / "watchkeeper.example.yaml"
SECOND = """\
  - name: small-drill
    profile: ./small.yaml
    environment: development
    owners: [U0OWN]
    runtime: {simulated: {url: "http://127.0.0.1:8099"}}
    alertmanager: {urls: ["http://a:9093", "http://b:9093"], secrets: ["${AM_TOKEN}", "${DB_KEY}"], user: am}
    prometheus: {url: "http://127.0.0.1:9090"}
"""


def settings_of(folder: Path, text: str = CONFIG) -> Settings:
    environ = {**ENVIRON, **SLACK, "WATCHKEEPER_CONFIG": str(write_config(folder, text))}
    return load_settings(environ, known_actions=ACTIONS)


def overridden(folder: Path, overrides: str) -> Profile:
    settings = settings_of(folder, f"{CONFIG}    overrides: {overrides}\n")
    return settings.platforms[PlatformName("small-prod")].profile


def test_the_example_is_valid() -> None:
    environ = {"WQM_AM_TOKEN": "a", "QDRANT_KEY": "b", "DRILL_AM_TOKEN": "c"}
    checked = inspect_configuration(EXAMPLE, environ)
    assert not checked.problems
    assert checked.summary() == "2 platforms, 1 profile, 0 problems"


def test_what_is_written_is_what_is_loaded(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    assert (settings.server.bind, settings.server.port) == ("127.0.0.1", 3100)
    assert settings.server.public_url == "https://ops.example.com"
    assert settings.slack.channels.approvals == "C0APR"
    assert settings.cli_users == {"root": "U0ADM"}
    assert settings.roles[Role.VIEWER] == Members(everybody=True)
    assert settings.roles[Role.APPROVER] == Members(frozenset({"U0LEAD"}), frozenset({"S0OPS"}))  # type: ignore[arg-type]
    assert settings.roles[Role.BREAK_GLASS] == Members()


def test_a_compose_platform_is_loaded_with_files_from_the_configurations_folder(tmp_path: Path) -> None:
    platform = settings_of(tmp_path).platforms[PlatformName("small-prod")]
    assert platform.environment is Environment.PRODUCTION
    assert platform.runtime == ComposeRuntime(
        "small", (tmp_path / "compose.yml", tmp_path / "more/over.yml"), "unix:///var/run/docker.sock"
    )
    assert platform.alertmanager.urls == ("http://alertmanager:9093",)
    assert platform.services[ServiceName("db")].api_key == Secret("key-hush-2")


def test_a_simulated_platform_with_a_pair_of_alertmanagers_is_loaded(tmp_path: Path) -> None:
    platform = settings_of(tmp_path, CONFIG + SECOND).platforms[PlatformName("small-drill")]
    assert platform.runtime == SimulatedRuntime("http://127.0.0.1:8099")
    assert platform.alertmanager.urls == ("http://a:9093", "http://b:9093")
    assert len(platform.alertmanager.secrets) == 2
    assert platform.alertmanager.user == "am"


def test_platforms_of_one_profile_share_it(tmp_path: Path) -> None:
    first, second = settings_of(tmp_path, CONFIG + SECOND).platforms.values()
    assert first.profile is second.profile


def test_only_the_last_three_sections_are_required(tmp_path: Path) -> None:
    text = with_line('server: {port: 3100, public_url: "https://ops.example.com/"}\n', "")
    settings = settings_of(tmp_path, with_line("cli_users: {root: U0ADM}\n", "", text))
    assert (settings.server.port, settings.cli_users) == (3000, {})


def test_a_port_may_come_from_the_environment(tmp_path: Path) -> None:
    path = write_config(tmp_path, with_line("port: 3100", 'port: "${PORT}"'))
    environ = {**ENVIRON, **SLACK, "PORT": "8080", "WATCHKEEPER_CONFIG": str(path)}
    assert load_settings(environ).server.port == 8080


@pytest.mark.parametrize(
    ("old", "new", "field", "message"),
    [
        pytest.param(
            "cli_users: {root: U0ADM}",
            "cli_user: {root: U0ADM}  # <--",
            "cli_user",
            "`cli_user`: unknown; did you mean `cli_users`?",
            id="section",
        ),
        pytest.param(
            "  team: T012AB3C4",
            "  team: C012AB3C4  # <--",
            "slack.team",
            "expected a team id such as T012AB3C4",
            id="team",
        ),
        pytest.param(
            "approvals: C0APR,",
            "approvals: '#approvals',  # <--\n   ",
            "slack.channels.approvals",
            "expected a channel id such as C012AB3CD, not its name",
            id="channel name",
        ),
        pytest.param(
            "  channels: {incidents: C0INC, approvals",
            "  channels: {  # <--\n      approvals",
            "slack.channels.incidents",
            "missing; expected the id of the channel for incidents",
            id="missing channel",
        ),
        pytest.param(
            "approver: [S0OPS, U0LEAD]",
            "approver: [S0OPS, '@lead']  # <--",
            "roles.approver[1]",
            "expected `*`, a person's id (U…) or a user group's id (S…), not a name",
            id="member",
        ),
        pytest.param(
            "admin: [U0ADM]",
            "admin: ['*']  # <--",
            "roles.admin[0]",
            "expected a person's id (U…) or a user group's id (S…); never everybody, not a name",
            id="everybody an admin",
        ),
        pytest.param(
            "approver: [S0OPS, U0LEAD]",
            "approver: []  # <--",
            "roles.approver",
            "expected at least 1, got 0",
            id="nobody approves",
        ),
        pytest.param(
            "cli_users: {root: U0ADM}",
            "cli_users: {root: root}  # <--",
            "cli_users.root",
            "expected a person's id such as U012AB3CD, not a name",
            id="cli user",
        ),
        pytest.param(
            "port: 3100", "port: 70000", "server.port", "input should be less than or equal to 65535", id="port"
        ),
        pytest.param(
            "environment: production",
            "environment: prod  # <--",
            "platforms[0].environment",
            "`prod`: unknown; did you mean `production`?",
            id="environment",
        ),
        pytest.param(
            "profile: ./small.yaml",
            "profile: workspace-qdrant  # <--",
            "platforms[0].profile",
            "profile `workspace-qdrant`: unknown; did you mean `workspace-qdrant-mcp`?",
            id="profile",
        ),
        pytest.param(
            "name: small-prod",
            "name: Small Prod  # <--",
            "platforms[0].name",
            "expected a name of lower-case letters, digits, `-` and `_`, at most 63 long",
            id="name",
        ),
        pytest.param(
            "url: http://alertmanager:9093/",
            "url: alertmanager:9093  # <--",
            "platforms[0].alertmanager.url",
            "expected an address such as http://qdrant:6333",
            id="address",
        ),
        pytest.param(
            'secrets: ["${AM_TOKEN}"]',
            'secrets: ["${AM_TOKN}"]  # <--',
            "platforms[0].alertmanager.secrets[0]",
            "the environment variable `AM_TOKN` is not set",
            id="unset variable",
        ),
        pytest.param(
            'secrets: ["${AM_TOKEN}"]',
            'secrets: ["${AM_TOKEN}", "${AM_TOKEN}"]  # <--',
            "platforms[0].alertmanager.secrets",
            "both secrets are the same; expected the old one and the new one",
            id="one secret twice",
        ),
        pytest.param(
            'secrets: ["${AM_TOKEN}"]',
            "secrets: [a, b, c]  # <--",
            "platforms[0].alertmanager.secrets",
            "expected at most 2, got 3",
            id="three secrets",
        ),
        pytest.param(
            'secrets: ["${AM_TOKEN}"]',
            "secrets: [12345]  # <--",
            "platforms[0].alertmanager.secrets[0]",
            "expected a secret as text; put it in quotes",
            id="number for a secret",
        ),
        pytest.param(
            "      db: {",
            "      bd: {  # <--\n        ",
            "platforms[0].services.bd",
            "service `bd`: unknown; did you mean `db`?",
            id="service",
        ),
    ],
)
def test_a_problem_names_its_line_and_what_was_expected(
    tmp_path: Path, old: str, new: str, field: str, message: str
) -> None:
    text = with_line(old, new)
    if "# <--" not in text:  # a comment cannot stand inside the mapping of that line
        text = with_line("}\nslack:", "}  # <--\nslack:", text)
    assert the_problem_of(tmp_path, text) == (field, message)


def test_a_second_platform_of_the_same_name_is_refused(tmp_path: Path) -> None:
    text = CONFIG + with_line("  - name: small-drill", "  - name: small-prod  # <--", SECOND)
    assert the_problem_of(tmp_path, text) == (
        "platforms[1].name",
        "another platform has this name",
    )


def test_two_platforms_cannot_act_on_one_project(tmp_path: Path) -> None:
    second = with_line(
        "{simulated: {url",
        "{compose: {project: small, files: [x]}}  # <--",
        SECOND.replace(': "http://127.0.0.1:8099"}}', ""),
    )
    assert the_problem_of(tmp_path, CONFIG + second) == (
        "platforms[1].runtime.compose.project",
        "the same Compose project as `small-prod`; one project is one platform",
    )


def test_a_problem_of_a_profile_is_told_once_however_many_platforms_share_it(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, CONFIG + SECOND, changed("role: shows it", "role: 5"))
    assert (problem.file, problem.field) == (str(tmp_path / "small.yaml"), "services.web.role")


def test_a_missing_profile_file_is_named(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, with_line("./small.yaml", "./other.yaml"))
    assert str(problem) == f"{tmp_path / 'other.yaml'}: cannot be read: No such file or directory"


def test_problems_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    text = with_line("environment: production", "environment: prod", with_line("admin: [U0ADM]", "admin: [admin]"))
    problems = problems_of(tmp_path, text + SECOND, changed("role: shows it", "role: 5"))
    assert [problem.field for problem in problems] == [
        "services.web.role",
        "roles.admin[0]",
        "platforms[0].environment",
    ]


def test_an_unset_variable_is_told_beside_other_problems_and_has_no_others_itself(tmp_path: Path) -> None:
    text = with_line("admin: [U0ADM]", "admin: [nobody]", with_line("environment: production", "environment: ${GONE}"))
    problems = problems_of(tmp_path, with_line('api_key: "${DB_KEY}"', 'api_key: "${GONE}"', text))
    assert [(problem.field, "GONE" in problem.message) for problem in problems] == [
        ("roles.admin[0]", False),
        ("platforms[0].environment", True),
        ("platforms[0].services.db.api_key", True),
    ]


def test_the_summary_counts(tmp_path: Path) -> None:
    path = write_config(tmp_path, CONFIG + SECOND)
    assert inspect_configuration(path, ENVIRON, ACTIONS).summary() == "2 platforms, 1 profile, 0 problems"
    path = write_config(tmp_path, with_line("environment: production", "environment: prod"))
    assert inspect_configuration(path, ENVIRON, ACTIONS).summary() == "1 platform, 1 profile, 1 problem"


def test_overrides_change_single_values(tmp_path: Path) -> None:
    profile = overridden(tmp_path, "{escalation: {sev1: {page_after: 2m}}, services: {web: {compose: web}}}")
    assert profile.escalation[Severity.SEV1].page_after == timedelta(minutes=2)
    assert profile.escalation[Severity.SEV1].respond_within == timedelta(minutes=15)
    assert profile.escalation[Severity.SEV2].page_after == timedelta(minutes=30)
    assert profile.services[ServiceName("web")].compose_service == "web"


def test_an_override_of_a_runbook_is_another_version_of_it(tmp_path: Path) -> None:
    plain = settings_of(tmp_path).platforms[PlatformName("small-prod")].profile.runbooks[RunbookName("restart")]
    stricter = overridden(tmp_path, "{runbooks: {restart: {approval: two}}}").runbooks[RunbookName("restart")]
    assert (stricter.need, stricter.risk) == ("two", plain.risk)
    assert stricter.version != plain.version


def test_overrides_of_one_platform_leave_the_others_alone(tmp_path: Path) -> None:
    text = f"{CONFIG}    overrides: {{platform: {{logs_in_channel: false}}}}\n{SECOND}"
    first, second = settings_of(tmp_path, text).platforms.values()
    assert (first.profile.logs_in_channel, second.profile.logs_in_channel) == (False, True)


@pytest.mark.parametrize(
    ("overrides", "field", "message"),
    [
        ("{escalaton: {}}", "escalaton", "section `escalaton`: unknown; did you mean `escalation`?"),
        ("{services: {bd: {critical: true}}}", "services.bd", "service `bd`: unknown; did you mean `db`?"),
        ("{services: {db: {critcal: true}}}", "services.db.critcal", "`critcal`: unknown; did you mean `critical`?"),
        ("{metrics: {upp: {unit: count}}}", "metrics.upp", "metric `upp`: unknown; did you mean `up`?"),
        ("{runbooks: {stop: {risk: read}}}", "runbooks.stop", "runbook `stop`: unknown; expected one of `restart`"),
        ("{escalation: {sev1: {page_after: 5}}}", "escalation.sev1.page_after", "expected a duration such as"),
        ("{platform: {name: other}}", "platform.name", "expected `small`, the name of the file"),
        ("{runbooks: {restart: {risk: read}}}", "runbooks.restart.risk", "`read` is less than the profile's"),
        ("{runbooks: {restart: {approval: none}}}", "runbooks.restart.approval", "`none` asks for less than the `one`"),
    ],
)
def test_a_wrong_override_is_a_problem_of_its_own_line(
    tmp_path: Path, overrides: str, field: str, message: str
) -> None:
    where, said = the_problem_of(tmp_path, f"{CONFIG}    overrides: {overrides}  # <--\n")
    assert where == f"platforms[0].overrides.{field}"
    assert said.startswith(message)


def test_a_platform_runs_in_exactly_one_place(tmp_path: Path) -> None:
    line = "    runtime:\n      compose: {project: small, files: [compose.yml, more/over.yml]}\n"
    message = ("platforms[0].runtime", "expected exactly one of `compose` and `simulated`")
    assert the_problem_of(tmp_path, with_line(line, "    runtime: {}  # <--\n")) == message
    both = line.replace("runtime:\n", "runtime:  # <--\n") + '      simulated: {url: "http://x"}\n'
    assert the_problem_of(tmp_path, with_line(line, both)) == message


@pytest.mark.parametrize("section", ["server", "slack", "roles", "cli_users", "platforms"])
@pytest.mark.parametrize("value", ["5", "text", "[1, {a: b}]", "{a: 1}", "null"])
def test_any_shape_of_a_section_is_answered_with_problems(tmp_path: Path, section: str, value: str) -> None:
    lines = CONFIG.splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith(f"{section}:"))
    end = next((n for n in range(start + 1, len(lines)) if not lines[n].startswith(" ")), len(lines))
    text = "\n".join([*lines[:start], f"{section}: {value}", *lines[end:]])
    assert problems_of(tmp_path, text, SMALL)
