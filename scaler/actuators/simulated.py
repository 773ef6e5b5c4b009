"""A pretend cloud with lead time and failures: one SQLite file that any process may use."""

import json
import random
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from scaler.actuators.base import ScaleTarget
from scaler.engine.snapshot import Replicas
from scaler.errors import NoCapacity, NotFound, Permanent, Transient

# One statement each: a script would end the transaction that it runs in.
SCHEMA = (
    """
CREATE TABLE IF NOT EXISTS target (
  key TEXT PRIMARY KEY, ready INTEGER NOT NULL, pending TEXT NOT NULL, lead REAL NOT NULL,
  jitter REAL NOT NULL, failure REAL NOT NULL, stock INTEGER, seed INTEGER NOT NULL,
  writes INTEGER NOT NULL)
""",
    """
CREATE TABLE IF NOT EXISTS journal (
  id INTEGER PRIMARY KEY, target TEXT NOT NULL, order_key TEXT NOT NULL UNIQUE,
  at TEXT NOT NULL, before INTEGER NOT NULL, after INTEGER NOT NULL)
""",
)
LARGEST = 100_000  # replicas of one target: the spec allows no more, and each is remembered
PATIENCE = 10.0  # seconds to wait for another process's transaction


class SimulatedCloud:
    """Replicas that become ready a lead time after they were ordered.

    Orders are absolute and carried out once per key, also when several processes send them: the
    journal's unique key is written in the same transaction as the new size. Failures come from a
    seeded generator per write, half of them before and half after the order took effect. A file
    that cannot be used is a cloud that does not answer: Transient.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._path = directory / "simulated.sqlite3"
        with self._transaction() as cloud:
            for statement in SCHEMA:
                cloud.execute(statement)

    def create(
        self,
        target: ScaleTarget,
        *,
        ready: int,
        lead_time: timedelta,
        jitter: float = 0.1,
        failure_rate: float = 0.0,
        stock: int | None = None,
        seed: int = 0,
    ) -> None:
        """Add a scale target, or set an existing one anew. `jitter` is a share of the lead time."""
        with self._transaction() as cloud:
            cloud.execute(
                "INSERT OR REPLACE INTO target VALUES (?,?,?,?,?,?,?,?,0)",
                (
                    target.key,
                    ready,
                    "[]",
                    lead_time.total_seconds(),
                    jitter,
                    failure_rate,
                    stock,
                    seed,
                ),
            )

    def ensure(self, target: ScaleTarget, *, ready: int, lead_time: timedelta) -> None:
        """Add a scale target unless it exists; of several that ask at once one is heard."""
        with self._transaction() as cloud:
            cloud.execute(
                "INSERT OR IGNORE INTO target VALUES (?,?,'[]',?,0.1,0.0,NULL,0,0)",
                (target.key, ready, lead_time.total_seconds()),
            )

    def observe(self, target: ScaleTarget, *, now: datetime) -> Replicas:
        """What is ready and starting at `now`. Raises NotFound."""
        with self._connection() as cloud:
            row = self._row(cloud, target)
            ready, pending = _settled(row["ready"], json.loads(row["pending"]), now)
        times = tuple(datetime.fromtimestamp(at, UTC) for at in pending)
        return Replicas(ready, times, now)

    def scale(self, target: ScaleTarget, desired: int, *, key: str, now: datetime) -> None:
        """Order an absolute size, once per key. Raises any ActuationError."""
        if not 0 <= desired <= LARGEST:
            raise Permanent(f"cannot run {desired} replicas")
        with self._transaction() as cloud:
            row = self._row(cloud, target)
            if cloud.execute("SELECT 1 FROM journal WHERE order_key = ?", (key,)).fetchone():
                return
            luck = random.Random(f"{row['seed']}:{target.key}:{row['writes']}")  # noqa: S311 - a seeded simulation
            cloud.execute("UPDATE target SET writes = writes + 1 WHERE key = ?", (target.key,))
            fails, before = luck.random() < row["failure"], luck.random() < 0.5
            lead = row["lead"] * (1 + row["jitter"] * (2 * luck.random() - 1))
            full = row["stock"] is not None and desired > max(row["stock"], _size(row))
            if not full and not (fails and before):
                self._apply(cloud, row, desired, key=key, now=now, lead=lead)
        if full:
            raise NoCapacity(f"only {row['stock']} replicas are in stock")
        if fails:
            raise Transient("the cloud did not answer in time")

    def journal(self, target: ScaleTarget) -> tuple[tuple[str, int, int], ...]:
        """Every write that took effect: (key, before, after), oldest first."""
        with self._connection() as cloud:
            rows = cloud.execute(
                "SELECT order_key, before, after FROM journal WHERE target = ? ORDER BY id",
                (target.key,),
            )
            return tuple((row["order_key"], row["before"], row["after"]) for row in rows)

    def _apply(
        self,
        cloud: sqlite3.Connection,
        row: sqlite3.Row,
        desired: int,
        *,
        key: str,
        now: datetime,
        lead: float,
    ) -> None:
        ready, pending = _settled(row["ready"], json.loads(row["pending"]), now)
        before = ready + len(pending)
        if desired > before:
            pending = [*pending, *([now.timestamp() + lead] * (desired - before))]
        else:
            gone = before - desired  # the newest orders go first, then ready replicas, at once
            cancelled = min(gone, len(pending))
            pending = pending[: len(pending) - cancelled]
            ready -= gone - cancelled
        cloud.execute(
            "UPDATE target SET ready = ?, pending = ? WHERE key = ?",
            (ready, json.dumps(pending), row["key"]),
        )
        cloud.execute(
            "INSERT INTO journal (target, order_key, at, before, after) VALUES (?,?,?,?,?)",
            (row["key"], key, now.isoformat(), before, desired),
        )

    def _row(self, cloud: sqlite3.Connection, target: ScaleTarget) -> sqlite3.Row:
        found = cloud.execute("SELECT * FROM target WHERE key = ?", (target.key,)).fetchone()
        if not isinstance(found, sqlite3.Row):
            raise NotFound(f"the simulated cloud has no target {target.name!r}")
        return found

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """One write at a time, over all processes; rolled back when the block raises."""
        with self._connection() as cloud:
            cloud.execute("BEGIN IMMEDIATE")
            try:
                yield cloud
            except BaseException:
                cloud.execute("ROLLBACK")
                raise
            cloud.execute("COMMIT")

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            cloud = sqlite3.connect(self._path, timeout=PATIENCE, isolation_level=None)
            try:
                cloud.row_factory = sqlite3.Row
                cloud.execute("PRAGMA journal_mode=WAL")  # readers and a writer do not wait
                cloud.execute("PRAGMA synchronous=NORMAL")  # survives kill -9, a toy need no more
                yield cloud
            finally:
                cloud.close()
        except sqlite3.Error as error:
            raise Transient(f"the simulated cloud's file could not be used: {error}") from error


def _size(row: sqlite3.Row) -> int:
    return int(row["ready"]) + len(json.loads(row["pending"]))


def _settled(ready: int, pending: list[float], now: datetime) -> tuple[int, list[float]]:
    """Orders whose time has come are ready."""
    moment = now.timestamp()
    waiting = sorted(at for at in pending if at > moment)
    return ready + len(pending) - len(waiting), waiting
