"""What an operator asks on the command line."""

import json

import pytest
from django.core.management import CommandError, call_command

from providers.registry import registry

SECRET = "client-secret-of-the-app"


@pytest.fixture
def real(sample_platform, settings):
    """Everything that a real platform needs of the environment."""
    settings.PUBLIC_URL = "https://audiences.example"
    return sample_platform


def printed(capsys, *arguments: str) -> str:
    call_command(*arguments)
    return capsys.readouterr().out


def complaint(key: str) -> str:
    with pytest.raises(CommandError) as raised:
        call_command("check_platform", key)
    assert raised.value.returncode == 1
    return str(raised.value)


def test_platforms_prints_a_line_for_each(capsys, sample_platform):
    out = printed(capsys, "platforms")
    assert out.startswith("OAuth destinations and required permissions\n")
    assert "User permissions to authorize connection" in out
    lines = {line.split()[0]: line for line in out.splitlines() if line}
    for platform in registry:
        line = lines[platform.key]
        assert platform.label in line
        assert f"{platform.permission.text}. See " in line
        assert platform.permission.help_url in line
    assert "not set up" not in lines["sample"]
    assert "not set up" in lines["snapchat"]


def test_platforms_prints_the_same_for_programs(capsys, sample_platform):
    told = {row["key"]: row for row in json.loads(printed(capsys, "platforms", "--json"))}
    assert list(told) == [platform.key for platform in registry]
    assert told["sample"] == {
        "key": "sample",
        "destination": "Sample Ads",
        "permission": "Sample Admin or Sample Editor",
        "help_label": "Roles",
        "help_url": "https://sample.example/help",
        "is_set_up": True,
    }


def test_a_platform_with_everything_is_complete(capsys, real, monkeypatch):
    monkeypatch.setattr(type(real), "approvals", ("Ask the sample company.",), raising=False)
    out = printed(capsys, "check_platform", "sample")
    assert "PLATFORM_SAMPLE_CLIENT_ID: set" in out
    assert "PLATFORM_SAMPLE_CLIENT_SECRET: set" in out
    assert "PLATFORM_SAMPLE_BASE_URL: not set" in out
    assert "  https://audiences.example/authorizations/callback/sample/\n" in out
    assert "Ask the sample company." in out
    assert "Nothing is missing here." in out


@pytest.mark.parametrize("gone", ["PLATFORM_SAMPLE_CLIENT_ID", "PLATFORM_SAMPLE_CLIENT_SECRET"])
@pytest.mark.parametrize("empty", [True, False])
def test_a_variable_that_is_missing_is_named(capsys, real, settings, gone, empty):
    there = {name: text for name, text in settings.PLATFORM_ENVIRONMENT.items() if name != gone}
    settings.PLATFORM_ENVIRONMENT = {**there, gone: ""} if empty else there
    assert complaint("sample") == f"Not complete:\n  - Set {gone}."
    assert f"{gone}: not set" in capsys.readouterr().out


def test_an_address_without_tls_is_not_complete(real, settings):
    settings.PUBLIC_URL = "http://audiences.example"
    assert complaint("sample") == (
        "Not complete:\n  - PUBLIC_URL is not https, which platforms ask of a redirect address."
    )


def test_a_sandbox_is_not_the_real_platform(real, settings):
    settings.PLATFORM_ENVIRONMENT = {
        **settings.PLATFORM_ENVIRONMENT,
        "PLATFORM_SAMPLE_BASE_URL": "http://localhost:8900/sample",
    }
    said = complaint("sample")
    assert "PLATFORM_SAMPLE_BASE_URL is set" in said
    assert "localhost:8900" not in said


def test_no_value_is_ever_printed(capsys, real, settings):
    complaints = ""
    for address in ("https://audiences.example", "http://audiences.example"):
        settings.PUBLIC_URL = address
        try:
            call_command("check_platform", "sample")
        except CommandError as error:
            complaints += str(error)
    captured = capsys.readouterr()
    said = captured.out + captured.err + complaints
    assert "CLIENT_SECRET" in said
    assert "Not complete" in said
    assert settings.PLATFORM_ENVIRONMENT["PLATFORM_SAMPLE_CLIENT_SECRET"] == SECRET
    assert SECRET not in said


def test_an_unknown_key_lists_the_known_ones(sample_platform):
    said = complaint("twitter")
    assert "'twitter'" in said
    assert all(platform.key in said for platform in registry)


def test_no_platform_is_called(capsys, real, network):
    printed(capsys, "check_platform", "sample")
    assert len(network.calls) == 0
