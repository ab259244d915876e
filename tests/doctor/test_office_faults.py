"""Every fault of the workspace, its people and the machine is found and named, and its fix, followed, heals it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bot.domain.settings import MASK
from tests.doctor.examining import Fault
from tests.doctor.office import FAULTS, Office, opened

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    async with opened(tmp_path_factory.mktemp("office")) as office:
        yield office


@pytest_asyncio.fixture(loop_scope="module")
async def office(shared_office: Office) -> Office:
    await shared_office.heal()
    return shared_office


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
async def test_fault_is_found_and_its_fix_heals(office: Office, fault: Fault[Office]) -> None:
    await fault.plant(office)
    sick = await office.it.examine()
    finding = sick.trouble(fault.check, fault.level, fault.says)
    assert fault.fix in finding.fix
    assert sick.code == fault.exit_code
    assert MASK not in sick.written, "a word of ours was taken for a secret"
    await fault.mend(office, finding.fix)
    healed = await office.it.examine(strict=True)
    assert (healed.code, healed.shown()) == (0, "nothing")


async def test_warnings_fail_only_when_strict(office: Office) -> None:
    del office.it.config["server"]["public_url"]
    assert (await office.it.examine()).code == 0
    assert (await office.it.examine(strict=True)).code == 1


async def test_a_bad_token_is_said_once(office: Office) -> None:
    await office.slack.configure(token_trouble="token_revoked")
    assert [line.check for line in (await office.it.examine()).troubles] == ["slack.token"]


async def test_healthy_lines_read_the_same_twice(office: Office) -> None:
    first, second = [(await office.it.examine()).lines for _ in range(2)]
    assert [(it.section, it.check) for it in first] == [(it.section, it.check) for it in second]
    assert {it.level for it in first} == {"ok"}


async def test_before_the_first_start_the_doctor_says_so(office: Office) -> None:
    read = await office.it.read()
    assert "the embedded Valkey was never started" in read
    assert "the first start makes it" in read
    assert "nothing runs at" in read
    assert not (office.it.folder / "data").exists()
