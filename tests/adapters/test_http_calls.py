"""The bounds every monitoring call keeps."""

from __future__ import annotations

from datetime import timedelta

import httpx
import msgspec
import pytest

from bot.adapters.http_calls import NoAnswer, address, ask, decoded, joined, one_line
from tests.adapters.stub_http import StubHttp, answer

SECOND = timedelta(seconds=1)


async def test_a_body_is_read_up_to_the_bound(client: httpx.AsyncClient) -> None:
    async with StubHttp({"/": answer("x" * 500_000)}) as server:
        got = await ask(client, server.url, within=SECOND, max_bytes=1000)
    assert (len(got.body), got.is_cut) == (1000, True)


async def test_a_cut_answer_is_not_decoded(client: httpx.AsyncClient) -> None:
    async with StubHttp({"/": answer([1] * 5000)}) as server:
        got = await ask(client, server.url, within=SECOND, max_bytes=4096)
    with pytest.raises(NoAnswer, match="answered more than 4 KiB"):
        decoded(got, msgspec.json.Decoder(list[int]))


async def test_a_redirect_is_not_followed(client: httpx.AsyncClient) -> None:
    routes = {"/": answer("", 302, "text/plain", "location: /elsewhere"), "/elsewhere": answer("")}
    async with StubHttp(routes) as server:
        assert (await ask(client, server.url, within=SECOND)).status == 302
    assert [asked.path for asked in server.asked] == ["/"]


async def test_each_question_has_its_own_connection(client: httpx.AsyncClient) -> None:
    async with StubHttp({"/": answer("")}) as server:
        await ask(client, server.url, within=SECOND)
    assert server.asked[0].headers["connection"] == "close"


def test_an_address_is_shown_without_what_it_may_hide() -> None:
    assert address("http://ops:hunter2@host:9093/am?token=t#f") == "http://host:9093/am"
    assert address("http://ops:hunter2@[::1") == "an address that is no URL"


@pytest.mark.parametrize("base", ["http://h/prefix", "http://h/prefix/"])
@pytest.mark.parametrize("path", ["api", "/api"])
def test_a_path_goes_below_the_prefix(base: str, path: str) -> None:
    assert joined(base, path) == "http://h/prefix/api"


def test_foreign_text_becomes_one_short_line() -> None:
    assert one_line("a\n\tb\u2028c\x1b[31m\u202ed  e") == "a b c [31m d e"
    assert one_line("x" * 300) == "x" * 199 + "…"
    assert len(one_line("y" * 1_000_000)) == 200
