"""The Celery application. Its messages are hints: the truth is in the database's rows."""

import os
import subprocess
import sys

from celery import Celery
from celery.signals import worker_init

from infosum_auth import pgmq_transport, redis_transport

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "infosum_auth.settings")

# Celery takes these for its own before any setting: another project's broker would be used.
for _name in ("CELERY_BROKER_URL", "CELERY_BROKER_READ_URL", "CELERY_BROKER_WRITE_URL"):
    os.environ.pop(_name, None)

pgmq_transport.install()
redis_transport.install()
app = Celery("infosum_auth")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
def compile_first(**_: object) -> None:
    """Compile what prepares files before the first of them is waited for.

    In a process of its own: what is loaded before a worker forks may hang in its children.
    """
    # Without it a worker works too: the first file waits until it is compiled.
    subprocess.run([sys.executable, "-m", "exports.engine.vectorized.warming"], check=False)
