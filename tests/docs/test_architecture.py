"""The architecture page says what the code says: nothing in its tables is missing, nothing is left over."""

from __future__ import annotations

import inspect
import pkgutil
import re
from importlib import import_module
from typing import Protocol

import pytest

import bot.ports
from bot.adapters.metrics import Labels, Metrics
from bot.domain.approvals import ApprovalState
from bot.domain.effects import NoticeKind
from bot.domain.fault_points import FaultPoint
from bot.domain.incidents import IncidentState
from bot.domain.rights import NEED_OF_RISK
from bot.domain.runs import RunState
from tests.docs.pages import ARCHITECTURE, codes, first_cells, section, text_of
from tools import keys_table


def test_table_of_keys_is_the_one_the_code_makes() -> None:
    written = keys_table.generated_part(text_of(ARCHITECTURE))
    assert written == keys_table.table(), "run `.venv/bin/python -m tools.keys_table`"


def test_every_key_says_how_long_it_lives() -> None:
    silent = [row.key for row in keys_table.rows() if not row.life]
    assert silent == ["{wk}:docket"], "only docket's own keys have lifetimes of their own"


def test_a_key_without_a_description_is_refused() -> None:
    with pytest.raises(ValueError, match="how long it lives"):
        keys_table._needed("thing", None)


def test_every_notice_says_whom_it_pings() -> None:
    told = codes("\n".join(first_cells(section(ARCHITECTURE, "Who is pinged, for what, when"))))
    assert sorted(told) == sorted(NoticeKind)


def test_every_fault_point_says_what_happens_next() -> None:
    assert codes("\n".join(first_cells(section(ARCHITECTURE, "Fault points")))) == list(FaultPoint)


def test_every_port_names_its_adapters() -> None:
    named = codes("\n".join(first_cells(section(ARCHITECTURE, "Ports and their adapters"))))
    assert sorted(named) == sorted(_ports())


def _ports() -> set[str]:
    modules = [import_module(f"bot.ports.{module.name}") for module in pkgutil.iter_modules(bot.ports.__path__)]
    return {
        name
        for module in modules
        for name, value in inspect.getmembers(module, inspect.isclass)
        if Protocol in value.__bases__ and value.__module__ == module.__name__
    }


def test_every_adapter_that_is_named_exists() -> None:
    rows = [line for line in section(ARCHITECTURE, "Ports and their adapters").splitlines() if line.startswith("| `")]
    for adapter in (name for row in rows for name in codes(row.split("|")[3])):
        import_module(f"bot.adapters.{adapter}")


@pytest.mark.parametrize(
    ("title", "states"), [("Incident", IncidentState), ("Approval", ApprovalState), ("Run", RunState)]
)
def test_every_state_is_in_its_table(title: str, states: type[IncidentState | ApprovalState | RunState]) -> None:
    told = section(ARCHITECTURE, title)
    assert [state for state in states if state not in told] == []


def test_every_risk_says_what_it_needs() -> None:
    rows = section(ARCHITECTURE, "Approval")
    assert all(f"| `{risk}` | `{need}` |" in rows for risk, need in NEED_OF_RISK.items())


def test_every_metric_is_listed() -> None:
    nothing = Labels((), (), (), (), (), (), ())
    exposed = re.findall(r"^# TYPE (\S+) ", Metrics(nothing).exposition().decode(), flags=re.MULTILINE)
    kept = [name for name in exposed if not name.endswith("_created")]
    told = codes("\n".join(first_cells(section(ARCHITECTURE, "Metrics"))))
    assert sorted(name.partition("{")[0] for name in told) == sorted(kept)
