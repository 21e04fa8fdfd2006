"""The Celery application. Its messages are hints: the truth is in the database's rows."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "infosum_auth.settings")

app = Celery("infosum_auth")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
