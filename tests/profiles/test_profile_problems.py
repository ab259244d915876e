import pytest

from bot.profiles.problems import format_problems
from tests.profiles.texts import SMALL, changed, problems_of, profile_of, the_problem_of


def test_the_small_profile_has_no_problems() -> None:
    assert profile_of(SMALL).title == "A small platform"


@pytest.mark.parametrize(
    ("old", "new", "field", "message"),
    [
        pytest.param(
            "services:\n  db:",
            "servcies: {}  # <--\nservices:\n  db:",
            "servcies",
            "`servcies`: unknown; did you mean `services`?",
            id="section",
        ),
        pytest.param(
            "    role: shows it",
            "    role: shows it\n    depend_on: [db]  # <--",
            "services.web.depend_on",
            "`depend_on`: unknown; did you mean `depends_on`?",
            id="key",
        ),
        pytest.param(
            "{kind: tcp, ready: true}",
            "{kind: tpc, ready: true}  # <--",
            "services.web.probes.port.kind",
            "`tpc`: unknown; did you mean `tcp`?",
            id="word of a closed set",
        ),
        pytest.param(
            "  web:\n    role: shows it\n",
            "  web:  # <--\n",
            "services.web.role",
            "missing; expected what the service does, in a few words",
            id="missing key",
        ),
        pytest.param(
            "critical: true",
            "critical: yes  # <--",
            "services.db.critical",
            "expected `true` or `false`, got text",
            id="yes is no true",
        ),
        pytest.param(
            "title: Answers",
            "title: 12  # <--",
            "metrics.up.title",
            "expected text, got a number; put it in quotes",
            id="number for text",
        ),
        pytest.param(
            "depends_on: [db]",
            "depends_on: db  # <--",
            "services.web.depends_on",
            "expected a list (`- item`), got text",
            id="text for a list",
        ),
        pytest.param(
            "    matchers: {alertname: Down}",
            "    matchers: Down  # <--",
            "severity[0].matchers",
            "expected a mapping (`name: value`), got text",
            id="text for a mapping",
        ),
        pytest.param(
            "role: keeps everything",
            "role: ''  # <--",
            "services.db.role",
            "expected one line of text",
            id="empty text",
        ),
        pytest.param(
            "depends_on: [db]",
            "depends_on: [dv]  # <--",
            "services.web.depends_on[0]",
            "service `dv`: unknown; did you mean `db`?",
            id="service that another needs",
        ),
        pytest.param(
            "    compose: db",
            "    depends_on: [web]  # <--\n    compose: db",
            "services.db.depends_on",
            "a circle: db → web → db; nothing could start first",
            id="circle",
        ),
        pytest.param(
            "    probes:\n      port: {kind: tcp, ready: true}",
            "    probes:  # <--\n      port: {kind: tcp}",
            "services.web.probes",
            "none says `ready: true`; waiting for the service has nothing to ask",
            id="no ready probe",
        ),
        pytest.param(
            "      - {job: db}",
            "      - {}  # <--",
            "services.db.alerts[0]",
            "expected at least 1, got 0",
            id="matcher that fits everything",
        ),
        pytest.param(
            "    services: [db]",
            "    services: [web, bd]  # <--",
            "metrics.up.services[1]",
            "service `bd`: unknown; did you mean `db`?",
            id="service of a metric",
        ),
        pytest.param(
            "    critical_above: 9",
            "    critical_above: 4  # <--",
            "metrics.up.critical_above",
            "expected more than `warning_above`",
            id="thresholds",
        ),
        pytest.param(
            "slos: {exempt: not yet}",
            "slos: {p95: 200ms}  # <--",
            "slos",
            "nothing reads this section yet; expected `{exempt: why}`",
            id="section that nothing reads",
        ),
        pytest.param(
            "backups: {exempt: not yet}",
            "backups: {exempt: ''}  # <--",
            "backups.exempt",
            "expected one line of text",
            id="excuse without a reason",
        ),
        pytest.param(
            "    offer: [restart]",
            "    offer: [restrat]  # <--",
            "severity[0].offer[0]",
            "runbook `restrat`: unknown; did you mean `restart`?",
            id="offered runbook",
        ),
        pytest.param(
            "  - severity: sev3\n",
            "  - severity: sev3  # <--\n  - severity: sev4\n",
            "severity[1]",
            "fits every alert, so the rules after it are never asked",
            id="rule that hides the rest",
        ),
        pytest.param(
            "  sev2: {respond_within: 30m,",
            "  sev2: {respond_within: 30,  # <--\n   ",
            "escalation.sev2.respond_within",
            "expected a duration such as 60s, 5m, 2h30m or 30d",
            id="duration without a unit",
        ),
        pytest.param(
            "refused: {exempt: nothing}",
            "refused:\n  - {procedure: w15, why: because}  # <--",
            "refused[0].procedure",
            "expected a procedure's id, and in brackets the part where only a part is refused: W15 (apply OS updates)",
            id="procedure",
        ),
        pytest.param(
            "  name: small",
            "  name: tiny  # <--",
            "platform.name",
            "expected `small`, the name of the file",
            id="name of another file",
        ),
    ],
)
def test_a_problem_names_its_line_and_what_was_expected(old: str, new: str, field: str, message: str) -> None:
    assert the_problem_of(changed(old, new)) == (field, message)


