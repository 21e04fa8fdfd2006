"""The wiring: settings, addresses, the Celery application, the private database, the demo."""

from infosum_auth.celery import app as celery_app

__all__ = ["celery_app"]
