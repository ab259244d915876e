"""Our own image on the private engine: a base made from Debian's packages, wheels fetched beforehand, a build offline.

There is no registry to pull a base from, so `mmdebstrap` makes one of the machine's own Debian release. Its Python is
then the machine's ``/usr/bin/python3``, which is asked for the wheels it needs: markers differ even between 3.11.2 and
3.11.3. The build itself has no network, so it proves the way for machines without one as well.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import platform
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.project.checkout import ROOT, project_files
from tests.real.engine import DockerEngine
from tests.real.processes import require_part

BASE = "watchkeeper-base:test"
IMAGE = "watchkeeper:test"
CACHE = ROOT / ".cache" / "image"
PLANTED = {
    "watchkeeper.env": "SLACK_BOT_TOKEN=xoxb-planted",
    "bot/.env": "TOKEN=planted",
    "config/watchkeeper.yaml": "planted",
    ".git/config": "planted",
}
"""Files that lie about in a real checkout and must stay out of the image."""

_SYSTEM_PYTHON = "/usr/bin/python3"
_PACKAGES = "python3,python3-venv,ca-certificates"
_LEFT_OUT = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*")
_LOCKS = ("requirements.txt", "requirements-pip.txt")


async def build_image(engine: DockerEngine, folder: Path) -> None:
    """Build ``IMAGE`` on ``engine`` from a copy of this checkout in ``folder``, without network."""
    await import_base(engine)
    context = folder / "context"
    copy_checkout(context)
    shutil.copytree(await asyncio.to_thread(wheels), context / "wheels")
    await build(engine, context, tag=IMAGE, arguments={"BASE": BASE, "PIP_NO_INDEX": "1"})


async def import_base(engine: DockerEngine) -> None:
    """Give ``engine`` the base, made now where no earlier run has left it in the cache."""
    archive = await asyncio.to_thread(base)
    repo, _, tag = BASE.partition(":")
    await _post(engine, f"/images/create?fromSrc=-&repo={repo}&tag={tag}", _chunks(archive))


def base() -> Path:
    """Return the base's root file system as a tar; skips by name where Debian's packages cannot be had."""
    program = require_part("mmdebstrap")
    release = platform.freedesktop_os_release()["VERSION_CODENAME"]
    options = ["--variant=minbase", f"--include={_PACKAGES}", *(f"--dpkgopt=path-exclude={it}" for it in _LEFT_OUT)]
    archive = CACHE / f"base-{_digest(release, *options)}.tar"
    if not archive.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        beside = archive.with_suffix(".part.tar")
        made = _run(program, "--quiet", *options, release, str(beside))
        if made.returncode != 0:
            pytest.skip(f"part missing: mmdebstrap (no base of {release}: {made.stderr.strip()[-300:]})")
        beside.replace(archive)
    return archive


def wheels() -> Path:
    """Return a folder with every wheel of the locks that the base's Python needs; pip has checked their hashes."""
    version = _run(_SYSTEM_PYTHON, "--version").stdout
    folder = CACHE / f"wheels-{_digest(version, *((ROOT / lock).read_text() for lock in _LOCKS))}"
    if not folder.exists():
        beside = folder.with_suffix(".part")
        pip = [sys.executable, "-m", "pip", "--python", _SYSTEM_PYTHON, "download", "--quiet", "--no-deps"]
        for lock in _LOCKS:
            fetched = _run(*pip, "--require-hashes", "--requirement", str(ROOT / lock), "--dest", str(beside))
            assert fetched.returncode == 0, fetched.stderr
        beside.rename(folder)
    return folder


def copy_checkout(folder: Path) -> None:
    """Copy the project's files to ``folder``, and plant what people have lying about there."""
    for path in project_files():
        target = folder / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    for name, text in PLANTED.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


async def build(engine: DockerEngine, context: Path, *, tag: str, arguments: Mapping[str, str]) -> None:
    """Build the Dockerfile of ``context`` as `docker build --network none` does; fails with the log's end."""
    from docker.utils.build import tar

    def packed() -> bytes:
        with closing(tar(context, exclude=patterns)) as file:
            return file.read(-1)

    ignored = [*(context / ".dockerignore").read_text().splitlines(), "!Dockerfile"] if _ignores(context) else []
    patterns = [line for line in ignored if line and not line.startswith("#")]
    archive = await asyncio.to_thread(packed)
    query = f"t={quote(tag)}&networkmode=none&rm=1&forcerm=1&buildargs={quote(json.dumps(dict(arguments)))}"
    log = await _post(engine, f"/build?{query}", archive, kind="application/x-tar")
    errors = [entry["error"] for entry in log if "error" in entry]
    assert not errors, f"{errors}\n{''.join(entry.get('stream', '') for entry in log)[-4000:]}"


async def run_in_image(engine: DockerEngine, *argv: str, user: str = "", **host_config: Any) -> str:
    """Return what a command prints inside a new container; fails unless it ends with 0. No ``user`` is the image's."""
    body = {"Image": IMAGE, "Entrypoint": list(argv), "Cmd": [], "Tty": True, "User": user}
    made = await engine.ask("POST", "/containers/create", body={**body, "HostConfig": host_config})
    await engine.ask("POST", f"/containers/{made['Id']}/start")
    ended = await engine.ask("POST", f"/containers/{made['Id']}/wait")
    text = await output_of(engine, made["Id"])
    await engine.ask("DELETE", f"/containers/{made['Id']}?force=1&v=1")
    assert ended["StatusCode"] == 0, text
    return text


async def output_of(engine: DockerEngine, container: str) -> str:
    """Return everything that a container with a terminal has written."""
    async with _client(engine, timeout_s=30) as client:
        return (await client.get(f"/containers/{container}/logs?stdout=1&stderr=1")).text.replace("\r\n", "\n")


async def run_beside(engine: DockerEngine, container: str, *argv: str) -> str:
    """Return what `docker exec` of ``argv`` in a running container prints."""
    made = await engine.ask(
        "POST",
        f"/containers/{container}/exec",
        body={"AttachStdout": True, "AttachStderr": True, "Tty": True, "Cmd": list(argv)},
    )
    async with _client(engine, timeout_s=30) as client:
        answer = await client.post(f"/exec/{made['Id']}/start", json={"Detach": False, "Tty": True})
    return answer.text.replace("\r\n", "\n")


def _ignores(context: Path) -> bool:
    return (context / ".dockerignore").exists()


def _run(*argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


def _digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]


async def _chunks(path: Path) -> AsyncIterator[bytes]:
    for chunk in _pieces(path):
        yield chunk


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            yield chunk


async def _post(
    engine: DockerEngine, path: str, content: bytes | AsyncIterator[bytes], *, kind: str = "application/octet-stream"
) -> Sequence[dict[str, Any]]:
    async with _client(engine, timeout_s=300) as client:
        answer = await client.post(path, content=content, headers={"content-type": kind})
    assert answer.is_success, f"{path}: {answer.status_code} {answer.text[-2000:]}"
    return [json.loads(line) for line in answer.text.splitlines() if line.strip()]


def _client(engine: DockerEngine, *, timeout_s: float) -> httpx.AsyncClient:
    transport = httpx.AsyncHTTPTransport(uds=str(engine.socket))
    return httpx.AsyncClient(transport=transport, base_url="http://engine", timeout=timeout_s)
