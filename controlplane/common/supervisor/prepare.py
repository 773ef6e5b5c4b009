"""An empty or older data directory → a database, static files and a person who may log in."""

from io import StringIO
from pathlib import Path

from django.core.checks import Error, Tags, run_checks
from django.core.management import call_command
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor

from controlplane.common.errors import InvalidInput
from controlplane.common.supervisor import statics


def check_settings() -> None:
    """Run our own start-up checks.

    Raises:
        InvalidInput: at least one of them is an error; the text has the hint of each.
    """
    found = [message for message in run_checks(tags=[Tags.security]) if isinstance(message, Error)]
    if found:
        lines = [f"{message.id}: {message.msg} {message.hint or ''}".strip() for message in found]
        raise InvalidInput("settings_invalid", "\n".join(lines))


def unapplied_migrations() -> list[str]:
    """The names of migrations that this database has not seen."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _backwards in plan]


def migrate() -> int:
    """Bring the tables up to date; the number of migrations that were missing."""
    missing = unapplied_migrations()
    if missing:
        call_command("migrate", interactive=False, verbosity=0)
    return len(missing)


def collect_static(run_dir: Path) -> bool:
    """Refresh the static files if need be; True when files were written."""
    return statics.collect(run_dir / "static.stamp")


def login_link(base_url: str) -> str:
    """The URL of a fresh one-time login for the default team's admin."""
    answer = StringIO()
    call_command("login_link", base_url=base_url, stdout=answer)
    return answer.getvalue().strip()


def let_go() -> None:
    """Close our database connections: the supervisor itself keeps none."""
    connections.close_all()
