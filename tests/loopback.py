"""A test that leaves the machine fails with the weather and may touch somebody's system: it is stopped by name."""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
from collections.abc import MutableMapping
from typing import Any

_CONNECTING_EVENTS = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})


def forbid_foreign_connections() -> None:
    """From now on, connecting or sending to anything but loopback raises AssertionError with the address.

    Every socket of this process that Python itself opens is covered, those of libraries too; unix sockets are free. It
    holds for the rest of the process: an audit hook cannot be taken off. Source: PEP 578.
    """
    sys.addaudithook(_refuse_foreign)


def forget_proxies(environment: MutableMapping[str, str] = os.environ) -> None:
    """Remove every proxy setting, so that a request to loopback goes there, in child processes as well."""
    for name in [name for name in environment if name.lower().endswith("_proxy")]:
        del environment[name]


def _refuse_foreign(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in _CONNECTING_EVENTS:
        return
    connection, address = arguments[0], arguments[1]
    if connection.family not in (socket.AF_INET, socket.AF_INET6) or address is None:
        return
    if not _is_loopback(address[0]):
        raise AssertionError(f"tests reach nothing but loopback, and this one wanted {address[0]} port {address[1]}")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return host == "localhost"
