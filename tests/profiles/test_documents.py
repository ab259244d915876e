from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.profiles.documents import MAX_BYTES, Document, merged, parse_document, read_document
from bot.profiles.problems import ConfigurationError, Problem


def problems_of(text: str, environ: dict[str, str] | None = None) -> list[Problem]:
    """Return what is wrong with ``text``, whether or not the rest of it was read."""
    try:
        return list(parse_document(text, "f.yaml", environ).problems)
    except ConfigurationError as exc:
        return list(exc.problems)


def test_plain_values_have_the_types_they_look_like() -> None:
    text = "a: 1\nb: 1.5\nc: true\nd: null\ne: 5m\nf: '1'\ng: [x, 2]\nh:\n"
    assert parse_document(text, "f.yaml").value == {
        "a": 1, "b": 1.5, "c": True, "d": None, "e": "5m", "f": "1", "g": ["x", 2], "h": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    "word", ["on", "no", "yes", "12:30:45", "2026-01-01", "0755", "1_000", "0x1F", ".inf", "1e999"]
)
def test_what_only_yaml_1_1_takes_for_something_else_stays_text(word: str) -> None:
    assert parse_document(f"a: {word}", "f.yaml").value == {"a": word}


def test_keys_are_always_text() -> None:
    assert parse_document("1: x\ntrue: y", "f.yaml").value == {"1": "x", "true": "y"}


def test_positions_are_where_keys_and_items_stand() -> None:
    document = parse_document("a:\n  b:\n    - x\n    - c: |\n        y\n", "f.yaml")
    assert document.position(("a", "b", 1, "c")).line == 4
    assert document.position(("a", "b", 0)).line == 3
    assert document.position(("a",)).line == 1


def test_what_is_not_there_stands_where_it_would_be() -> None:
    document = parse_document("x: 1\na:\n  b: 1\n", "f.yaml")
    position = document.position(("a", "c", "d"))
    assert (position.line, position.field) == (2, "a.c.d")


def test_a_repeated_key_names_both_lines() -> None:
    (problem,) = problems_of("a: 1\nb:\n  - {deep: [1]}\nb:\n  - {other: [1]}\n")
    assert str(problem) == "f.yaml:4: b: given twice; the first is in line 2"


def test_anchors_aliases_and_tags_are_refused_each_in_its_line() -> None:
    problems = problems_of("a: &x 1\nb: *x\nc: !!python/object:os.system {}\nd: !!str 5\n")
    assert [(problem.line, problem.field) for problem in problems] == [(1, "a"), (2, "b"), (3, "c"), (4, "d")]


def test_a_bomb_of_aliases_does_not_expand() -> None:
    levels = ["a0: &a0 [x, x, x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    assert all("not read here" in problem.message for problem in problems_of("\n".join(levels)))


def test_a_bomb_of_brackets_ends_at_the_depth_limit() -> None:
    (problem,) = problems_of("a: " + "[" * 100_000)
    assert problem.message == "nested deeper than 20 levels"


def test_a_file_of_countless_values_ends_at_the_limit() -> None:
    (problem,) = problems_of("a:\n" + "- 1\n" * 60_000)
    assert (problem.line, problem.message) == (50_000, "more than 50000 values")


def test_a_file_over_the_limit_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "big.yaml"
    path.write_bytes(b"a" * (MAX_BYTES + 1))
    with pytest.raises(ConfigurationError, match="larger than 1000000 bytes"):
        read_document(path)


def test_a_missing_file_is_a_problem_of_that_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"none\.yaml: cannot be read: No such file"):
        read_document(tmp_path / "none.yaml")


def test_text_that_is_not_utf_8_is_named_by_line(tmp_path: Path) -> None:
    path = tmp_path / "latin.yaml"
    path.write_bytes("a: 1\nb: ä\n".encode("latin-1"))
    with pytest.raises(ConfigurationError, match=r"latin\.yaml:2: not UTF-8 text"):
        read_document(path)


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "bom.yaml"
    path.write_text("a: 1", encoding="utf-8-sig")
    assert read_document(path).value == {"a": 1}


@pytest.mark.parametrize(
    ("text", "line"),
    [("a: 1\nb: ]\n", 2), ("a: 1\n\tb: 2\n", 2), ("a: 1\nb: c: d\n", 2), ("a: 1\nb: \x07\n", 2)],
)
def test_broken_yaml_is_named_by_line(text: str, line: int) -> None:
    (problem,) = problems_of(text)
    assert problem.line == line
    assert problem.message.startswith("not YAML: ")


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [("a: 1\n\tb: 2\n", 2, 1), ("a:\n  b: 1\n\tc: 2\n", 3, 1), ("a:\n\t- b\n", 2, 1), ("ä:\n  \tb: 2\n", 2, 3)],
)
def test_a_tab_is_called_a_tab(text: str, line: int, column: int) -> None:
    (problem,) = problems_of(text)
    assert (problem.line, problem.message) == (
        line,
        f"not YAML: column {column} is a tab; YAML indents with spaces",
    )


