import copy
import json
import logging
import pickle
import traceback
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from bot.configuration_schema import AlertmanagerEntry
from bot.domain.settings import Secret, ServiceAddress
from bot.profiles.problems import ConfigurationError
from bot.settings import load_settings
from tests.profiles.texts import ACTIONS
from tests.settings.texts import ENVIRON, SECRETS, with_line, write_config

HUSH = "hush-hush-hush"
SLACK = {"SLACK_BOT_TOKEN": "xoxb-hush-3", "SLACK_SIGNING_SECRET": "sign-hush-4"}


def test_a_secret_never_prints() -> None:
    secret = Secret(HUSH)
    shown = [str(secret), repr(secret), f"{secret}", f"{secret!r}", f"{secret:>20}", "%s %r" % (secret, secret)]  # noqa: UP031
    shown += [repr([secret]), repr({"key": secret}), repr(ServiceAddress("http://db", secret))]
    assert not any(HUSH in text for text in shown)
    assert secret.reveal() == HUSH


def test_a_secret_stays_hidden_in_copies_and_leaves_by_no_other_door() -> None:
    secret = Secret(HUSH)
    assert copy.deepcopy(secret) is copy.copy(secret) is secret
    assert asdict(ServiceAddress("http://db", secret))["api_key"] is secret
    for door in (pickle.dumps, json.dumps, vars, len, bytes, iter):
        with pytest.raises(TypeError) as caught:
            door(secret)
        assert HUSH not in str(caught.value)


def test_a_secret_cannot_be_with_line() -> None:
    with pytest.raises(AttributeError, match="cannot be changed"):
        Secret(HUSH)._text = "other"


def test_an_empty_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        Secret("")


def test_secrets_compare_by_their_text() -> None:
    assert Secret(HUSH) == Secret(HUSH)
    assert Secret(HUSH) != Secret("other")
    assert len({Secret(HUSH), Secret(HUSH)}) == 1
    assert Secret(HUSH) != HUSH


@pytest.mark.parametrize("text", [HUSH, "pässwörd", "sn\udcffow"])
def test_a_secret_matches_itself_alone(text: str) -> None:
    assert Secret(text).matches(text)
    assert not Secret(text).matches(text[:-1])
    assert not Secret(text).matches("")


def test_loaded_settings_show_no_secret(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = write_config(tmp_path)
    environ = {**ENVIRON, **SLACK, "WATCHKEEPER_CONFIG": str(path), "REDIS_URL": "redis://:redis-hush-5@db"}
    settings = load_settings(environ, known_actions=ACTIONS)
    with caplog.at_level(logging.INFO):
        logging.getLogger("test").info("settings_loaded %r", settings, extra={"settings": settings})
    shown = repr(settings) + str(settings) + str(asdict(settings.environment)) + caplog.text
    assert "hush" not in shown


def test_no_secret_is_in_the_trace_of_a_refused_configuration(tmp_path: Path) -> None:
    text = with_line("url: http://alertmanager:9093/", 'url: "http://${AM_TOKEN}@alertmanager"')
    text = with_line('url: "http://db:6333"', 'url: "${DB_KEY}"', text)
    text = with_line("environment: production", "environment: ${DB_KEY}", text)
    path = write_config(tmp_path, with_line("name: small-prod", "name: ${DB_KEY}", text))
    environ = {**ENVIRON, "WATCHKEEPER_CONFIG": str(path), "SLACK_BOT_TOKEN": "hush-6"}
    with pytest.raises(ConfigurationError) as caught:
        load_settings(environ, known_actions=ACTIONS)
    trace = "".join(traceback.format_exception(caught.value))
    assert len(caught.value.problems) >= 5
    assert "hush" not in trace + str(caught.value) + repr(caught.value)


def test_a_model_shows_no_secret_in_its_error() -> None:
    with pytest.raises(ValueError, match="validation error") as caught:
        AlertmanagerEntry.model_validate({"url": HUSH, "secrets": [HUSH, 5]})
    assert HUSH not in str(caught.value)


def test_the_secrets_of_the_example_come_from_its_environment(tmp_path: Path) -> None:
    environ = {**ENVIRON, **SLACK, "WATCHKEEPER_CONFIG": str(write_config(tmp_path))}
    (platform,) = load_settings(environ).platforms.values()
    (token,) = platform.alertmanager.secrets
    assert token.matches(SECRETS[0])
    assert replace(platform.alertmanager, user="x").secrets == (Secret(SECRETS[0]),)
