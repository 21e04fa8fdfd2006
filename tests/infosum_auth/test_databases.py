import pytest

from infosum_auth.databases import Databases, PartialDatabasesError, resolve_databases

URLS = {
    "DATABASE_URL": "postgres://app:1@db/main",
    "DATABASE_OWNER_URL": "postgres://owner:2@db/main",
    "BROKER_DATABASE_URL": "postgres://app:1@db/broker",
}


def test_none_given_means_the_private_server():
    assert resolve_databases({"REDIS_URL": "redis://somewhere"}) is None


def test_an_empty_value_is_not_given():
    assert resolve_databases(dict.fromkeys(URLS, "")) is None


def test_all_given_are_used_as_they_are():
    databases = resolve_databases(URLS)
    assert databases is not None
    assert databases.environment() == URLS


def test_with_redis_the_broker_needs_no_database():
    given = {name: url for name, url in URLS.items() if name != "BROKER_DATABASE_URL"}
    databases = resolve_databases({**given, "REDIS_URL": "redis://somewhere"})
    assert databases is not None
    assert databases.environment() == given


@pytest.mark.parametrize("missing", URLS)
def test_a_partial_set_is_refused_by_name(missing):
    given = {name: url for name, url in URLS.items() if name != missing}
    with pytest.raises(PartialDatabasesError, match=f"but {missing} is not"):
        resolve_databases(given)


def test_the_passwords_are_not_in_the_repr():
    assert "secret" not in repr(Databases(application="secret", owner="secret", broker="secret"))
