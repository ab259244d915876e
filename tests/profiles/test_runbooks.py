import pytest

from bot.domain.profiles import Runbook
from bot.domain.rights import Need
from bot.profiles.documents import parse_document
from bot.profiles.sections import build_profile
from tests.profiles.texts import FILE, SMALL, changed, problems_of, profile_of, the_problem_of

RESTART = '      - compose.restart: {service: "{service}"}'
WAIT = '      - wait.healthy: {service: "{service}", timeout: 60s}'


def runbook_of(text: str) -> Runbook:
    (runbook,) = profile_of(text).runbooks.values()
    return runbook


@pytest.mark.parametrize(
    ("old", "new", "field", "message"),
    [
        pytest.param(
            RESTART,
            '      - compose.restrat: {service: "{service}"}  # <--',
            "steps[0].compose.restrat",
            "action `compose.restrat`: unknown; did you mean `compose.restart`?",
            id="action",
        ),
        pytest.param(
            RESTART,
            '      - compose.restart: {servcie: x, service: "{service}"}  # <--',
            "steps[0].compose.restart.servcie",
            "`servcie`: unknown; did you mean `service`?",
            id="argument",
        ),
        pytest.param(
            RESTART,
            f'      - compose.restart: {{service: "{{serivce}}"}}  # <--\n{WAIT}',
            "steps[0].compose.restart.service",
            "parameter `serivce`: unknown; did you mean `service`?",
            id="parameter",
        ),
        pytest.param(
            RESTART,
            f"      - compose.restart: {{service: dbb}}  # <--\n{RESTART}",
            "steps[0].compose.restart.service",
            "service `dbb`: unknown; did you mean `db`?",
            id="service",
        ),
        pytest.param(
            WAIT,
            '      - wait.healthy: {service: "{service}", timeout: 60}  # <--',
            "steps[1].wait.healthy.timeout",
            "expected a duration",
            id="number for a duration",
        ),
        pytest.param(
            WAIT,
            '      - wait.healthy: {service: "{service}", timeout: 60x}  # <--',
            "steps[1].wait.healthy.timeout",
            "expected a duration such as 60s, 5m, 2h30m or 30d",
            id="duration",
        ),
        pytest.param(
            WAIT,
            '      - wait.healthy: {service: db, timeout: "{service}"}  # <--',
            "steps[1].wait.healthy.timeout",
            "expected a parameter of kind duration; `service` is of kind service",
            id="parameter of another kind",
        ),
        pytest.param(
            WAIT,
            '      - evidence.collect: {services: [db, "my-{service}"], logs: 20}  # <--',
            "steps[1].evidence.collect.services[1]",
            "expected a service, or one parameter alone",
            id="name put together",
        ),
        pytest.param(
            WAIT,
            '      - evidence.collect: {logs: "{service"}  # <--',
            "steps[1].evidence.collect.logs",
            "expected `{parameter}`; a brace stands alone",
            id="brace",
        ),
        pytest.param(
            WAIT,
            "      - wait.healthy  # <--",
            "steps[1]",
            "expected one action with its arguments: `- action: {argument: value}`",
            id="action without arguments",
        ),
        pytest.param(
            WAIT,
            "      - wait.healthy:  # <--",
            "steps[1].wait.healthy",
            "expected a mapping (`name: value`), got nothing",
            id="nothing for arguments",
        ),
        pytest.param(
            "      service: {kind: service, help: which one}",
            "      service: {kind: service, default: dc, help: which one}  # <--",
            "parameters.service.default",
            "service `dc`: unknown; did you mean `db`?",
            id="default",
        ),
        pytest.param(
            "      service: {kind: service, help: which one}",
            "      service: {kind: service, choices: [db], default: web, help: which one}  # <--",
            "parameters.service.default",
            "choice `web`: unknown; expected one of `db`",
            id="default outside the choices",
        ),
        pytest.param(
            "      service: {kind: service, help: which one}",
            "      service: {kind: service, required: false, help: which one}  # <--",
            "parameters.service",
            "may be left out, so expected a `default`: a step needs its value",
            id="no default",
        ),
        pytest.param(
            "      service: {kind: service, help: which one}",
            "      service: {kind: service, help: which one}\n"
            "      count: {kind: integer, required: false, default: 3, help: how many}  # <--",
            "parameters.count.default",
            "expected text, got a number; put it in quotes",
            id="number for a default",
        ),
        pytest.param(
            "      service: {kind: service, help: which one}",
            "      service: {kind: service, help: which one}\n"
            "      count: {kind: integer, required: false, default: '3', help: how many}  # <--",
            "parameters.count",
            "no step names `{count}`; use it or leave it out",
            id="parameter that nobody uses",
        ),
        pytest.param(
            "    risk: disruptive",
            "    risk: disruptive\n    approval: confirm  # <--",
            "approval",
            "`confirm` asks for less than the `one` of a disruptive runbook; expected an `approval_why` beside it",
            id="lowered approval",
        ),
        pytest.param(
            "    risk: disruptive",
            "    risk: disruptive\n    approval_why: because  # <--",
            "approval_why",
            "explains an `approval` that is not given",
            id="reason alone",
        ),
        pytest.param(
            "    undo: A restart cannot be taken back.",
            "    undo: Ask {nobody}.  # <--",
            "undo",
            "parameter `nobody`: unknown; expected one of `service`",
            id="parameter in a sentence",
        ),
        pytest.param(
            "    risk: disruptive",
            "    risk: disruptive\n    covers: [10]  # <--",
            "covers[0]",
            "expected text, got a number; put it in quotes",
            id="covers",
        ),
    ],
)
def test_a_problem_names_its_line_and_what_was_expected(old: str, new: str, field: str, message: str) -> None:
    assert the_problem_of(changed(old, new)) == (f"runbooks.restart.{field}", message)


