"""What a stand-in for Slack must do, and the cases that find bugs: a row for each clause, with the tests that hold it.

The two lists are those of the project's Slack reference, "Testing without Slack", clause by clause in its words. A row
whose test is renamed, removed or no longer collected fails here, so the table cannot promise what nobody checks.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HERE = "tests/sandbox/"
HANDLERS, PUBLISHING, STATE = "tests/handlers/", "tests/publishing/", "tests/state/"
ADAPTERS, MESSAGES = "tests/adapters/", "tests/messages/"


@dataclass(frozen=True, slots=True)
class Row:
    """One clause and the tests that hold it, as file and name."""

    clause: str
    tests: tuple[str, ...]


THE_STAND_IN_MUST = (
    Row("serve the Web API under any base URL", (f"{HERE}test_sdk.py::test_json_style_posts_and_updates",)),
    Row(
        "serve Socket Mode's opening under the same base URL",
        (f"{HERE}test_socket_mode.py::test_the_sdk_is_greeted_and_answers_a_command",),
    ),
    Row("serve uploads under the same base URL", (f"{HERE}test_sdk.py::test_form_style_uploads_into_a_thread",)),
    Row(
        "merge query, form and JSON",
        (
            f"{HERE}test_web_api.py::test_query_form_and_json_are_merged",
            f"{HERE}test_sdk.py::test_query_style_with_an_empty_body_reacts_and_opens",
            f"{HERE}test_sdk.py::test_get_style_reads_with_metadata",
        ),
    ),
    Row(
        "return `ts` values that increase",
        (f"{HERE}test_web_api.py::test_timestamps_strictly_increase_while_the_clock_stands",),
    ),
    Row(
        "enforce `trigger_id` once",
        (
            f"{HERE}test_lifetimes.py::test_trigger_opens_one_modal",
            f"{HERE}test_writes.py::test_trigger_works_once_whether_it_opens_or_pushes",
        ),
    ),
    Row("enforce `trigger_id` within 3 s", (f"{HERE}test_lifetimes.py::test_trigger_expires_after_three_seconds",)),
    Row("enforce `response_url` 5 times", (f"{HERE}test_lifetimes.py::test_response_url_works_five_times",)),
    Row(
        "enforce `response_url` within 30 minutes",
        (f"{HERE}test_lifetimes.py::test_response_url_dies_after_thirty_minutes",),
    ),
    Row(
        "enforce `hash` conflicts",
        (
            f"{HERE}test_people.py::test_update_with_a_stale_hash_conflicts",
            f"{HERE}test_writes.py::test_home_published_with_a_stale_hash_conflicts",
        ),
    ),
    Row(
        "enforce membership",
        (
            f"{HERE}test_writes.py::test_bot_posts_only_where_it_is_a_member",
            f"{HERE}test_scopes.py::test_private_channel_without_the_bot_is_not_found",
            f"{HERE}test_web_api.py::test_upload_to_a_channel_without_the_bot_is_refused",
        ),
    ),
    Row("enforce `message_not_found`", (f"{HERE}test_writes.py::test_message_that_a_person_deleted_is_not_found",)),
    Row(
        "keep what was posted for assertions",
        (f"{HERE}test_web_api.py::test_every_call_is_recorded_with_its_answer",),
    ),
    Row(
        "check Block Kit limits on every write",
        (
            f"{HERE}test_writes.py::test_every_write_of_a_message_is_checked_and_names_the_field",
            f"{HERE}test_writes.py::test_every_write_of_a_view_is_checked_and_names_the_field",
            f"{HERE}test_block_kit.py::test_message_over_a_limit_is_refused_with_its_pointer",
            f"{HERE}test_block_kit.py::test_modal_over_a_limit_is_refused_with_its_pointer",
        ),
    ),
    Row(
        "answer 429 with `Retry-After` on demand",
        (
            f"{HERE}test_faults.py::test_rate_limited_for_some_calls_then_well",
            f"{HERE}test_lifetimes.py::test_limited_call_says_when_to_come_back",
        ),
    ),
    Row("delay", (f"{HERE}test_faults.py::test_slow_answer_arrives_late_with_the_work_done",)),
    Row("drop after processing", (f"{HERE}test_faults.py::test_lost_answer_does_the_work_and_cuts_the_connection",)),
    Row(
        "cut connections",
        (
            f"{HERE}test_writes.py::test_connection_can_be_cut_before_anything_is_done",
            f"{HERE}test_socket_mode.py::test_a_cut_connection_ends_without_a_close",
        ),
    ),
    Row("sign what it sends", (f"{HERE}test_deliveries.py::test_deliveries_are_signed",)),
    Row(
        "send duplicates with retry headers",
        (
            f"{HERE}test_faults.py::test_duplicate_event_carries_retry_headers",
            f"{HERE}test_deliveries.py::test_failed_event_is_retried_three_times_with_reasons",
            f"{HERE}test_socket_mode.py::test_an_event_is_brought_again_with_number_and_reason",
        ),
    ),
    Row(
        "offer Socket Mode with `disconnect`",
        (
            f"{HERE}test_socket_mode.py::test_a_replaced_connection_gets_no_more_payloads_and_is_closed",
            f"{HERE}test_socket_mode.py::test_after_a_warning_payloads_still_come",
        ),
    ),
    Row(
        "offer Socket Mode with refresh",
        (f"{HERE}test_socket_mode.py::test_the_sdk_comes_back_after_a_refresh_and_after_a_cut",),
    ),
)

CASES_THAT_FIND_BUGS = (
    Row(
        "command text with the word `payload`",
        (
            f"{HANDLERS}test_slack_pitfalls.py::test_1_the_word_payload_is_a_word",
            f"{HERE}test_deliveries.py::test_command_travels_as_form_fields",
        ),
    ),
    Row(
        "command text with `&<>`",
        (
            f"{HANDLERS}test_slack_edge.py::test_the_text_of_a_command_arrives_as_sent",
            f"{HERE}test_deliveries.py::test_command_travels_as_form_fields",
            f"{MESSAGES}test_mrkdwn.py::test_escape_says_exactly_what_was_written",
        ),
    ),
    Row(
        "command text with a broadcast",
        (
            f"{HERE}test_bug_cases.py::test_a_broadcast_in_a_command_calls_nobody",
            f"{MESSAGES}test_mrkdwn.py::test_a_bare_broadcast_is_broken_up",
            f"{MESSAGES}test_cards.py::test_no_text_on_a_card_does_harm",
        ),
    ),
    Row(
        "3.1 s slow handler",
        (
            f"{HERE}test_deliveries.py::test_slow_command_shows_a_timeout",
            f"{HERE}test_bug_cases.py::test_the_bot_answers_well_before_slack_gives_up",
            f"{HANDLERS}test_slack_commands.py::test_a_slow_answer_follows_where_the_command_was_typed",
            f"{HANDLERS}test_slack_pitfalls.py::test_12_a_slow_listener_is_not_asked_a_second_time",
        ),
    ),
    Row(
        "exception after ack",
        (
            f"{HANDLERS}test_slack_pitfalls.py::test_2_an_error_after_the_effect_does_not_lose_the_acknowledgement",
            f"{HANDLERS}test_slack_pitfalls.py::test_2_whatever_breaks_the_payload_is_acknowledged_and_counted",
        ),
    ),
    Row(
        "two approvals in the same 10 ms on two replicas",
        (
            f"{HERE}test_bug_cases.py::test_two_approvals_at_once_at_two_replicas_count_once",
            f"{STATE}test_approvals.py::test_of_two_approvers_at_once_one_counts_and_the_other_is_told",
            f"{STATE}test_approvals.py::test_two_yes_at_once_both_count_and_start_one_run",
            f"{HERE}test_bug_cases.py::test_a_click_and_its_double_are_one_vote",
        ),
    ),
    Row(
        "card deleted by a person",
        (
            f"{PUBLISHING}test_cards.py::test_a_deleted_card_is_posted_again_once",
            f"{PUBLISHING}test_with_sandbox.py::test_a_notice_finds_the_thread_of_a_card_that_was_deleted_meanwhile",
            f"{ADAPTERS}test_slack_workspace.py::test_a_card_that_a_person_deleted_is_gone",
        ),
    ),
    Row(
        "update while 429",
        (
            f"{PUBLISHING}test_throttled_updates.py::test_an_update_that_is_throttled_is_made_when_it_may_be",
            f"{PUBLISHING}test_cards.py::test_throttling_holds_only_its_own_kind_of_call_and_loses_nothing",
            f"{PUBLISHING}test_with_sandbox.py::test_lost_answers_and_throttling_lose_nothing_and_double_nothing",
        ),
    ),
    Row("upload that never shares", (f"{HERE}test_faults.py::test_upload_can_stay_unshared",)),
    Row(
        "user group lookup failing",
        (
            f"{STATE}test_access.py::test_a_failed_refresh_keeps_the_old_until_it_is_stale",
            f"{ADAPTERS}test_slack_workspace.py::test_a_group_that_cannot_be_told_is_temporary",
        ),
    ),
    Row(
        "clock 6 minutes off",
        (
            f"{HERE}test_deliveries.py::test_skewed_clock_makes_the_signature_stale",
            f"{HERE}test_scopes.py::test_server_date_is_the_machines_until_it_is_skewed",
            f"{HERE}test_bug_cases.py::test_what_slack_signs_the_door_lets_in_and_nothing_older",
            f"{HANDLERS}test_slack_edge.py::test_every_bad_signature_gets_the_same_answer_and_reaches_nobody",
        ),
    ),
    Row(
        "restart between persist and post",
        (
            f"{PUBLISHING}test_cards.py::test_a_crash_before_the_post_leaves_exactly_one_message",
            f"{PUBLISHING}test_cards.py::test_a_crash_between_post_and_record_leaves_exactly_one_message",
            f"{PUBLISHING}test_notices.py::test_a_crash_around_the_post_leaves_a_notice_said_exactly_once",
        ),
    ),
    Row(
        "51 blocks",
        (
            f"{HERE}test_writes.py::test_fifty_one_blocks_are_refused",
            f"{MESSAGES}test_message.py::test_what_does_not_fit_is_left_out_and_counted",
        ),
    ),
    Row(
        "4,001 characters",
        (
            f"{HERE}test_writes.py::test_4001_characters_of_text_are_refused",
            f"{HERE}test_bug_cases.py::test_a_sentence_of_4001_characters_is_cut_before_it_is_sent",
        ),
    ),
    Row(
        "a chart refused with `invalid_blocks`",
        (
            f"{HERE}test_writes.py::test_a_chart_is_refused_where_the_workspace_takes_none",
            f"{ADAPTERS}test_slack_workspace.py::test_refused_blocks_are_logged_with_the_field_slack_names",
            f"{PUBLISHING}test_cards.py::test_refused_content_is_tried_again_when_the_card_changes",
        ),
    ),
)

TABLE = (*THE_STAND_IN_MUST, *CASES_THAT_FIND_BUGS)


@pytest.fixture(scope="module")
def collected() -> frozenset[str]:
    """Return the tests that pytest finds in the files of the table, without parameters."""
    files = sorted({test.split("::")[0] for row in TABLE for test in row.tests})
    return frozenset(name.split("[")[0] for name in _collect(files))


def _collect(files: Sequence[str]) -> list[str]:
    argv = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *files]
    run = subprocess.run(argv, cwd=ROOT, env=os.environ, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stdout + run.stderr
    return [line for line in run.stdout.splitlines() if "::" in line]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.clause)
def test_clause_is_held_by_tests_that_are_collected(row: Row, collected: frozenset[str]) -> None:
    assert row.tests
    assert set(row.tests) <= collected


def test_no_clause_stands_twice() -> None:
    clauses = [row.clause for row in TABLE]
    assert len(clauses) == len(set(clauses))