def test_a_missing_section_has_the_file_as_its_place() -> None:
    (problem,) = problems_of(changed("slos: {exempt: not yet}\n", ""))
    assert str(problem) == "small.yaml:1: slos: this section is missing; fill it or excuse it: `{exempt: why}`"


def test_the_last_severity_rule_must_fit_every_alert() -> None:
    text = changed("  - severity: sev3\n", "", changed("severity:\n  -", "severity:  # <--\n  -"))
    assert the_problem_of(text) == ("severity", "the last rule must fit every alert: one without matchers")


def test_a_severity_without_times_is_missing() -> None:
    text = changed("  sev4: {respond_within: 8h, page_after: null, quiet_after: 4h}\n", "")
    (problem,) = problems_of(changed("escalation:", "escalation:  # <--", text))
    assert (problem.field, problem.message) == ("escalation.sev4", "missing; every severity has its times")


def test_a_misspelt_severity_is_hinted_at() -> None:
    messages = [problem.message for problem in problems_of(changed("  sev4: {", "  sve4: {"))]
    assert "severity `sve4`: unknown; did you mean `sev4`?" in messages


@pytest.mark.parametrize("section", ["platform", "services"])
def test_the_platform_and_its_services_cannot_be_excused(section: str) -> None:
    text = f"{section}: {{exempt: why}}\n" + SMALL[SMALL.index("metrics:") :]
    assert f"small.yaml:1: {section}: cannot be excused" in map(str, problems_of(text))


def test_an_offer_that_no_alert_can_fill_in_is_refused() -> None:
    text = changed(
        "      service: {kind: service, help: which one}",
        "      service: {kind: service, help: which one}\n      ticket: {kind: text, help: why}",
        changed("    offer: [restart]", "    offer: [restart]  # <--"),
    )
    text = changed('{service: "{service}", timeout: 60s}', '{service: "{service}", timeout: 60s, x: "{ticket}"}', text)
    fields = {problem.field: problem.message for problem in problems_of(text)}
    assert fields["severity[0].offer[0]"] == "`restart` needs `ticket`, which no alert can fill in"


def test_all_problems_of_a_profile_are_told_at_once_and_in_order() -> None:
    text = changed("role: shows it", "role: 5", changed("unit: count", "unit: pieces"))
    text = changed("    risk: disruptive", "    risk: bold", changed("depends_on: [db]", "depends_on: [nobody]", text))
    problems = problems_of(text)
    assert [problem.field for problem in problems] == ["services.web.role", "metrics.up.unit", "runbooks.restart.risk"]
    assert [problem.line for problem in problems] == sorted(problem.line for problem in problems)


def test_a_broken_entry_is_not_also_called_unknown_where_it_is_named() -> None:
    text = changed("    role: keeps everything\n    critical: true", "    role: keeps everything\n    critical: maybe")
    assert [problem.field for problem in problems_of(text)] == ["services.db.critical"]


def test_a_profile_that_is_no_mapping_says_so() -> None:
    assert "expected a mapping" in format_problems(problems_of("- a\n- b\n"))


@pytest.mark.parametrize("section", ["services", "metrics", "severity", "escalation", "runbooks", "refused"])
@pytest.mark.parametrize("value", ["5", "text", "[1, {a: b}]", "{a: 1}", "null", "[]", "{}"])
def test_any_shape_of_a_section_is_answered_with_problems(section: str, value: str) -> None:
    lines = [line for line in SMALL.splitlines() if line]
    start = lines.index(f"{section}:") if f"{section}:" in lines else lines.index("refused: {exempt: nothing}")
    end = next((n for n in range(start + 1, len(lines)) if not lines[n].startswith(" ")), len(lines))
    text = "\n".join([*lines[:start], f"{section}: {value}", *lines[end:]])
    if (section, value) not in {("refused", "[]"), ("metrics", "{}")}:
        assert problems_of(text)
