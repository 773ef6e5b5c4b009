"""This installation → findings: what is well, what is not, and what to do about it."""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.checks import ERROR, Tags, run_checks
from django.db import Error as DatabaseTrouble
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from kombu import Connection

from controlplane.api.health import LEAST_FREE_BYTES
from controlplane.common import valkey
from controlplane.common.broker import transport_options
from controlplane.common.heartbeats import heartbeats
from controlplane.common.logs import hide
from controlplane.workloads.models import Pool

MOST_SKEW = timedelta(seconds=5)
START = "start `python manage.py up`, or the workers and beat"

# Loop → the time in which it must have finished well at least once: twice its period and some
# patience. Training is not among them, since it runs when there is something to learn.
LOOPS = {
    "cycle": timedelta(seconds=2 * settings.CYCLE_SECONDS + 30),
    "reconcile": timedelta(seconds=60),
    "compact": timedelta(seconds=90),
    "costs": timedelta(minutes=4),
    "forecast": timedelta(seconds=2 * settings.FORECAST_SECONDS + 60),
    "decision-log": timedelta(hours=2, minutes=10),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `advice` is what to do, and empty when it is well."""

    what: str
    said: str
    advice: str = ""

    @property
    def well(self) -> bool:
        return not self.advice


def examine(*, now: datetime) -> Iterator[Finding]:
    """Everything, in an order in which the first fault explains the ones after it."""
    yield from settings_found()
    yield data_directory()
    found = database()
    yield found
    yield static_files()
    yield broker()
    if not found.well:
        return  # what follows is read from it
    found = migrations()
    yield found
    if found.well:
        yield clock(now)
        yield from loops(now)
        yield people()
        yield pools()


def settings_found() -> Iterator[Finding]:
    """Each of our own start-up checks that complains; one finding when none does."""
    messages = run_checks(tags=[Tags.security])
    if not messages:
        yield Finding("settings", "as they should be")
    for message in messages:
        said = f"{message.id}: {message.msg}"
        hint = message.hint or "see the settings page of the manual"
        fault = message.level >= ERROR
        yield Finding("settings", said if fault else f"{said} {hint}", hint if fault else "")


def data_directory() -> Finding:
    """DATA_DIR: there, ours, and with room left."""
    path = Path(settings.DATA_DIR)
    if not path.is_dir() or not os.access(path, os.W_OK | os.X_OK):
        return Finding("data directory", f"{path} cannot be written", "create it, or set DATA_DIR")
    free = shutil.disk_usage(path).free
    said = f"{path}, {free // 2**20} MiB free"
    advice = f"free some space: below {LEAST_FREE_BYTES // 2**20} MiB nothing is accepted"
    return Finding("data directory", said, advice if free < LEAST_FREE_BYTES else "")


def database() -> Finding:
    """It answers, and an SQLite file is whole."""
    vendor = connection.vendor
    try:
        with connection.cursor() as cursor:
            if vendor == "sqlite":
                cursor.execute("PRAGMA quick_check(1)")
                (verdict,) = cursor.fetchone()
                if verdict != "ok":
                    return Finding("database", f"damaged: {verdict}", "restore a backup")
            cursor.execute("SELECT 1")
            version = ".".join(str(part) for part in connection.get_database_version())
    except DatabaseTrouble as error:
        said = hide(str(error).strip().splitlines()[0]) if str(error).strip() else vendor
        return Finding("database", said, "start the server, or correct DATABASE_URL")
    return Finding("database", f"{vendor} {version} answers")


def migrations() -> Finding:
    """Every table is as this version of the product expects it."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if not plan:
        return Finding("migrations", "all applied")
    names = ", ".join(f"{one.app_label}.{one.name}" for one, _backwards in plan[:3])
    more = f" and {len(plan) - 3} more" if len(plan) > 3 else ""
    return Finding("migrations", f"not applied: {names}{more}", "run `python manage.py migrate`")


def static_files() -> Finding:
    """Styles and scripts were collected."""
    manifest = Path(settings.STATIC_ROOT) / "staticfiles.json"
    if manifest.is_file():
        return Finding("static files", f"collected in {settings.STATIC_ROOT}")
    advice = "run `python manage.py collectstatic`; `up` does it by itself"
    return Finding("static files", f"not collected in {settings.STATIC_ROOT}", advice)


def broker() -> Finding:
    """The configured broker, or that of the `up` which runs here, answers."""
    url = _running().get("BROKER_URL") or settings.BROKER_URL
    if url.startswith("memory"):
        return _embedded()
    try:
        with Connection(url, connect_timeout=3, transport_options=transport_options(url)) as wire:
            wire.ensure_connection(max_retries=1, timeout=3)
    except Exception as error:  # noqa: BLE001 - each transport has its own; all mean one thing
        said = f"{hide(url)} does not answer ({type(error).__name__})"
        return Finding("broker", said, "start it, or correct BROKER_URL")
    return Finding("broker", f"{hide(url)} answers")


def _running() -> dict[str, str]:
    """What an `up` that runs on this data directory says about itself."""
    try:
        state = json.loads(_state_file().read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return {key: str(value) for key, value in state.items()} if isinstance(state, dict) else {}


def _state_file() -> Path:
    return Path(settings.DATA_DIR) / "run" / "up.json"


def _embedded() -> Finding:
    server = next(iter(valkey.servers()), None)
    if server is None:
        said = "none is configured, and no valkey-server or redis-server runs here"
        return Finding("broker", f"{said}; everything will run in one process")
    return Finding("broker", f"`up` will start {server.name}")


def clock(now: datetime) -> Finding:
    """Our clock and the database's agree; leases and ages are compared across machines."""
    if connection.vendor != "postgresql":
        return Finding("clock", f"{now:%Y-%m-%d %H:%M:%S} UTC; the database has the same")
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (there,) = cursor.fetchone()
    skew = abs(there - now)
    said = f"{skew.total_seconds():.1f} s from the database's"
    return Finding("clock", said, "synchronise both with NTP" if skew > MOST_SKEW else "")


def loops(now: datetime) -> Iterator[Finding]:
    """Every loop that must run finished well not long ago, or has just been started."""
    beats, since = heartbeats(), _up_since()
    for name, limit in LOOPS.items():
        at = beats.get(name)
        if at is not None and now - at <= limit:
            yield Finding(f"loop {name}", f"ran {_ago(now - at)} ago")
        elif since is not None and now - since <= limit:
            yield Finding(f"loop {name}", f"due; `up` was started {_ago(now - since)} ago")
        elif at is None:
            yield Finding(f"loop {name}", "never ran", START)
        else:
            yield Finding(
                f"loop {name}", f"last ran {_ago(now - at)} ago", f"{START}; see the logs"
            )


def _up_since() -> datetime | None:
    """When the `up` that runs on this data directory was started."""
    try:
        changed = _state_file().stat().st_mtime
    except OSError:
        return None
    return datetime.fromtimestamp(changed, UTC)


def people() -> Finding:
    """Somebody can log in."""
    count = get_user_model().objects.filter(is_active=True).count()
    if count:
        return Finding("people", f"{count} may log in")
    return Finding("people", "nobody may log in", "run `python manage.py login_link`")


def pools() -> Finding:
    """The size of every pool could be read."""
    troubled = Pool.objects.exclude(trouble="").select_related("workload")[:3]
    if not troubled:
        return Finding("pools", f"{Pool.objects.count()}, none in trouble")
    said = "; ".join(f"{pool}: {pool.trouble}" for pool in troubled)
    return Finding("pools", said, "see to the scale target, or correct its address")


def _ago(age: timedelta) -> str:
    seconds = max(0, round(age.total_seconds()))
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"
