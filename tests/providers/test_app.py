import pytest

from providers.app import App, NotConfigured, app_from
from providers.secret import Secret

HOST = "ads.vendor.example"
VENDOR = f"https://{HOST}/v1/things?limit=2&next=%2F"


def app(base_url=""):
    return App("client", Secret("client-secret-text"), base_url)


def test_a_vendor_address_is_left_alone_without_a_base():
    assert app().address(VENDOR) == VENDOR


@pytest.mark.parametrize("base", ["http://localhost:8900/vendor", "http://localhost:8900/vendor/"])
def test_a_base_takes_the_vendor_address_as_its_path(base):
    assert app(base).address(VENDOR) == (
        "http://localhost:8900/vendor/ads.vendor.example/v1/things?limit=2&next=%2F"
    )


@pytest.mark.parametrize("base", ["", "http://localhost:8900/vendor"])
def test_an_address_that_the_platform_gave_is_brought_to_the_vendors_form(base):
    ours = app(base)
    assert ours.vendor_address(HOST, VENDOR) == VENDOR
    assert ours.vendor_address(HOST, ours.address(VENDOR)) == VENDOR


@pytest.mark.parametrize(
    "foreign",
    [
        "https://evil.example/v1/things",
        "https://ads.vendor.example.evil.example/v1/things",
        "https://ads.vendor.example@evil.example/v1/things",
        "http://ads.vendor.example/v1/things",
        "//ads.vendor.example/v1/things",
        "/v1/things",
        "http://localhost:8900/other/ads.vendor.example/v1/things",
        "",
    ],
)
@pytest.mark.parametrize("base", ["", "http://localhost:8900/vendor"])
def test_an_address_elsewhere_is_nobodys(base, foreign):
    assert app(base).vendor_address(HOST, foreign) is None


@pytest.mark.parametrize(
    ("base", "loopback"),
    [
        ("", False),
        ("http://localhost:8900/x", True),
        ("http://127.0.0.1:8900", True),
        ("http://[::1]:8900/x", True),
        ("https://localhost.vendor.example", False),
        ("https://127.0.0.1.vendor.example", False),
    ],
)
def test_knows_whether_it_stands_on_this_machine(base, loopback):
    assert app(base).is_loopback is loopback


def test_is_read_from_the_environment_by_a_naming_rule():
    environment = {
        "PLATFORM_SOME_ADS_CLIENT_ID": "id",
        "PLATFORM_SOME_ADS_CLIENT_SECRET": "text",
        "PLATFORM_SOME_ADS_BASE_URL": "http://localhost:1",
    }
    found = app_from(environment, "some_ads")
    assert (found.client_id, found.client_secret.reveal()) == ("id", "text")
    assert found.base_url == "http://localhost:1"
    assert found.extra_scopes == ()
    wider = app_from({**environment, "PLATFORM_SOME_ADS_EXTRA_SCOPES": " a b:c "}, "some_ads")
    assert wider.extra_scopes == ("a", "b:c")


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({}, ("PLATFORM_X1_CLIENT_ID", "PLATFORM_X1_CLIENT_SECRET")),
        ({"PLATFORM_X1_CLIENT_ID": "id"}, ("PLATFORM_X1_CLIENT_SECRET",)),
        (
            {"PLATFORM_X1_CLIENT_ID": "", "PLATFORM_X1_CLIENT_SECRET": "text"},
            ("PLATFORM_X1_CLIENT_ID",),
        ),
    ],
)
def test_names_the_variables_that_are_missing(given, missing):
    with pytest.raises(NotConfigured) as caught:
        app_from(given, "x1")
    assert caught.value.missing == missing
    assert "text" not in str(caught.value)


def test_does_not_show_its_secret():
    assert "client-secret-text" not in repr(app())
