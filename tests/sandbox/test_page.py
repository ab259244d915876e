"""The page: who may load it, what it is told, and that it loads nothing from elsewhere."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from bot.sandbox import cast
from bot.sandbox.__main__ import read_config
from bot.sandbox.page import STATIC
from tests.sandbox.stage import CONFIG, HOME, Stage, served, staged


@pytest.mark.parametrize("path", ["/", "/page/state", "/control/state", "/static/app.js"])
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"host": "localhost:8080", "origin": "http://localhost:8080"}, 200),
        ({"host": "evil.example"}, 403),
        ({"host": "[", "origin": "http://["}, 403),
        ({"host": "127.0.0.1.evil.example"}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"host": "localhost:8080", "origin": "http://localhost:9090"}, 403),
        ({"origin": "null"}, 403),
    ],
)
async def test_page_and_control_answer_only_this_machine(
    stage: Stage, path: str, headers: dict[str, str], status: int
) -> None:
    assert (await stage.http.get(path, headers=headers)).status_code == status


async def test_page_forbids_everything_from_outside(stage: Stage) -> None:
    response = await stage.http.get("/")
    assert "default-src 'self'" in response.headers["content-security-policy"]


def test_static_files_name_no_other_host() -> None:
    for path in STATIC.iterdir():
        found = re.findall(r"https?://[\w.]+", path.read_text())
        assert set(found) <= {"http://www.w3.org"}, path.name


async def test_person_sees_their_own_ephemerals_and_modal_only(stage: Stage) -> None:
    await stage.call("chat.postEphemeral", channel=cast.INCIDENTS, user=cast.BEN, text="psst")
    seen = {}
    for user in (cast.BEN, cast.CHI):
        state = (await stage.http.get("/page/state", params={"as": user})).json()
        channel = next(channel for channel in state["channels"] if channel["id"] == cast.INCIDENTS)
        seen[user] = [message["text"] for message in channel["messages"]]
    assert seen == {cast.BEN: ["psst"], cast.CHI: []}


async def test_page_knows_who_is_called_with_a_group(stage: Stage) -> None:
    state = (await stage.http.get("/page/state")).json()
    assert {group["id"]: group["members"] for group in state["groups"]}[cast.APPROVERS_GROUP] == [cast.CHI, cast.DEE]


async def test_app_can_be_written_to_before_it_said_a_word(stage: Stage) -> None:
    state = (await stage.http.get("/page/state", params={"as": cast.CHI})).json()
    assert [channel["name"] for channel in state["channels"] if channel["is_im"]] == [cast.BOT_NAME]


async def test_page_completes_with_the_vocabulary_it_was_started_with() -> None:
    vocabulary = {"addresses": [{"typed": "/ops", "family": "ops"}], "families": {"ops": {"summary": "", "verbs": []}}}
    async with staged(replace(CONFIG, completion=vocabulary)) as stage:
        assert (await stage.http.get("/page/completion")).json() == vocabulary


async def test_without_a_vocabulary_the_page_knows_the_commands(stage: Stage) -> None:
    known = (await stage.http.get("/page/completion")).json()
    assert [address["typed"] for address in known["addresses"]] == list(cast.COMMANDS)


def test_vocabulary_is_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "completion.json"
    file.write_text('{"addresses": []}')
    config, _ = read_config(["--signing-secret", "s", "--completion", str(file)])
    assert config.completion == {"addresses": []}


@pytest.mark.parametrize("content", ["[]", "{", None])
def test_file_that_is_no_vocabulary_is_refused_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None
) -> None:
    file = tmp_path / "completion.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(SystemExit):
        read_config(["--signing-secret", "s", "--completion", str(file)])
    assert str(file) in capsys.readouterr().err


async def test_changes_are_streamed() -> None:
    async with (
        served() as (url, sandbox),
        httpx.AsyncClient(base_url=url, trust_env=False) as http,
        http.stream("GET", "/page/changes") as response,
    ):
        lines = response.aiter_lines()
        first = json.loads((await anext(lines)).removeprefix("data: "))
        sandbox.control.acts.say(cast.BEN, cast.INCIDENTS, "hello")
        await anext(lines)
        second = json.loads((await anext(lines)).removeprefix("data: "))
        assert second["version"] > first["version"]


async def test_panel_is_absent_without_a_platform(stage: Stage) -> None:
    assert (await stage.http.get("/page/platform")).json() == {"configured": False}


async def test_panel_is_proxied_to_the_platform() -> None:
    async with staged(replace(CONFIG, platform_url="http://platform.test")) as stage:
        state = {"services": {"qdrant": {"broken": False, "status": "up"}}, "speed": 12}
        stage.bot.answers(httpx.Response(200, json=state), httpx.Response(200, json={}))
        shown = (await stage.http.get("/page/platform")).json()
        await stage.http.post("/page/platform/break", json={"service": "qdrant", "kind": "stop"})
        asked = stage.bot.requests[1]
        assert shown == {"configured": True, **state}
        assert (asked.url.path, json.loads(asked.content)) == ("/control/break", {"service": "qdrant", "kind": "stop"})


@pytest.mark.parametrize(
    ("change", "body"), [("crush", {"service": "qdrant"}), ("break", {}), ("break", []), ("mend", {"service": 1})]
)
async def test_panel_passes_on_nothing_that_it_does_not_know(change: str, body: object) -> None:
    async with staged(replace(CONFIG, platform_url="http://platform.test")) as stage:
        assert (await stage.http.post(f"/page/platform/{change}", json=body)).status_code == 400
        assert stage.bot.requests == []


async def test_panel_says_when_the_platform_is_away() -> None:
    async with staged(replace(CONFIG, platform_url="http://platform.test")) as stage:

        async def refuse(request: httpx.Request) -> httpx.Response:
            raise httpx.ConnectError("refused", request=request)

        stage.bot.answer = refuse
        assert (await stage.http.get("/page/platform")).status_code == 502


async def test_process_says_where_it_listens() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot.sandbox", "--port", "0", "--signing-secret", "s", stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), 20)
        url = json.loads(line)["ready"]
        async with httpx.AsyncClient(trust_env=False) as http:
            assert (await http.get(url)).status_code == 200
        assert url.startswith(HOME)
    finally:
        process.terminate()
        await process.wait()
