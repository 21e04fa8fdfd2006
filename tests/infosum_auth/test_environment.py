import base64
import logging

import pytest
from django.core.exceptions import ImproperlyConfigured

from infosum_auth.environment import master_keys, platform_environment, with_files
from infosum_auth.logs import MaskSecrets, masked

KEY = base64.b64encode(b"k" * 32).decode()


def test_a_secret_comes_from_a_file(tmp_path):
    (tmp_path / "secret").write_text("from the file\n")
    read = with_files({"SECRET_KEY_FILE": str(tmp_path / "secret")})
    assert read["SECRET_KEY"] == "from the file"


def test_a_variable_that_is_set_wins_over_its_file(tmp_path):
    read = with_files({"SECRET_KEY": "set", "SECRET_KEY_FILE": str(tmp_path / "not there")})
    assert read["SECRET_KEY"] == "set"


def test_a_file_that_cannot_be_read_stops_the_start_by_name(tmp_path):
    with pytest.raises(ImproperlyConfigured, match="MASTER_KEYS_FILE"):
        with_files({"MASTER_KEYS_FILE": str(tmp_path / "not there")})


def test_the_first_master_key_is_the_one_in_use():
    assert list(master_keys(f"new:{KEY}, old:{KEY}")) == ["new", "old"]


@pytest.mark.parametrize("text", ["", "k1", "k1:short", f":{KEY}", "k1:not base64!"])
def test_an_unusable_master_key_stops_the_start(text):
    with pytest.raises(ImproperlyConfigured, match="MASTER_KEYS"):
        master_keys(text)


def test_oauth_without_tls_is_refused_unless_every_platform_is_on_this_machine():
    here = {
        "OAUTHLIB_INSECURE_TRANSPORT": "1",
        "PLATFORM_ONE_CLIENT_ID": "id",
        "PLATFORM_ONE_BASE_URL": "http://localhost:8900/one",
    }
    assert platform_environment(here)["PLATFORM_ONE_CLIENT_ID"] == "id"
    with pytest.raises(ImproperlyConfigured, match="TWO"):
        platform_environment({**here, "PLATFORM_TWO_CLIENT_ID": "id"})


@pytest.mark.parametrize(
    "line",
    [
        "GET /callback/?code=SECRET&state=SECRET",
        '{"access_token": "SECRET", "refresh_token": "SECRET"}',
        "{'client_secret': 'SECRET'}",
        "Authorization: Bearer SECRETSECRET",
        "oauth_token=SECRET&oauth_verifier=SECRET",
    ],
)
def test_log_lines_are_masked(line):
    assert "SECRET" not in masked(line)


def test_a_traceback_is_masked_too():
    try:
        raise ValueError("the answer was access_token=SECRET")
    except ValueError as error:
        about = (ValueError, error, error.__traceback__)
    record = logging.LogRecord("name", logging.ERROR, "", 0, "%s failed", ("it",), about)
    MaskSecrets().filter(record)
    assert record.getMessage() == "it failed"
    assert "SECRET" not in record.exc_text
