"""What a message box is told of the verbs: all of them, with the names there are, and nothing that is no JSON."""

from __future__ import annotations

import json

from bot.verbs import Family
from commands.completion import ArgumentEntry, VerbEntry, completion_vocabulary
from tests.commands.desk import Desk


def verb(desk: Desk, family: Family, name: str) -> VerbEntry:
    entries = completion_vocabulary(desk.table, desk.services.catalogue)["families"][family]["verbs"]
    return next(entry for entry in entries if entry["name"] == name)


def argument(entry: VerbEntry, name: str) -> ArgumentEntry:
    return next(it for it in (*entry["arguments"], *entry["options"]) if it["name"] == name)


async def test_every_verb_is_there_in_the_order_of_the_table(desk: Desk) -> None:
    families = completion_vocabulary(desk.table, desk.services.catalogue)["families"]
    for family in Family:
        assert [it["name"] for it in families[family]["verbs"]] == [it.name for it in desk.table.of(family)]


async def test_both_ways_to_address_the_bot_are_named(desk: Desk) -> None:
    typed = [it["typed"] for it in completion_vocabulary(desk.table, desk.services.catalogue)["addresses"]]
    assert typed == ["/ops", "/incident", "@watchkeeper", "@watchkeeper incident"]


async def test_names_are_those_of_the_configuration(two: Desk) -> None:
    restart = verb(two, Family.OPS, "restart")
    assert argument(restart, "service")["choices"] == ["qdrant", "web", "loader"]
    assert argument(restart, "platform")["choices"] == ["search-prod", "search-staging"]


async def test_fixed_choices_and_severities_are_spelled_out(desk: Desk) -> None:
    assert argument(verb(desk, Family.INCIDENT, "sev"), "severity")["choices"] == ["sev1", "sev2", "sev3", "sev4"]
    assert argument(verb(desk, Family.INCIDENT, "list"), "which")["choices"] == ["all"]


async def test_numbers_are_left_to_whoever_sees_them(desk: Desk) -> None:
    incident = argument(verb(desk, Family.INCIDENT, "ack"), "incident")
    assert (incident["kind"], incident["choices"]) == ("incident", [])


async def test_it_survives_json(desk: Desk) -> None:
    vocabulary = completion_vocabulary(desk.table, desk.services.catalogue)
    assert json.loads(json.dumps(vocabulary)) == vocabulary