def test_a_runbook_that_changes_something_says_what_and_how_it_is_undone() -> None:
    text = changed("    undo: A restart cannot be taken back.\n", "", changed("  restart:\n", "  restart:  # <--\n"))
    assert the_problem_of(text) == (
        "runbooks.restart.undo",
        "missing; a disruptive runbook says this to whoever approves it",
    )


def test_a_runbook_that_only_reads_needs_no_such_sentences() -> None:
    text = changed("    undo: A restart cannot be taken back.\n", "", changed("risk: disruptive", "risk: read"))
    assert runbook_of(text).undo == "Nothing to undo: it only looks."


@pytest.mark.parametrize(
    ("lines", "need"),
    [
        ("risk: read", Need.NONE),
        ("risk: change", Need.CONFIRM),
        ("risk: disruptive", Need.ONE),
        ("risk: destructive", Need.TWO),
        ("risk: read\n    approval: two", Need.TWO),
        ("risk: destructive\n    approval: one\n    approval_why: a copy is made first", Need.ONE),
    ],
)
def test_a_risk_asks_for_its_approval_unless_the_runbook_says_otherwise(lines: str, need: Need) -> None:
    assert runbook_of(changed("risk: disruptive", lines)).need is need


@pytest.mark.parametrize(
    ("lines", "allowed"),
    [
        ("risk: disruptive", True),
        ("risk: destructive", False),
        ("risk: destructive\n    break_glass: true", True),
        ("risk: disruptive\n    break_glass: false", False),
    ],
)
def test_only_what_cannot_destroy_may_be_started_in_an_emergency_by_default(lines: str, allowed: bool) -> None:
    assert runbook_of(changed("risk: disruptive", lines)).break_glass is allowed


def test_the_version_follows_what_the_runbook_says_and_not_how_it_is_laid_out() -> None:
    version = runbook_of(SMALL).version
    assert len(version) == 12
    assert set(version) <= set("0123456789abcdef")
    comment = changed("    risk: disruptive", "    # a comment\n    risk:   'disruptive'")
    assert runbook_of(comment).version == version
    assert runbook_of(changed("timeout: 60s", "timeout: 61s")).version != version


def test_other_sections_do_not_change_a_version() -> None:
    assert runbook_of(changed("role: shows it", "role: shows all")).version == runbook_of(SMALL).version


def test_steps_keep_their_order_and_arguments() -> None:
    steps = runbook_of(SMALL).steps
    assert [step.action for step in steps] == ["compose.restart", "wait.healthy"]
    assert steps[1].arguments == {"service": "{service}", "timeout": "60s"}


def test_without_known_actions_their_names_are_not_checked() -> None:
    text = changed("compose.restart", "kubernetes.restart")
    assert build_profile(parse_document(text, FILE)).runbooks
    assert problems_of(text)
