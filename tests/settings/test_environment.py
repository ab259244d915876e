from pathlib import Path

import pytest

from bot.profiles.problems import ConfigurationError
from bot.settings import load_settings, read_environment
from tests.profiles.texts import ACTIONS
from tests.settings.texts import ENVIRON, write_config


def test_without_variables_the_defaults_hold() -> None:
    environment = read_environment({})
    assert environment.slack_api_url == "https://slack.com/api/"
    assert environment.redis_url is None
    assert environment.slack_bot_token is None
    assert environment.config_path == Path("watchkeeper.yaml")
    assert environment.data_dir == Path(".data")


def test_an_empty_variable_is_an_unset_one() -> None:
    names = ("SLACK_BOT_TOKEN", "SLACK_API_URL", "REDIS_URL", "SLACK_CLIENT_ID", "WATCHKEEPER_DATA_DIR")
    assert read_environment(dict.fromkeys(names, "")) == read_environment({})


def test_the_data_folder_is_beside_the_configuration_unless_it_is_given() -> None:
    assert read_environment({"WATCHKEEPER_CONFIG": "/srv/ops/watchkeeper.yaml"}).data_dir == Path("/srv/ops/.data")
    given = {"WATCHKEEPER_CONFIG": "/srv/ops/watchkeeper.yaml", "WATCHKEEPER_DATA_DIR": "/var/lib/watchkeeper"}
    assert read_environment(given).data_dir == Path("/var/lib/watchkeeper")


def test_slacks_address_ends_with_one_slash() -> None:
    for given in ("http://127.0.0.1:8123/api", "http://127.0.0.1:8123/api/"):
        assert read_environment({"SLACK_API_URL": given}).slack_api_url == "http://127.0.0.1:8123/api/"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("SLACK_CLIENT_ID", "1.2", "unset it: with it Slack's framework switches to its own OAuth flow"),
        ("SLACK_BOT_TOKEN", "xapp-hush", "expected a token that starts with `xoxb-`"),
        ("SLACK_APP_TOKEN", "xoxb-hush", "expected a token that starts with `xapp-`"),
        ("SLACK_API_URL", "slack.com/hush", "expected an address such as"),
        ("SLACK_API_URL", "https://hush@slack.com", "expected an address without user and password"),
        ("REDIS_URL", "localhost:hush", "expected one of redis://"),
        ("REDIS_URL", "redis://keeper:hush/hush@store:6379/0", "cannot be read as an address"),
        ("REDIS_URL", "redis://:hush#hush@store", "cannot be read as an address"),
        ("REDIS_URL", "redis://:hush@[::1", "cannot be read as an address"),
        ("REDIS_URL", "redis://:hush@store:99999", "cannot be read as an address"),
    ],
)
def test_a_variable_that_cannot_be_right_is_named_and_not_repeated(name: str, value: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_environment({name: value})
    assert str(caught.value).startswith(f"environment: {name}: {message}")
    assert "hush" not in str(caught.value)


def test_serving_needs_a_bot_token_and_a_way_in(tmp_path: Path) -> None:
    environ = {**ENVIRON, "WATCHKEEPER_CONFIG": str(write_config(tmp_path))}
    with pytest.raises(ConfigurationError) as caught:
        load_settings(environ, known_actions=ACTIONS)
    assert [problem.field for problem in caught.value.problems] == ["SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET"]


def test_an_app_token_stands_in_for_the_signing_secret(tmp_path: Path) -> None:
    slack = {"SLACK_BOT_TOKEN": "xoxb-x", "SLACK_APP_TOKEN": "xapp-x"}
    environ = {**ENVIRON, "WATCHKEEPER_CONFIG": str(write_config(tmp_path)), **slack}
    settings = load_settings(environ, known_actions=ACTIONS)
    assert settings.environment.slack_signing_secret is None
    assert settings.slack.sockets == 2


def test_environment_and_file_are_complained_about_together(tmp_path: Path) -> None:
    environ = {"WATCHKEEPER_CONFIG": str(write_config(tmp_path)), "SLACK_CLIENT_ID": "1.2", "DB_KEY": "x"}
    with pytest.raises(ConfigurationError) as caught:
        load_settings(environ)
    fields = [problem.field for problem in caught.value.problems]
    assert (
        fields[-4:-1] == ["SLACK_BOT_TOKEN", "SLACK_CLIENT_ID", "SLACK_SIGNING_SECRET"] or "SLACK_CLIENT_ID" in fields
    )
    assert "platforms[0].alertmanager.secrets[0]" in fields
