"""Fresh samples of a driver signal → a debounced look at the workload they belong to."""

import threading
import time
from collections.abc import Iterable

from controlplane.common.broker import Urgency
from controlplane.common.hints import hint
from controlplane.workloads.models import Workload

EVALUATE = "controlplane.decisions.tasks.evaluate"
REFRESH_SECONDS = 10.0


class Drivers:
    """Which (team, workload name, signal) should wake the engine; read again every few seconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._table: dict[tuple[int, str], tuple[int, frozenset[str]]] = {}

    def workload(self, team: int, name: str, signal: str) -> int | None:
        """The id of the workload that this signal drives, or None."""
        if time.monotonic() - self._read_at > REFRESH_SECONDS:
            self._read()
        found = self._table.get((team, name))
        return found[0] if found and signal in found[1] else None

    def _read(self) -> None:
        with self._lock:
            rows = Workload.objects.exclude(mode="off").values_list(
                "team_id", "name", "pk", "document"
            )
            self._table = {(team, name): (pk, _signals(doc)) for team, name, pk, doc in rows}
            self._read_at = time.monotonic()


def _signals(document: dict) -> frozenset[str]:  # type: ignore[type-arg]  # JSON as stored
    spec = document["spec"]
    named = {policy["signal"] for policy in spec.get("policies", []) if policy.get("signal")}
    return frozenset(named | {spec.get("demand", {}).get("signal", "service.request.rate")})


_drivers = Drivers()


def heard(team: int, fresh: Iterable[tuple[str, str]]) -> None:
    """Called after samples were committed, with (signal, workload name) pairs."""
    for signal, name in fresh:
        workload = _drivers.workload(team, name, signal)
        if workload is not None:
            hint(EVALUATE, workload, urgency=Urgency.HIGH)
