import os
import queue
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import psycopg
import pytest
from celery import Celery
from celery.contrib.testing.worker import start_worker
from kombu import Connection
from pgmq import PGMQueue

from infosum_auth import pgmq_transport
from infosum_auth.broker import SENDING, broker_settings, install_pgmq

PGMQ_URL = os.environ.get("BROKER_DATABASE_URL", "")
needs_pgmq = pytest.mark.skipif(not PGMQ_URL, reason="no BROKER_DATABASE_URL, so no pgmq was tried")


def travels(environment):
    """Send a task through the broker to a worker in a thread; return what it was given."""
    app = Celery("travels", set_as_current=False)
    app.config_from_object(broker_settings(environment), namespace="CELERY")
    app.conf.task_ignore_result = True
    arrived = queue.Queue()

    @app.task(name="travels.arrive", shared=False)
    def arrive(word):
        arrived.put(word)

    with start_worker(app, pool="solo", perform_ping_check=False, loglevel="error"):
        arrive.delay("hello")
        return arrived.get(timeout=20)


def to_pgmq():
    settings = broker_settings({"BROKER_DATABASE_URL": PGMQ_URL})
    options = settings["CELERY_BROKER_TRANSPORT_OPTIONS"]
    return Connection(settings["CELERY_BROKER_URL"], transport_options=options)


@needs_pgmq
def test_a_task_travels_on_pgmq():
    install_pgmq(PGMQ_URL)
    assert travels({"BROKER_DATABASE_URL": PGMQ_URL}) == "hello"


@needs_pgmq
def test_installing_pgmq_twice_does_nothing_the_second_time():
    install_pgmq(PGMQ_URL)
    assert install_pgmq(PGMQ_URL) is False


@needs_pgmq
def test_pgmq_stays_in_the_brokers_database():
    # pgmq itself would prefer the DATABASE_URL of the environment.
    install_pgmq(PGMQ_URL)
    travels({"BROKER_DATABASE_URL": PGMQ_URL})
    with psycopg.connect(PGMQ_URL) as connection:
        assert connection.execute("SELECT queue_name FROM pgmq.list_queues()").fetchall()
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        found = connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = 'pgmq'")
        assert found.fetchone() is None


@needs_pgmq
def test_workers_that_start_together_share_the_triggers(monkeypatch):
    install_pgmq(PGMQ_URL)
    enable, told = PGMQueue.enable_notify, []

    def enable_notify(self, *queue, **how):
        told.append(queue)
        if len(told) == 1:
            raise psycopg.errors.DuplicateObject("somebody else made it just now")
        enable(self, *queue, **how)

    monkeypatch.setattr(PGMQueue, "enable_notify", enable_notify)
    assert travels({"BROKER_DATABASE_URL": PGMQ_URL}) == "hello"
    assert told[0] == told[1]


@needs_pgmq
def test_a_worker_that_may_take_no_more_looks_again_soon():
    install_pgmq(PGMQ_URL)
    with to_pgmq() as connection:
        waiting = connection.SimpleQueue("one at a time")
        waiting.consumer.qos(prefetch_count=1)
        idle = connection.transport.polling_interval
        waiting.put("hello")
        held = waiting.get(timeout=20)
        assert connection.transport.polling_interval < idle / 10
        held.ack()
        assert connection.transport.polling_interval == idle


@needs_pgmq
def test_a_busy_worker_leaves_stints_of_sending_to_an_idle_one(monkeypatch):
    # However slow this machine is just now.
    monkeypatch.setattr(pgmq_transport, "_LEFT_TO_IDLE_SECONDS", 1.5)
    install_pgmq(PGMQ_URL)
    with to_pgmq() as of_busy, to_pgmq() as of_idle, ThreadPoolExecutor(1) as beside:
        busy, idle = of_busy.SimpleQueue(SENDING), of_idle.SimpleQueue(SENDING)
        for each in (busy, idle):
            each.consumer.qos(prefetch_count=3)
        busy.clear()
        busy.put("first")
        held = [busy.get(timeout=20)]
        busy.put("second")
        # The busy one looks first, as it mostly does: it has just sent the message itself.
        left = beside.submit(busy.get, timeout=1.0)
        held.append(idle.get(timeout=20))
        with pytest.raises(queue.Empty):
            left.result()
        # What nobody else takes it takes.
        busy.put("third")
        held.append(busy.get(timeout=20))
        assert [each.payload for each in held] == ["first", "second", "third"]
        for each in held:
            each.ack()


@pytest.mark.broker
def test_a_task_travels_on_redis(redis_url):
    assert travels({"REDIS_URL": redis_url}) == "hello"


@pytest.mark.broker
def test_a_message_whose_connection_was_given_up_is_no_unknown_error(redis_url):
    connection = Connection(redis_url)
    waiting = connection.SimpleQueue("held")
    waiting.put("hello")
    held = waiting.get(timeout=20)
    # What a worker is left with that lost Redis in the middle of a task; `make drill` does it all.
    connection.collect()
    held.channel._disconnect_pools()
    with pytest.raises(connection.connection_errors):
        held.ack()


def test_redis_is_preferred():
    given = {"REDIS_URL": "redis://somewhere/0", "BROKER_DATABASE_URL": "postgres://a:b@c/d"}
    assert broker_settings(given)["CELERY_BROKER_URL"] == "redis://somewhere/0"


def test_pgmq_takes_the_address_of_the_broker_database():
    settings = broker_settings({"BROKER_DATABASE_URL": "postgres://a:b%40@c:1/d"})
    address = urlsplit(settings["CELERY_BROKER_URL"])
    assert (address.scheme, address.netloc, address.path) == ("pgmq", "a:b%40@c:1", "/d")


def test_without_a_broker_nothing_is_set():
    assert broker_settings({}) == {}
