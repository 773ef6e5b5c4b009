"""Fresh samples of a driver signal → a debounced look at the workload they belong to."""

import threading
import time
from collections.abc import Iterable
from typing import Any

from controlplane.common.broker import Urgency
from controlplane.common.hints import hint
from controlplane.metrics.catalogue.signals import describe
from controlplane.workloads.models import Workload
from controlplane.workloads.spec import Demand, IdlePolicy

EVALUATE = "controlplane.decisions.tasks.evaluate"
REFRESH_SECONDS = 10.0
MOST_UNNAMED = 20  # workloads of a team that a sample without a name may wake
_DEMAND = str(Demand.model_fields["signal"].default)
_IDLE = str(IdlePolicy.model_fields["signal"].default)
_Row = tuple[int, frozenset[str]]  # a workload's key and the signals that drive it


class Drivers:
    """Which (team, workload name, signal) should wake the engine; read again every few seconds.

    Samples that do not name their workload may still belong to one by its labels. Ingest does not
    say which, so they wake every workload of the team that is found by labels, as long as these
    are few; where they are many the beat finds what is new.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._named: dict[tuple[int, str], _Row] = {}
        self._unnamed: dict[int, list[_Row]] = {}

    def workloads(self, team: int, name: str, signal: str) -> list[int]:
        """The keys of the workloads that this signal drives."""
        if time.monotonic() - self._read_at > REFRESH_SECONDS:
            self.read()
        if name:
            found = self._named.get((team, name))
            rows = [found] if found else []
        else:
            rows = self._unnamed.get(team, [])
            rows = rows if len(rows) <= MOST_UNNAMED else []
        return [key for key, signals in rows if signal in signals]

    def read(self) -> None:
        """Read the table anew."""
        with self._lock:
            named: dict[tuple[int, str], _Row] = {}
            unnamed: dict[int, list[_Row]] = {}
            rows = Workload.objects.exclude(mode="off").values_list(
                "team_id", "name", "pk", "document"
            )
            for team, name, key, document in rows:
                row = (key, drivers(document))
                named[team, name] = row
                if document.get("metadata", {}).get("labels"):
                    unnamed.setdefault(team, []).append(row)
            self._named, self._unnamed = named, unnamed
            self._read_at = time.monotonic()


def drivers(document: dict[str, Any]) -> frozenset[str]:
    """The signals in a stored document that may change a decision, and what they derive from."""
    spec = document.get("spec", {})
    named = {spec.get("demand", {}).get("signal", _DEMAND)}
    for policy in spec.get("policies", []):
        named.add(policy.get("signal", _IDLE if policy.get("kind") == "idle" else ""))
    parts = {part for signal in named for part, _weight in describe(signal).derive}
    return frozenset((named | parts) - {""})


_drivers = Drivers()


def heard(team: int, fresh: Iterable[tuple[str, str]]) -> None:
    """Called after samples were committed, with (signal, workload name) pairs."""
    for signal, name in fresh:
        for workload in _drivers.workloads(team, name, signal):
            hint(EVALUATE, workload, urgency=Urgency.HIGH)
