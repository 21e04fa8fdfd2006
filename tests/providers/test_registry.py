import sys

import pytest

from providers import platforms
from providers.platform import Platform
from providers.registry import Registry, UnknownPlatform

ADAPTER = """
from providers.oauth2 import OAuth2Platform
{extra}

class Added(OAuth2Platform):
    key = "{key}"
    label = "{label}"
    authorize_url = token_url = "https://added.example"

    def classify(self, answer): return None
    def identify(self, connection, facts): raise NotImplementedError
    def ad_accounts(self, connection): return ()
    def audience_request(self, ad_account_id, settings): raise NotImplementedError
    def find_audience(self, connection, request): return None
    def create_audience(self, connection, request): raise NotImplementedError
    def add(self, connection, audience, batch): raise NotImplementedError
    def remove(self, connection, audience, batch): raise NotImplementedError
    def audience_status(self, connection, audience): return audience


class Unfinished(OAuth2Platform):
    key = "unfinished"
"""


@pytest.fixture
def drop_in(tmp_path, monkeypatch):
    """Put modules into a directory of their own and let the package look there too."""
    folder = tmp_path / "more_platforms"
    folder.mkdir()
    monkeypatch.setattr(platforms, "__path__", [*platforms.__path__, str(folder)])
    before = set(sys.modules)

    def put(name, key, label="Added Ads", extra=""):
        path = folder / f"{name}.py"
        path.write_text(ADAPTER.format(key=key, label=label, extra=extra))

    yield put
    for name in set(sys.modules) - before:
        if name.startswith(f"{platforms.__name__}."):
            del sys.modules[name]


def test_a_dropped_in_module_is_a_platform_with_no_edit_elsewhere(drop_in):
    registry = Registry()
    assert "dropped_in" not in registry
    drop_in("dropped_in_module", "dropped_in")
    assert isinstance(registry.get("dropped_in"), Platform)
    assert registry.label("dropped_in") == "Added Ads"
    assert "dropped_in" in [platform.key for platform in registry]


def test_one_adapter_is_one_object(drop_in):
    drop_in("single", "single")
    registry = Registry()
    assert registry.get("single") is registry.get("single")
    assert [platform.key for platform in registry].count("single") == 1


def test_what_is_not_finished_or_only_imported_is_no_platform(drop_in):
    drop_in("one", "one")
    drop_in("one_more", "one_more", extra="from providers.platforms.one import Added as Other")
    keys = [platform.key for platform in Registry()]
    assert "unfinished" not in keys
    assert keys.count("one") == 1


def test_platforms_are_in_the_order_of_their_labels(drop_in):
    drop_in("zebra", "a_key", label="zebra Ads")
    drop_in("aardvark", "z_key", label="Aardvark Ads")
    labels = [platform.label for platform in Registry()]
    assert labels == sorted(labels, key=str.lower)
    assert labels.index("Aardvark Ads") < labels.index("zebra Ads")


def test_two_adapters_of_one_key_are_refused(drop_in):
    drop_in("first", "same")
    drop_in("second", "same")
    with pytest.raises(TypeError, match="same"):
        list(Registry())


def test_an_unknown_key_is_said_and_keeps_its_own_name(drop_in):
    registry = Registry()
    with pytest.raises(UnknownPlatform):
        registry.get("gone")
    assert registry.label("gone") == "gone"
    assert "gone" not in registry
