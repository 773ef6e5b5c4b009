"""A running installation's SQLite file → when its loops last finished, read from outside."""

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from kombu import Connection, Producer

from controlplane.common.broker import transport_options


def heartbeats(data_dir: Path) -> dict[str, datetime]:
    """Loop → last success, in UTC."""
    uri = f"file:{data_dir / 'tidewise.sqlite3'}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, timeout=5)) as database:
        rows = database.execute("SELECT loop, at FROM common_heartbeat").fetchall()
    return {loop: datetime.fromisoformat(at).replace(tzinfo=UTC) for loop, at in rows}


def broker_url(data_dir: Path) -> str:
    """The broker that `up` uses, as it tells `doctor`."""
    state = json.loads((data_dir / "run" / "up.json").read_text())
    return str(state["BROKER_URL"])


def send(task: str, *, queue: str, url: str) -> None:
    """One Celery message without arguments, written by hand."""
    body = [[], {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}]
    headers = {"lang": "py", "task": task, "id": f"test-{datetime.now(UTC).timestamp()}"}
    headers |= {"root_id": headers["id"], "parent_id": "", "group": "", "argsrepr": "()"}
    with Connection(url, transport_options=transport_options(url)) as connection:
        Producer(connection.channel(), serializer="json").publish(
            body, routing_key=queue, exchange="", headers=headers, correlation_id=headers["id"]
        )
