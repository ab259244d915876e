"""The healthcheck of the image asks the running process where its configuration says that it listens."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from bot import healthcheck
from bot.domain.settings import Server
from tests.real.processes import free_port

WITHIN = timedelta(milliseconds=200)


@contextmanager
def answering(status: int) -> Iterator[int]:
    """Yield the port of a server on loopback that answers ``status`` to everything."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/healthz" else 404)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the name is http.server's
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The configuration that the environment names."""
    path = tmp_path / "watchkeeper.yaml"
    monkeypatch.setenv("WATCHKEEPER_CONFIG", str(path))
    return path


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_it_is_healthy_when_the_process_says_so(configured: Path, status: int, code: int) -> None:
    with answering(status) as port:
        configured.write_text(f"server: {{bind: 0.0.0.0, port: {port}}}\nslack: this is wrong\n")
        assert healthcheck.main() == code


def test_it_says_why_there_is_no_answer(configured: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configured.write_text(f"server: {{port: {free_port()}}}\n")
    assert healthcheck.main() == 1
    assert "refused" in capsys.readouterr().err


def test_it_says_why_it_cannot_even_ask(configured: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configured.write_text("server: {port: many}\n")
    assert healthcheck.main() == 1
    assert "server.port" in capsys.readouterr().err


def test_a_process_that_is_stuck_is_not_healthy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(TimeoutError):
        healthcheck.ask(Server("127.0.0.1", silent.getsockname()[1], None), within=WITHIN)


@pytest.mark.parametrize(
    ("bind", "reached"),
    [("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("127.0.0.1", "127.0.0.1"), ("10.1.2.3", "10.1.2.3"), ("host", "host")],
)
def test_every_address_means_loopback(bind: str, reached: str) -> None:
    assert healthcheck.reachable(bind) == reached
