"""The main job over real HTTP, against the whole running product and the emulated platforms."""

import pytest
import redis

from infosum_auth.demo import running
from infosum_auth.demo_check import audiences, check
from infosum_auth.demo_walks import control
from providers.registry import registry


@pytest.fixture
def own_servers(monkeypatch):
    """Let the demo start a PostgreSQL of its own: the tests' one is for tests alone."""
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "BROKER_DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)


def do_the_main_job(tmp_path, **settings):
    audience, smaller = audiences(tmp_path, 3_000, seed=5)
    expected = audience.expected
    with running(settings=settings) as demo:
        platform = next(each for each in registry if each.key in control(demo, "people"))
        found = check(demo, platform, audience, smaller)
    assert found.held == found.expected == len(expected.digests) > 1_000
    assert found.digest_equal
    assert found.replaced_equal
    assert found.rejected == expected.rejected > 100


def messages_in(redis_url) -> int:
    """Return how many commands a Redis has carried out for workers that wait for messages."""
    with redis.Redis.from_url(redis_url) as client:
        return client.info("commandstats").get("cmdstat_brpop", {}).get("calls", 0)


def test_from_a_new_authorization_to_a_delivered_audience(tmp_path, own_servers):
    do_the_main_job(tmp_path)


@pytest.mark.broker
def test_the_same_with_redis_as_the_broker(tmp_path, own_servers, redis_url):
    before = messages_in(redis_url)
    do_the_main_job(tmp_path, REDIS_URL=redis_url)
    assert messages_in(redis_url) > before


def test_a_private_demo_uses_nobody_elses_redis(tmp_path, own_servers, monkeypatch):
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("CELERY_BROKER_URL", "redis://127.0.0.1:1/0")
    do_the_main_job(tmp_path)
