"""What the measurements send is what Alertmanager and Slack send, and what they count is what was answered."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlencode

from slack_sdk.signature import SignatureVerifier

from bench.deliveries import Clicks, Commands
from bench.http import post
from bench.load import percentile, send_all
from bench.sink import sink
from bench.webhooks import Webhooks
from bot.domain.alerts import AlertStatus
from bot.domain.ids import PlatformName
from bot.domain.webhook import read_webhook

SECRET = "shared"
SINCE = "2026-01-01T00:00:00.000Z"


def webhooks(*, count: int, groups: int, alerts: int = 1, resolved: bool = False) -> Webhooks:
    return Webhooks("search", "token", "a", SINCE, count, groups, alerts, resolved)


def head_and_body(request: bytes) -> tuple[dict[str, str], bytes]:
    head, _, body = request.partition(b"\r\n\r\n")
    return dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:]), body


async def test_every_request_is_answered_and_counted() -> None:
    requests = [post("/answers", b"x" * 70_000, "text/plain", {}) for _ in range(30)]
    async with sink() as address:
        seconds, statuses = await send_all(int(address.split(":")[2].split("/")[0]), requests, connections=3)
    assert len(seconds) == 30
    assert statuses == {200: 30}


def test_each_group_has_alerts_of_its_own() -> None:
    groups = [read_webhook(PlatformName("search"), body) for body in webhooks(count=3, groups=3, alerts=5).bodies()]
    assert len({group.group_key for group in groups}) == 3
    assert len({alert.fingerprint for group in groups for alert in group.alerts}) == 15


def test_more_webhooks_than_groups_repeat_them() -> None:
    first, second, again = webhooks(count=3, groups=2).build()
    assert first == again != second


def test_resolved_webhooks_name_the_alerts_that_fired() -> None:
    [fired] = webhooks(count=1, groups=1).bodies()
    [resolved] = webhooks(count=1, groups=1, resolved=True).bodies()
    before, after = (read_webhook(PlatformName("search"), body).alerts[0] for body in (fired, resolved))
    assert before.fingerprint == after.fingerprint
    assert after.status is AlertStatus.RESOLVED


def test_commands_are_signed_and_differ_in_their_trigger() -> None:
    template = urlencode({"command": "/ops", "text": "status", "user_id": "U0ADA"})
    requests = Commands(SECRET, template, "/incident", ("ack INC-1",), ("U0BEN",), 2, "http://127.0.0.1/r").build()
    fields = []
    for headers, body in map(head_and_body, requests):
        assert SignatureVerifier(SECRET).is_valid_request(body, headers)
        fields.append({name: values[0] for name, values in parse_qs(body.decode()).items()})
    assert [field["command"] for field in fields] == ["/incident", "/incident"]
    assert fields[0]["trigger_id"] != fields[1]["trigger_id"]


def test_people_take_turns_so_that_each_press_changes_something() -> None:
    templates = tuple(json.dumps({"user": {"id": "?"}, "actions": [{"value": value}]}) for value in ("one", "two"))
    requests = Clicks(SECRET, templates, ("U0BEN", "U0CHI"), 4, "http://127.0.0.1/r").build()
    pressed = [json.loads(parse_qs(body.decode())["payload"][0]) for _, body in map(head_and_body, requests)]
    assert [(one["actions"][0]["value"], one["user"]["id"]) for one in pressed] == [
        ("one", "U0BEN"),
        ("two", "U0BEN"),
        ("one", "U0CHI"),
        ("two", "U0CHI"),
    ]


def test_percentiles_are_values_that_were_measured() -> None:
    values = [float(value) for value in range(100, 0, -1)]
    assert percentile(values, 0.50) == 51
    assert percentile(values, 0.99) == 100
