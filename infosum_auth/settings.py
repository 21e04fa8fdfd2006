"""Django's settings, all of them from the environment (see docs/operations.md)."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from kombu import Queue

from infosum_auth.broker import (
    PREPARING,
    PREPARING_SMALL,
    QUEUES,
    SENDING,
    SENDING_SMALL,
    SOON,
    broker_settings,
)
from infosum_auth.environment import (
    env,
    intake,
    master_keys,
    platform_environment,
    required,
    values,
)

BASE_DIR = Path(__file__).resolve().parent.parent

SECRET_KEY = required("SECRET_KEY")
DEBUG = env.bool("DJANGO_DEBUG", default=False)
PUBLIC_URL = env.str("PUBLIC_URL", default="http://127.0.0.1:8000").rstrip("/")
_public = urlsplit(PUBLIC_URL)
_secure = _public.scheme == "https"
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[_public.hostname or "127.0.0.1"])
if _public.hostname == "127.0.0.1":
    # The redirect address is exact, so people who typed `localhost` are sent to 127.0.0.1.
    ALLOWED_HOSTS.append("localhost")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.staticfiles",
    "csp",
    "audit",
    "organizations",
    "authorizations",
    "destinations",
    "exports",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "infosum_auth.middleware.one_host",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "organizations.middleware.current_person",
]

ROOT_URLCONF = "infosum_auth.urls"
WSGI_APPLICATION = "infosum_auth.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "organizations.context.organization",
            ],
        },
    },
]

# `default` is the application role, which the fence holds; `owner` migrates and nothing else.
DATABASES = {
    "default": {
        **env.db_url_config(required("DATABASE_URL")),
        "CONN_MAX_AGE": env.int("CONN_MAX_AGE", default=60),
        "CONN_HEALTH_CHECKS": True,
        "TEST": {"MIRROR": "owner"},
    },
}
if values.get("DATABASE_OWNER_URL"):
    DATABASES["owner"] = {
        **env.db_url_config(values["DATABASE_OWNER_URL"]),
        "TEST": {"DEPENDENCIES": []},
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "organizations.Person"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "organizations:sign_in"
LOGIN_REDIRECT_URL = "destinations:list"

SESSION_COOKIE_NAME = "session"
# Lax, not Strict: the person comes back from the platform by a cross-site redirect.
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _secure
SESSION_COOKIE_AGE = 12 * 3600
SESSION_SAVE_EVERY_REQUEST = False
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
CSRF_FAILURE_VIEW = "organizations.views.csrf_failure"

# For as long as both show pages of ours; nothing relies on it. See docs/architecture.md.
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin-allow-popups"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if _secure else 0
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=False)
if env.bool("TRUST_FORWARDED_PROTO", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}

LANGUAGE_CODE = "en-us"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Without it (the demo, the tests) files are served from where they lie.
STATIC_ROOT = env.str("STATIC_ROOT", default="") or None
# Sealed files only: uploads and prepared batches. Web and workers must see the same place.
STAGING_DIR = env.str("STAGING_DIR", default=str(BASE_DIR / ".staging"))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if STATIC_ROOT
        else "django.contrib.staticfiles.storage.StaticFilesStorage",
    },
}
WHITENOISE_USE_FINDERS = not STATIC_ROOT

DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
UPLOAD_MAX_BYTES = env.int("UPLOAD_MAX_BYTES", default=10 * 1024**3)
# People in one request at most; 0 where the platform's own limit decides.
EXPORT_BATCH_ROWS = env.int("EXPORT_BATCH_ROWS", default=0)
# In pieces: under way or broken off, for each organization.
UPLOADS_AT_ONCE = env.int("UPLOADS_AT_ONCE", default=20)
# What uploads leave free on the disk: prepared batches need room, too.
STAGING_KEEP_FREE_BYTES = env.int("STAGING_KEEP_FREE_BYTES", default=1024**3)

# From where files may be fetched; nothing where the operator allows no address.
INTAKE = intake(values, PUBLIC_URL)

# The first master key seals the organizations' data keys; the others still unseal.
MASTER_KEYS = master_keys(required("MASTER_KEYS"))

# PLATFORM_<KEY>_CLIENT_ID, _CLIENT_SECRET, _BASE_URL: read by the adapter's key, never listed.
PLATFORM_ENVIRONMENT = platform_environment(values)

vars().update(broker_settings(values))
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = False
CELERY_TASK_IGNORE_RESULT = True
# A hint that cannot be sent is not worth waiting for; the sweep finds the work.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A worker that is told of no queues takes all of them.
CELERY_TASK_QUEUES = [Queue(name) for name in QUEUES]
CELERY_TASK_DEFAULT_QUEUE = SOON
CELERY_TASK_ROUTES = {
    "exports.tasks.send": {"queue": SENDING},
    "exports.tasks.send_small": {"queue": SENDING_SMALL},
    # It mostly waits, as sending does.
    "exports.tasks.fetch": {"queue": SENDING},
    "exports.tasks.prepare": {"queue": PREPARING},
    "exports.tasks.prepare_small": {"queue": PREPARING_SMALL},
    "exports.tasks.compare": {"queue": PREPARING},
    "exports.tasks.fold": {"queue": PREPARING},
    "exports.tasks.erase": {"queue": PREPARING},
    "exports.tasks.compare_small": {"queue": PREPARING_SMALL},
    "exports.tasks.check": {"queue": PREPARING},
    "exports.tasks.check_small": {"queue": PREPARING_SMALL},
}

# Batches that may be with a platform at a time: of one export, of one organization.
EXPORT_IN_FLIGHT: int = env.int("EXPORT_IN_FLIGHT", default=96)
ORGANIZATION_IN_FLIGHT: int = env.int("ORGANIZATION_IN_FLIGHT", default=128)

# Messages are hints: each of these finds in the rows what is left to do.
CELERY_BEAT_SCHEDULE = {
    "attempts": {"task": "authorizations.tasks.sweep_attempts", "schedule": 5},
    "authorizations": {"task": "authorizations.tasks.sweep_authorizations", "schedule": 60},
    "exports": {"task": "exports.tasks.sweep_exports", "schedule": 3},
    "audiences": {"task": "exports.tasks.sweep_audiences", "schedule": 30},
    "drafts": {"task": "exports.tasks.sweep_drafts", "schedule": 600},
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"mask": {"()": "infosum_auth.logs.MaskSecrets"}},
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "filters": ["mask"],
            "formatter": "line",
        },
    },
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        # They print tokens, codes or whole addresses below these levels.
        "oauthlib": {"level": "WARNING"},
        "requests_oauthlib": {"level": "WARNING"},
        "urllib3": {"level": "WARNING"},
    },
}