def test_a_list_that_never_ends_is_named_by_where_it_begins() -> None:
    (problem,) = problems_of("a: 1\nb: [1,\n  c: 2\n")
    assert problem.message.endswith("from line 2)")


@pytest.mark.parametrize(("text", "message"), [("", "is empty"), ("# nothing\n", "is empty")])
def test_an_empty_file_says_so(text: str, message: str) -> None:
    assert [problem.message for problem in problems_of(text)] == [message]


def test_a_second_document_is_refused_where_it_starts() -> None:
    (problem,) = problems_of("a: 1\n---\nb: 2\n")
    assert (problem.line, problem.message) == (2, "a second document starts here; expected one")


def test_a_key_that_is_no_name_is_refused() -> None:
    (problem,) = problems_of("a:\n  ? [x, y]\n  : [1, {z: 2}]\n  b: 1\n")
    assert (problem.line, problem.field, problem.message) == (2, "a", "expected a name before the colon")


def test_a_number_that_json_cannot_spell_is_refused() -> None:
    (problem,) = problems_of("a: 1\nb: 9007199254740993\n")
    assert (problem.line, problem.field) == (2, "b")
    assert problems_of(f"a: {'9' * 5000}")


def test_variables_are_replaced_inside_values_only() -> None:
    document = parse_document("${K}: a ${V}/${V}\nn: ${N}\nl: $${V}\n", "f.yaml", {"V": "x", "N": "5", "K": "k"})
    assert document.value == {"${K}": "a x/x", "n": "5", "l": "${V}"}
    assert document.from_environment == {("${K}",), ("n",)}


def test_a_variable_brings_no_yaml_with_it() -> None:
    assert parse_document("a: ${V}", "f.yaml", {"V": "[1, ${W}] # x"}).value == {"a": "[1, ${W}] # x"}


def test_an_unset_variable_is_named_with_its_line() -> None:
    problems = problems_of("a: 1\nb:\n  - ${GONE}\n  - ${BLANK}\n", {"BLANK": ""})
    assert [str(problem) for problem in problems] == [
        "f.yaml:3: b[0]: the environment variable `GONE` is not set",
        "f.yaml:4: b[1]: the environment variable `BLANK` is empty",
    ]


@pytest.mark.parametrize("value", ["${", "${}", "${A", "${A-b}", "${A:-b}"])
def test_a_variable_that_is_not_spelled_right_is_refused(value: str) -> None:
    (problem,) = problems_of(f"a: '{value}'", {"A": "x"})
    assert "expected `${NAME}`" in problem.message


def test_marks_on_keys_are_refused_too() -> None:
    problems = problems_of("&x a: 1\n!!str b: 2\n? *x\n: 3\n")
    assert [problem.line for problem in problems] == [1, 2, 3]


def test_what_can_be_read_is_read_beside_what_cannot() -> None:
    document = parse_document("a: &x 1\nb: 2\n", "f.yaml")
    assert document.value == {"a": 1, "b": 2}
    assert document.unreadable == {("a",)}


def test_without_an_environment_nothing_is_replaced() -> None:
    assert parse_document("a: ${V}", "f.yaml").value == {"a": "${V}"}


def test_all_problems_of_a_file_are_told_at_once() -> None:
    assert len(problems_of("a: &x 1\na: 2\nb: ${GONE}\n", {})) == 3


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        document = parse_document(text, "f.yaml", {})
    except ConfigurationError as exc:
        assert exc.problems  # noqa: PT017  # either outcome is right
    else:
        assert isinstance(document, Document)


def overlaid(base: str, over: str) -> Document:
    return merged(parse_document(base, "base.yaml"), parse_document(over, "over.yaml"), ("o",))


def test_mappings_merge_and_anything_else_replaces() -> None:
    document = overlaid("a: {x: 1, y: [1, 2]}\nb: 1\n", "o: {a: {y: [3], z: 4}, b: {c: 5}}")
    assert document.value == {"a": {"x": 1, "y": [3], "z": 4}, "b": {"c": 5}}


def test_merged_values_stand_where_they_were_written() -> None:
    document = overlaid("a:\n  x: 1\n  y: [1, 2]\n", "o:\n  a:\n    # this\n    y: [3]\n")
    assert (document.position(("a", "x")).file, document.position(("a", "x")).line) == ("base.yaml", 2)
    assert (document.position(("a", "y", 0)).file, document.position(("a", "y", 0)).line) == ("over.yaml", 4)
    assert document.position(("a", "y", 0)).field == "o.a.y[0]"
    assert ("a", "y", 1) not in document.positions


def test_a_filled_section_and_an_excuse_replace_each_other() -> None:
    assert overlaid("a: {exempt: why}", "o: {a: {x: 1}}").value == {"a": {"x": 1}}
    assert overlaid("a: {x: 1}", "o: {a: {exempt: why}}").value == {"a": {"exempt": "why"}}
