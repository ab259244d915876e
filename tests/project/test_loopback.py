"""Tests reach nothing but loopback."""

from __future__ import annotations

import asyncio
import socket

import pytest

from tests.loopback import forget_proxies

# Addresses set aside for documentation (RFC 5737, RFC 3849): nobody's, should the guard ever fail.
_NOBODY = "192.0.2.1"
_NOBODY_V6 = "2001:db8::1"


@pytest.mark.parametrize(
    ("family", "address"),
    [(socket.AF_INET, (_NOBODY, 80)), (socket.AF_INET6, (_NOBODY_V6, 80, 0, 0))],
)
def test_connecting_to_another_machine_fails_by_its_address(family: int, address: tuple[str, int]) -> None:
    with socket.socket(family) as connection, pytest.raises(AssertionError, match=f"wanted {address[0]} port 80"):
        connection.connect(address)


def test_a_datagram_to_another_machine_fails() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as sender, pytest.raises(AssertionError, match=_NOBODY):
        sender.sendto(b"x", (_NOBODY, 53))


async def test_connections_of_the_event_loop_are_guarded_as_well() -> None:
    with pytest.raises(AssertionError, match=_NOBODY):
        await asyncio.open_connection(_NOBODY, 80)


async def test_loopback_is_free() -> None:
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        assert await reader.read() == b""
        writer.close()


def test_proxies_are_forgotten_in_either_spelling() -> None:
    environment = {"HTTPS_PROXY": "a", "http_proxy": "b", "NO_PROXY": "c", "PATH": "d"}
    forget_proxies(environment)
    assert environment == {"PATH": "d"}
