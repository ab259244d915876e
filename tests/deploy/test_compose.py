"""The compose files are valid together, and each service of ours runs with as little as it needs."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.files import COMPOSE, DEPLOY, DOCKERFILE, read_yaml
from tests.project.checkout import ROOT
from tests.real.compose import compose_binary

pytestmark = pytest.mark.part("compose")

OVERRIDES = ("compose.docker-socket.yaml", "compose.socket-proxy.yaml")
OURS = ("bot", "web", "worker")


def merged(folder: Path, *overrides: str) -> dict[str, Any]:
    """Return what Compose makes of the files in a checkout that was set up as the file's head says."""
    shutil.copy(COMPOSE, folder)
    shutil.copytree(DEPLOY, folder / "deploy")
    shutil.copy(DEPLOY / "watchkeeper.env.example", folder / "watchkeeper.env")
    files = [str(folder / "compose.yaml"), *(str(folder / "deploy" / name) for name in overrides)]
    argv = [str(compose_binary()), *(word for file in files for word in ("--file", file)), "--profile", "scale"]
    environment = {"PATH": os.defpath, "HOME": str(folder), **({"DOCKER_GID": "998"} if overrides else {})}
    result = subprocess.run(
        [*argv, "config", "--format", "json"], capture_output=True, text=True, check=False, env=environment, cwd=folder
    )
    assert result.returncode == 0, result.stderr
    assert "variable is not set" not in result.stderr
    services: dict[str, Any] = json.loads(result.stdout)
    return services


@pytest.mark.parametrize(
    "overrides", [(), *((name,) for name in OVERRIDES)], ids=lambda names: "+".join(names) or "alone"
)
def test_every_service_is_hardened_and_only_loopback_is_published(tmp_path: Path, overrides: tuple[str, ...]) -> None:
    for name, service in merged(tmp_path, *overrides)["services"].items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert {port["host_ip"] for port in service.get("ports", [])} <= {"127.0.0.1"}, name
        assert "privileged" not in service, name


def test_the_store_is_durable_evicts_nothing_and_is_nobody_elses(tmp_path: Path) -> None:
    project = merged(tmp_path)
    valkey = project["services"]["valkey"]
    command = " ".join(valkey["command"])
    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command
    assert "ports" not in valkey
    assert list(valkey["networks"]) == ["state"]
    assert project["networks"]["state"]["internal"]
    assert {volume["target"] for volume in valkey["volumes"]} == {"/data"}


def test_each_process_waits_for_a_healthy_store_and_has_time_to_end(tmp_path: Path) -> None:
    services = merged(tmp_path)["services"]
    for name in OURS:
        assert services[name]["depends_on"]["valkey"]["condition"] == "service_healthy"
        assert services[name]["stop_grace_period"] == "30s"
        assert services[name]["environment"]["REDIS_URL"] == "redis://valkey:6379/0"
    assert {name for name, service in services.items() if "profiles" in service} == {"web", "worker"}


def test_nobody_has_the_engines_socket_unless_it_is_asked_for(tmp_path: Path) -> None:
    assert not _with_socket(merged(tmp_path))


def test_the_socket_override_gives_it_by_group(tmp_path: Path) -> None:
    project = merged(tmp_path, "compose.docker-socket.yaml")
    assert _with_socket(project) == set(OURS)
    assert all(project["services"][name]["group_add"] == ["998"] for name in OURS)


def test_behind_the_proxy_only_the_proxy_has_it(tmp_path: Path) -> None:
    project = merged(tmp_path, "compose.socket-proxy.yaml")
    assert _with_socket(project) == {"docker-proxy"}
    assert project["networks"]["docker"]["internal"]
    assert list(project["services"]["docker-proxy"]["networks"]) == ["docker"]
    assert "ports" not in project["services"]["docker-proxy"]


def test_an_override_without_the_group_says_what_to_set(tmp_path: Path) -> None:
    for name in OVERRIDES:
        assert "${DOCKER_GID:?" in (DEPLOY / name).read_text(encoding="utf8")


def test_the_dockerfile_and_the_compose_file_agree() -> None:
    dockerfile = DOCKERFILE.read_text(encoding="utf8")
    (base,) = re.findall(r"^ARG BASE=(\S+)$", dockerfile, flags=re.MULTILINE)
    assert f":-{base}}}" in COMPOSE.read_text(encoding="utf8")
    assert "EXPOSE 3000" in dockerfile
    assert read_yaml(ROOT / "watchkeeper.example.yaml")["server"]["port"] == 3000


def _with_socket(project: dict[str, Any]) -> set[str]:
    return {
        name
        for name, service in project["services"].items()
        if any(volume["source"].endswith("docker.sock") for volume in service.get("volumes", []))
    }
