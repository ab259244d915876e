"""The dashboard asks for what `/metrics` has, in units that fit, from a data source that the import asks for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.files import DASHBOARD, judged_by, series_exposed

_METRIC = re.compile(r"\bwatchkeeper_[a-z_]+")
_SOURCE = {"type": "prometheus", "uid": "${DS_PROMETHEUS}"}
_UNITS = {"s", "short", "ops", "bytes", "percentunit"}


def _dashboard() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(DASHBOARD.read_text(encoding="utf8"))
    return loaded


def _panels() -> list[dict[str, Any]]:
    return [panel for panel in _dashboard()["panels"] if panel["type"] != "row"]


def _expressions() -> Iterator[str]:
    yield from (target["expr"] for panel in _panels() for target in panel["targets"])


@pytest.mark.part("prometheus")
def test_every_expression_is_one(tmp_path: Path) -> None:
    known = {"$__rate_interval": "5m", "$job": "watchkeeper"}
    rules = []
    for number, expression in enumerate(_expressions()):
        for variable, value in known.items():
            expression = expression.replace(variable, value)
        assert "$" not in expression
        rules.append({"record": f"panel:{number}", "expr": expression})
    file = tmp_path / "panels.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    assert f"{len(rules)} rules found" in judged_by("promtool", "check", "rules", str(file))


def test_every_metric_it_asks_for_exists() -> None:
    asked = {name for expression in _expressions() for name in _METRIC.findall(expression)}
    assert asked <= series_exposed()


def test_every_gauge_and_counter_of_ours_is_on_it() -> None:
    asked = " ".join(_expressions())
    shown = {name.removesuffix("_bucket").removesuffix("_total") for name in _METRIC.findall(asked)}
    ends = re.compile(r"_(?:bucket|count|sum|created|total)$")
    assert {ends.sub("", name) for name in series_exposed()} <= shown


def test_it_names_no_data_source_but_the_one_that_the_import_asks_for() -> None:
    assert [given["name"] for given in _dashboard()["__inputs"]] == ["DS_PROMETHEUS"]
    sources = [panel["datasource"] for panel in _panels()]
    sources += [target["datasource"] for panel in _panels() for target in panel["targets"]]
    sources += [variable["datasource"] for variable in _dashboard()["templating"]["list"]]
    assert all(source == _SOURCE for source in sources)


def test_every_panel_has_a_unit_and_a_place_of_its_own() -> None:
    assert {panel["fieldConfig"]["defaults"]["unit"] for panel in _panels()} <= _UNITS
    taken = [cell for panel in _dashboard()["panels"] for cell in _cells(panel["gridPos"])]
    assert len(taken) == len(set(taken)), "panels overlap"
    assert max(column for column, _ in taken) < 24
    ids = [panel["id"] for panel in _dashboard()["panels"]]
    assert len(ids) == len(set(ids))


def test_it_can_be_imported() -> None:
    dashboard = _dashboard()
    # Grafana 10 wrote 38, and every later one migrates from it.
    assert (dashboard["schemaVersion"], dashboard["id"], dashboard["uid"]) == (38, None, "watchkeeper")
    assert {required["id"] for required in dashboard["__requires"]} >= {panel["type"] for panel in _panels()}


def _cells(place: dict[str, int]) -> Iterator[tuple[int, int]]:
    for column in range(place["x"], place["x"] + place["w"]):
        for line in range(place["y"], place["y"] + place["h"]):
            yield column, line
