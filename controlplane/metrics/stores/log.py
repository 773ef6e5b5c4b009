"""The batch log: requests → rows, and rows → samples, decoded once per process."""

import secrets
from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock

import numpy as np
import structlog

from controlplane.metrics import codec
from controlplane.metrics.models import Batch
from controlplane.metrics.sample import Columns
from controlplane.metrics.stores.base import Pending, Tail
from controlplane.metrics.stores.chunks import portions
from controlplane.metrics.stores.merge import joined

MOST_CACHED = 1_000_000  # samples, 24 bytes each

Key = tuple[int, int]  # id and token

logger = structlog.get_logger(__name__)


class _Cache:
    """Decoded batches, the least used ones dropped first."""

    def __init__(self) -> None:
        self._held: OrderedDict[Key, Columns] = OrderedDict()
        self._samples = 0
        self._lock = Lock()

    def get(self, key: Key) -> Columns | None:
        with self._lock:
            found = self._held.get(key)
            if found is not None:
                self._held.move_to_end(key)
            return found

    def put(self, key: Key, columns: Columns) -> None:
        with self._lock:
            if key in self._held:
                return
            self._held[key] = columns
            self._samples += len(columns)
            while self._samples > MOST_CACHED and len(self._held) > 1:
                _, dropped = self._held.popitem(last=False)
                self._samples -= len(dropped)


_cache = _Cache()


def write(pending: Sequence[Pending]) -> None:
    """One row a request; the caller holds the transaction."""
    for one in pending:
        Batch.objects.create(
            team_id=one.team,
            token=secrets.randbits(63),
            received_at=one.received_at,
            count=len(one.columns),
            min_ms=int(one.columns.ts_ms.min()),
            max_ms=int(one.columns.ts_ms.max()),
            payload=codec.encode_columns(one.columns),
        )


def tail(team: int, *, start_ms: int, end_ms: int) -> Tail:
    """Samples still in the log that may lie in the span, in order of arrival."""
    rows = Batch.objects.filter(team_id=team, max_ms__gte=start_ms, min_ms__lt=end_ms)
    listed = rows.order_by("id").values_list("id", "token", "received_at")
    stamps = {(number, token): round(at.timestamp() * 1000) for number, token, at in listed}
    found = _decoded(list(stamps))
    received = [np.full(len(part), stamps[key], np.int64) for key, part in found.items()]
    return Tail(joined(list(found.values())), np.concatenate(received or [np.zeros(0, np.int64)]))


def _decoded(keys: Sequence[Key]) -> dict[Key, Columns]:
    """Batches in the order of `keys`; one that was compacted in the meantime is left out."""
    held = {key: _cache.get(key) for key in keys}
    missing = [number for (number, _), columns in held.items() if columns is None]
    for portion in portions(missing):
        for number, token, payload in Batch.objects.filter(id__in=portion).values_list(
            "id", "token", "payload"
        ):
            part = columns_of(number, payload)
            if part is not None:
                held[number, token] = part
                _cache.put((number, token), part)
    return {key: columns for key in keys if (columns := held[key]) is not None}


def columns_of(number: int, payload: bytes | memoryview) -> Columns | None:
    """A batch's samples. A damaged one stays in the log, for somebody to look at, and costs only
    its own samples: neither reads nor the compaction of the others stop for it.
    """
    try:
        return codec.decode_columns(bytes(payload))
    except codec.BadChunk:
        logger.error("batch.damaged", batch=number)  # noqa: TRY400 - said at every look
        return None
