"""What a container engine asks now and then: does the process on this machine still answer?

``python -m bot.healthcheck`` asks ``/healthz`` where ``watchkeeper.yaml`` says that the server listens, and exits 0 or
1 with one line. A process whose event loop is stuck does not answer. Readiness (``/readyz``) is not asked: a restart of
the bot does not bring the state store back.
"""

from __future__ import annotations

import http.client
import sys
from datetime import timedelta
from ipaddress import ip_address

from bot.domain.errors import BotError
from bot.domain.settings import Server
from bot.settings import read_server

WITHIN = timedelta(seconds=4)
"""Less than the engine waits for this command, so that the reason is kept and not just the time-out."""
HEALTHZ = "/healthz"


def main() -> int:
    """Return 0 when the process answers, else 1; the reason is written to standard error."""
    try:
        server = read_server()
        status = ask(server)
    except (BotError, OSError, http.client.HTTPException) as exc:
        sys.stderr.write(f"no healthy answer: {exc or type(exc).__name__}\n")
        return 1
    sys.stdout.write(f"{HEALTHZ} answered {status}\n")
    return 0 if status == http.HTTPStatus.OK else 1


def ask(server: Server, *, within: timedelta = WITHIN) -> int:
    """Return the status that ``/healthz`` answers; OSError or HTTPException without an answer in time."""
    connection = http.client.HTTPConnection(reachable(server.bind), server.port, timeout=within.total_seconds())
    try:
        connection.request("GET", HEALTHZ)
        return connection.getresponse().status
    finally:
        connection.close()


def reachable(bind: str) -> str:
    """Return where a server that listens on ``bind`` is met from the same machine: every address means loopback."""
    try:
        address = ip_address(bind)
    except ValueError:
        return bind
    if not address.is_unspecified:
        return bind
    return "127.0.0.1" if address.version == 4 else "::1"


if __name__ == "__main__":
    sys.exit(main())
