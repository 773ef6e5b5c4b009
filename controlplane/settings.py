"""Environment → Django settings. Every knob an operator may turn is read here and nowhere else."""

from pathlib import Path
from typing import Any

import dj_database_url
import django_stubs_ext
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from controlplane.common.logs import logging_config
from controlplane.common.secrets import stored_secret
from controlplane.env import (
    env_bool,
    env_choice,
    env_int,
    env_list,
    env_path,
    env_secret,
    env_str,
    env_url,
    env_zone,
)

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = env_path("DATA_DIR", BASE_DIR / "var")
DEBUG = env_bool("DEBUG", default=False)


def _stored_key() -> str:
    """Without a configured key one is made once and kept beside the data: sessions survive."""
    try:
        return stored_secret(DATA_DIR / "secret_key")
    except OSError as error:
        raise ImproperlyConfigured(
            f"DATA_DIR={str(DATA_DIR)!r} cannot be written ({error.strerror}); give it to the user"
            " that runs Tidewise, or set DATA_DIR elsewhere."
        ) from error


SECRET_KEY = env_secret("SECRET_KEY") or _stored_key()
CREDENTIAL_KEYS = env_list("CREDENTIAL_KEYS", env_secret("CREDENTIAL_KEYS"))
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
PUBLIC_URL = env_url("PUBLIC_URL", "http://127.0.0.1:8000", schemes=("http", "https"))
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "django_structlog",
    "csp",
    "controlplane.common",
    "controlplane.accounts",
    "controlplane.workloads",
    "controlplane.metrics",
    "controlplane.forecasts",
    "controlplane.decisions",
    "controlplane.costs",
    "controlplane.demo",
    "controlplane.api",
    "controlplane.dashboard",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "csp.middleware.CSPMiddleware",
]

ROOT_URLCONF = "controlplane.urls"
ASGI_APPLICATION = "controlplane.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]


def _parsed(url: str) -> dict[str, Any]:
    try:
        database: dict[str, Any] = dict(dj_database_url.parse(url, conn_max_age=60))
    except ValueError as error:
        raise ImproperlyConfigured(
            "DATABASE_URL cannot be read; write postgresql://user:password@host:5432/name, with"
            " special characters of the password as %XX."
        ) from error
    if not database["NAME"] or database["NAME"] == ":memory:":
        raise ImproperlyConfigured(
            "DATABASE_URL names no database, so that every process would have another one."
        )
    return database


def _database() -> dict[str, Any]:
    url = env_secret("DATABASE_URL")
    if not url:  # not through a URL, in which a blank or a # of the path means something else
        database: dict[str, Any] = dict(dj_database_url.parse("sqlite:///file", conn_max_age=60))
        database["NAME"] = str(DATA_DIR / "tidewise.sqlite3")
    elif url.startswith(("sqlite:///", "postgres://", "postgresql://")):
        database = _parsed(url)
    else:
        raise ImproperlyConfigured(
            "DATABASE_URL must start with postgresql:// or sqlite:///; no other database is tested."
        )
    given = dict(database.get("OPTIONS", {}))  # sslmode and the like, from the URL's query
    if database["ENGINE"].endswith("sqlite3"):
        database["OPTIONS"] = {
            # FULL: an accepted sample survives power loss; IMMEDIATE: no deadlock on upgrade.
            "init_command": (
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=5000;"
                " PRAGMA foreign_keys=ON; PRAGMA journal_size_limit=67108864;"
                " PRAGMA cache_size=-16000;"
            ),
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
        }
    else:
        database["CONN_HEALTH_CHECKS"] = True
        database["OPTIONS"] = {"connect_timeout": 3, **given}
    return database


DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Empty: one process, messages in memory. `up` sets the embedded Valkey's socket here.
BROKER_URL = env_secret("BROKER_URL") or "memory://"
METRICS_URL = env_secret("METRICS_URL")
if METRICS_URL:
    raise ImproperlyConfigured(
        "METRICS_URL is set, but this release stores metrics in DATABASE_URL only; unset it."
    )
OTEL_EXPORTER_OTLP_ENDPOINT = env_str("OTEL_EXPORTER_OTLP_ENDPOINT", "")

MODEL_DIR = DATA_DIR / "models"
CLOUD_DIR = DATA_DIR / "cloud"

# How often a workload is looked at when nothing new arrives, and the least time between two looks.
CYCLE_SECONDS = env_int("CYCLE_SECONDS", 10, low=1, high=300)
FORECAST_SECONDS = env_int("FORECAST_SECONDS", 60, low=10, high=3600)

LANGUAGE_CODE = env_choice("LANGUAGE_CODE", "en", ["en", "zh-hans"])
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
LOCALE_PATHS = [BASE_DIR / "templates" / "locale"]
TIME_ZONE = env_zone("TIME_ZONE", "UTC")
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "controlplane.dashboard.finders.PackageScripts",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# One layer per web process; pulses reach every process through the broker (ADR 0005).
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels.layers.InMemoryChannelLayer",
        "CONFIG": {"capacity": 200, "expiry": 10},
    }
}

LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "overview"
LOGOUT_REDIRECT_URL = "login"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

_https = PUBLIC_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 24 * 3600
# Two installs on one host differ by port only, and cookies ignore ports: name them apart.
_suffix = PUBLIC_URL.rsplit(":", 1)[-1].strip("/") if PUBLIC_URL.count(":") > 1 else "main"
SESSION_COOKIE_NAME = f"tidewise_session_{_suffix}"
CSRF_COOKIE_NAME = f"tidewise_csrf_{_suffix}"
SECURE_HSTS_SECONDS = 31536000 if _https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _https
SECURE_SSL_REDIRECT = False  # TLS ends at the proxy; a redirect would hide a token sent in clear
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _https else None
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}
APPEND_SLASH = False  # a redirect on POST would lose its body
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

LOG_FORMAT = env_choice("LOG_FORMAT", "text", ["text", "json"])
LOG_LEVEL = env_choice("LOG_LEVEL", "INFO", ["DEBUG", "INFO", "WARNING", "ERROR"])
LOGGING = logging_config(style=LOG_FORMAT, level=LOG_LEVEL)
DJANGO_STRUCTLOG_COMMAND_LOGGING_ENABLED = False
