"""A replayed past → the rows that it would have left behind: decisions, orders, forecasts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from controlplane.decisions import record
from controlplane.decisions.models import (
    ActuationRecord,
    ActuationState,
    DecisionRecord,
    PackedJSON,
)
from controlplane.demo.fleet import Order
from controlplane.demo.replay import History, Kept
from controlplane.forecasts.models import ForecastRecord
from controlplane.workloads.models import Pool, Workload
from forecasting.forecast import Forecast
from scaler.engine import trail

AT_ONCE = 500
CAUSE = "history"
FORECASTS_FOR = timedelta(days=7)  # as long as the product itself keeps them
CLAIMED = timedelta(milliseconds=350)  # what a worker and the provider usually take
APPLIED = timedelta(milliseconds=600)
READ_EVERY = timedelta(seconds=5)


Packed = tuple[Kept, bytes, bytes]  # a decision, its trail and its snapshot


@dataclass(frozen=True, slots=True)
class Past:
    """One workload, its only pool, what was replayed of it, and that as `packed` wrote it down."""

    workload: Workload
    pool: Pool
    history: History
    packed: Sequence[Packed]


def packed(history: History) -> list[Packed]:
    """Every kept decision as its row's columns hold it: half of the work, and it needs no rows."""
    pack = PackedJSON().get_prep_value
    return [
        (
            kept,
            pack(trail.dump_decision(kept.decision)),
            pack(trail.dump_snapshot(kept.snapshot)),
        )
        for kept in history.kept
    ]


def store(pasts: Sequence[Past], *, now: datetime) -> int:
    """Write everything, decisions of all workloads in the order of time; how many decisions.

    Must run in a transaction: half of a past is worse than none.
    """
    entries = sorted(
        ((past, packed) for past in pasts for packed in past.packed),
        key=lambda entry: (entry[1][0].decision.at, entry[0].workload.name),
    )
    forecasts = _forecasts(entries, since=now - FORECASTS_FOR)
    decisions = DecisionRecord.objects.bulk_create(
        (_decision(past, packed, forecasts) for past, packed in entries), batch_size=AT_ONCE
    )
    by_instant = {(row.workload_id, row.at): row for row in decisions}
    for past in pasts:
        ActuationRecord.objects.bulk_create(_actuations(past, by_instant), batch_size=AT_ONCE)
    return len(decisions)


Entries = Sequence[tuple[Past, Packed]]
Issued = dict[tuple[int, datetime], ForecastRecord]


def _forecasts(entries: Entries, *, since: datetime) -> Issued:
    """The forecasts that kept decisions were made with, as far back as the product keeps them."""
    pasts = {past.workload.pk: past.workload for past, _packed in entries}
    signals = {pk: workload.spec.demand.signal for pk, workload in pasts.items()}
    made = [
        _forecast(past.workload, signals[past.workload.pk], kept.snapshot.forecast)
        for past, (kept, *_packed) in entries
        if kept.snapshot.forecast is not None and kept.decision.at >= since
    ]
    rows = ForecastRecord.objects.bulk_create(made, batch_size=AT_ONCE)
    return {(row.workload_id, row.origin): row for row in rows}


def _forecast(workload: Workload, signal: str, said: Forecast) -> ForecastRecord:
    return ForecastRecord(
        workload=workload,
        signal=signal,
        model=said.model,
        origin=said.origin,
        step_seconds=said.step.total_seconds(),
        quantiles=list(said.quantiles),
        values=said.values.tolist(),
        created_at=said.origin,
    )


def _decision(past: Past, packed: Packed, forecasts: Issued) -> DecisionRecord:
    kept, steps, seen = packed
    decision, snapshot = kept.decision, kept.snapshot
    said = snapshot.forecast
    binding = decision.binding
    return DecisionRecord(
        workload=past.workload,
        tick=record.tick_of(decision.at),
        at=decision.at,
        cause=CAUSE,
        revision=past.workload.revision,
        mode=snapshot.mode.value,
        current=decision.current,
        desired=decision.desired,
        wanted=decision.wanted,
        binding=binding.name if binding else "",
        held=not decision.change,
        trail=steps,
        snapshot=seen,
        forecast=forecasts.get((past.workload.pk, said.origin)) if said else None,
    )


def _actuations(
    past: Past, decisions: dict[tuple[int, datetime], DecisionRecord]
) -> Iterator[ActuationRecord]:
    kept = [each for each in past.history.kept if each.order is not None]
    orders = [each.order for each in kept if each.order is not None]
    end = past.history.ends[-1]
    for index, (each, order) in enumerate(zip(kept, orders, strict=True)):
        following = orders[index + 1].at if index + 1 < len(orders) else None
        state, detail, finished = outcome(order, following, float(end))
        at = each.decision.at
        decision = decisions[past.workload.pk, at]
        yield ActuationRecord(
            decision=decision,
            workload=past.workload,
            pool=past.pool,
            generation=index + 1,
            key=record.order_key(decision, past.pool, index + 1),
            before=order.before,
            desired=order.desired,
            state=state,
            detail=detail,
            created_at=at,
            expires_at=at + record.ORDER_LIFE,
            claimed_at=at + CLAIMED,
            applied_at=_moment(order.effect) + APPLIED,
            finished_at=finished,
        )


def outcome(
    order: Order, following: float | None, end: float
) -> tuple[ActuationState, str, datetime | None]:
    """What the reconcile tick would have said of the order by the end of history."""
    if following is not None and following <= order.done:
        taken = "A newer order took over."
        return ActuationState.SUPERSEDED, taken, _moment(following) + READ_EVERY
    if order.done <= end:
        return ActuationState.VERIFIED, order.trouble, _moment(order.done) + READ_EVERY
    return ActuationState.APPLIED, order.trouble, None


def _moment(unix: float) -> datetime:
    return datetime.fromtimestamp(unix, UTC)
