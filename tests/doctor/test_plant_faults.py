"""Every fault of the store, the engine and monitoring is found on real parts, and its fix, followed, heals it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest
import pytest_asyncio
import yaml

from bot.adapters.docker_inspection import DockerInspection
from bot.domain.checks import Check, Level
from bot.domain.settings import ComposeRuntime
from bot.ports.inspection import EngineRefused
from bot.services.inspection import containers
from tests.doctor.examining import Fault, found_and_healed, quoted, settings
from tests.doctor.plant import FAULTS, Plant, built
from tests.installation import PLATFORM, WEBHOOK_TOKEN
from tests.project.checkout import ROOT
from tests.real.engine import DockerEngine

pytest_plugins = ("tests.real.parts",)
pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.part("redis-server"),
    pytest.mark.part("dockerd"),
    pytest.mark.part("compose"),
    pytest.mark.part("prometheus"),
    pytest.mark.part("alertmanager"),
]


NOBODY = 65534
DOCKER_GROUP = 64321


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_plant(tmp_path_factory: pytest.TempPathFactory, docker_engine: DockerEngine) -> AsyncIterator[Plant]:
    async with built(tmp_path_factory.mktemp("plant"), docker_engine) as plant:
        yield plant


@pytest_asyncio.fixture(loop_scope="module")
async def plant(shared_plant: Plant) -> Plant:
    await shared_plant.heal()
    return shared_plant


async def test_where_everything_is_healthy_every_line_is_ok(plant: Plant) -> None:
    before = await plant.it.examine(strict=True)
    assert (before.code, before.shown()) == (0, "nothing")
    await plant.bot.start()
    beside = await plant.it.examine(strict=True)
    assert (beside.code, beside.shown()) == (0, "nothing")
    assert any("Watchkeeper answers at" in line.text for line in beside.lines)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
async def test_fault_is_found_and_its_fix_heals(plant: Plant, fault: Fault[Plant]) -> None:
    await found_and_healed(fault, plant, plant.it)


async def test_the_shipped_alertmanager_configuration_has_nothing_to_find(plant: Plant) -> None:
    text = (ROOT / "deploy" / "alertmanager.yml").read_text().replace("search-prod", PLATFORM)
    secret = plant.it.folder / "shipped.token"
    secret.write_text(WEBHOOK_TOKEN)
    for kept in ("/etc/alertmanager/watchkeeper.token", "/etc/alertmanager/smtp.password"):
        text = text.replace(kept, str(secret))
    plant.routes = yaml.safe_load(text.replace("127.0.0.1:3000", plant.bot.url.removeprefix("http://")))
    await plant.reload()
    told = await plant.it.examine(strict=True)
    assert told.shown() == "nothing"


async def test_a_closed_docker_socket_names_the_group_that_opens_it(plant: Plant) -> None:
    path = plant.engine.socket
    path.chmod(0o660)
    os.chown(path, 0, DOCKER_GROUP)
    path.parent.chmod(0o755)
    runtime = ComposeRuntime(plant.project.name, (plant.project.file,), plant.engine.docker_host)
    with as_nobody():
        with pytest.raises(EngineRefused) as caught:
            await DockerInspection(runtime).facts()
        (finding,) = containers.engine_refused(caught.value, runtime, "nobody", subject=PLATFORM)
    assert (finding.check, finding.level) == (Check.RUNTIME_ENGINE, Level.FAIL)
    assert "sudo usermod -aG docker nobody" in quoted(finding.fix)
    (group,) = settings(finding.fix)["group_add"]
    with as_nobody(int(group)):
        assert (await DockerInspection(runtime).facts()).running == {"qdrant", "web"}


@contextmanager
def as_nobody(*groups: int) -> Iterator[None]:
    """Let this process be an ordinary user in these groups, as a container's user is with ``group_add``."""
    before = os.getgroups()
    os.setgroups(list(groups))
    os.setegid(NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(before)
