"""A chart's numbers → a CSV file, every point, written as it is read."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from io import StringIO
from itertools import chain

from django.http import HttpRequest, HttpResponse

from controlplane.common.errors import InvalidInput, Missing
from controlplane.dashboard.ranges import Span, span_of
from controlplane.dashboard.selectors import charts
from controlplane.dashboard.visit import Visit, for_people
from controlplane.metrics.catalogue.signals import signals
from controlplane.metrics.selectors import series_many
from controlplane.workloads.models import Workload
from controlplane.workloads.selectors import workload as find
from forecasting.series import Series

MOST_ROWS = 20_000
Cell = str | float | int | None


def csv_answer(name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> HttpResponse:
    """A download. Cells that a spreadsheet would run as a formula are quoted.

    Not streamed: at most some hundred kilobytes, and an ASGI server would gather them anyway.
    """
    text = StringIO(newline="")
    csv.writer(text).writerows([_safe(cell) for cell in row] for row in chain([header], rows))
    answer = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer


def _safe(cell: Cell) -> Cell:
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in {"=", "+", "-", "@", "\t"} else cell


@for_people()
def workload_csv(request: HttpRequest, visit: Visit, name: str, what: str) -> HttpResponse:
    """`demand`, `capacity`, or a signal's name with an optional `quantile`."""
    row = find(visit.team.pk, name)
    span = span_of(request.GET.dict(), now=visit.now, zone=visit.zone.info)
    name = f"{row.name}-{what}"
    if what == "capacity":
        return csv_answer(name, ("time", "ready", "desired"), _capacity(row, span, visit))
    return csv_answer(name, ("time", what), _signal(request, row, span, what))


def _signal(
    request: HttpRequest, row: Workload, span: Span, what: str
) -> Iterator[tuple[Cell, ...]]:
    signal = row.spec.demand.signal if what == "demand" else what
    known = signal in signals() or signal.startswith("business.") or what == "demand"
    if not known or len(signal) > 128:
        raise Missing("signal.missing", f"There is no signal {signal[:80]!r}.")
    wanted = (signal, _quantile(request))
    found = series_many(
        row.team_id, [wanted], any_of=row.matchers, span=(span.start, span.end), step=_step(span)
    )[wanted]
    return ((_stamp(found, i), _cell(found, i)) for i in range(len(found)))


def _capacity(row: Workload, span: Span, visit: Visit) -> Iterator[tuple[Cell, ...]]:
    step = _step(span)
    area = (span.start, min(span.end, visit.now))
    ready = series_many(
        row.team_id, [charts.READY], any_of=charts.pools_of(row), span=area, step=step
    )[charts.READY]
    desired = charts.desired_steps(row, *area, step)
    return _joined(ready, desired)


def _joined(ready: Series, desired: Sequence[tuple[datetime, int]]) -> Iterator[tuple[Cell, ...]]:
    """Each interval with the size that was wanted in it."""
    position, wanted = 0, None
    for i in range(len(ready)):
        end = ready.start + (i + 1) * ready.step
        while position < len(desired) and desired[position][0] < end:
            wanted = desired[position][1]
            position += 1
        yield (_stamp(ready, i), _cell(ready, i), wanted)


def _step(span: Span) -> timedelta:
    return span.step(MOST_ROWS)


def _stamp(series: Series, i: int) -> str:
    at = (series.start + i * series.step).astimezone(UTC)
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def _cell(series: Series, i: int) -> Cell:
    return None if series.missing[i] else float(f"{series.values[i]:.9g}")


def _quantile(request: HttpRequest) -> float | None:
    text = request.GET.get("quantile", "")
    if not text:
        return None
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 < found < 1:
        raise InvalidInput("query.quantile", "quantile must lie between 0 and 1.", status=422)
    return found
