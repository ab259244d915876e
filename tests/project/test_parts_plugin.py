"""A part that is missing is named, and in CI a part without a test is a failure."""

from __future__ import annotations

import pytest

from tests import parts_plugin
from tests.parts_plugin import Part
from tests.project.checkout import ROOT

HERE = Part("dockerd", "Debian: docker.io", lambda: None)
AWAY = Part("chromium", "Debian: chromium", lambda: "no chromium")

_TESTS = """
    import pytest

    @pytest.mark.part("dockerd")
    def test_passes(): pass

    @pytest.mark.part("dockerd")
    def test_fails(): assert False

    @pytest.mark.part("chromium")
    def test_of_a_missing_part(): pass

    def test_of_no_part(): pass
"""


@pytest.fixture
def inner(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A pytest run of its own, on a machine with an engine and without a browser."""
    monkeypatch.setattr(parts_plugin, "PARTS", (HERE, AWAY))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeini("[pytest]\nmarkers = part(name): a real part\n")
    return pytester


def _run(inner: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return inner.runpytest_inprocess("-p", "tests.parts_plugin", "-rs", *arguments)


def test_a_missing_part_is_skipped_by_name(inner: pytest.Pytester) -> None:
    inner.makepyfile(_TESTS)
    result = _run(inner)
    result.assert_outcomes(passed=2, failed=1, skipped=1)
    result.stdout.fnmatch_lines(["SKIPPED*part missing: chromium (no chromium)"])


def test_summary_counts_passed_and_failed_tests_of_each_part(inner: pytest.Pytester) -> None:
    inner.makepyfile(_TESTS)
    _run(inner).stdout.fnmatch_lines(
        ["*Real parts: tests run*", "dockerd*2", "chromium*0*no chromium (Debian: chromium)"]
    )


def test_a_skip_inside_a_fixture_is_no_test_run(inner: pytest.Pytester) -> None:
    inner.makepyfile(
        """
        import pytest

        @pytest.fixture
        def engine(): pytest.skip("part missing: dockerd (it needs root)")

        @pytest.mark.part("dockerd")
        def test_of_the_engine(engine): pass
        """
    )
    result = _run(inner, "--require-parts")
    result.stdout.fnmatch_lines(["FAILED required part dockerd: no test ran", "*dockerd: 1 tests skipped"])


def test_a_missing_part_fails_a_run_that_requires_parts(inner: pytest.Pytester) -> None:
    inner.makepyfile("import pytest\n@pytest.mark.part('dockerd')\ndef test_passes(): pass\n")
    assert _run(inner).ret == pytest.ExitCode.OK
    result = _run(inner, "--require-parts")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["FAILED required part chromium: no test ran"])


def test_a_run_with_a_test_on_every_part_passes(inner: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts_plugin, "PARTS", (HERE,))
    inner.makepyfile("import pytest\n@pytest.mark.part('dockerd')\ndef test_passes(): pass\n")
    assert _run(inner, "--require-parts").ret == pytest.ExitCode.OK


def test_a_part_taken_through_fixtures_counts(inner: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts_plugin, "FIXTURE_PARTS", {"conftest.engine": "dockerd"})
    inner.makeconftest(
        """
        import pytest

        @pytest.fixture
        def engine(): return "running"

        @pytest.fixture
        def project(engine): return engine
        """
    )
    inner.makepyfile("def test_of_a_project(project): pass\n")
    _run(inner).stdout.fnmatch_lines(["dockerd*1"])


def test_a_fake_of_the_same_name_counts_for_nothing(inner: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts_plugin, "FIXTURE_PARTS", {"tests.real.parts.engine": "dockerd"})
    inner.makepyfile("import pytest\n@pytest.fixture\ndef engine(): pass\ndef test_of_a_fake(engine): pass\n")
    _run(inner).stdout.no_fnmatch_line("*Real parts*")


def test_an_unknown_part_is_refused(inner: pytest.Pytester) -> None:
    inner.makepyfile("import pytest\n@pytest.mark.part('abacus')\ndef test_passes(): pass\n")
    result = _run(inner)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*unknown part abacus; known: dockerd, chromium"])


def test_tests_of_several_processes_are_counted_together(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makeini("[pytest]\nmarkers = part(name): a real part\n")
    for name in ("one", "two"):
        pytester.makepyfile(
            **{
                f"test_{name}": """
            import pytest

            @pytest.mark.part("valkey")
            def test_of_it(): pass
        """
            }
        )
    options = ("-p", "xdist", "-p", "tests.parts_plugin", "--numprocesses", "2", "--dist", "loadfile")
    result = pytester.runpytest_subprocess(*options, "--require-parts", timeout=60)
    result.assert_outcomes(passed=2)
    result.stdout.re_match_lines([r"valkey +2$", ".*required part chromium: no test ran"])
    assert result.ret == pytest.ExitCode.TESTS_FAILED
