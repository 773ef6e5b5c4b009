"""Who is trained when: one at a time, and the more patiently the more often it failed."""

from datetime import datetime, timedelta

import pytest

from controlplane.common.errors import Conflict
from controlplane.forecasts import train, trainings
from controlplane.forecasts.models import Training
from controlplane.workloads.models import Workload
from tests.controlplane.forecasts.pasts import MINUTE

pytestmark = pytest.mark.usefixtures("quick")
LEASE = trainings.LEASE


def test_while_one_trains_another_is_told_to_come_back(fresh: Workload, noon: datetime) -> None:
    with trainings.lease(fresh, now=noon):
        with pytest.raises(Conflict, match=r"began at 12:00:00 UTC .* at 12:15 UTC"):
            train.train(fresh, now=noon + MINUTE)
        assert train.train_due(now=noon + MINUTE) == 0

    assert train.train(fresh, now=noon + 2 * MINUTE).number == 1


def test_somebody_who_was_faster_by_a_moment_wins(
    fresh: Workload, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainings, "claim", lambda *_args, **_kwargs: False)

    with pytest.raises(Conflict, match="by somebody else"):
        train.train(fresh, now=noon)
    assert train.train_due(now=noon) == 0


def test_a_training_that_was_killed_counts_as_failed_without_anybody_saying_so(
    fresh: Workload, noon: datetime
) -> None:
    row = trainings._begin(fresh, now=noon)  # and then the process is gone

    assert (row.failures, row.ended_at) == (1, None)
    assert "killed" in row.trouble
    assert list(trainings.due(now=noon + LEASE - MINUTE)) == []
    assert list(trainings.due(now=noon + LEASE)) == [fresh]


def test_every_failure_doubles_the_wait_up_to_the_usual_time(
    fresh: Workload, noon: datetime
) -> None:
    waits, now = [], noon
    for _attempt in range(8):
        row = trainings._begin(fresh, now=now)
        waits.append(row.due_at - now)
        now = row.due_at

    assert waits[:4] == [LEASE, 2 * LEASE, 4 * LEASE, 8 * LEASE]
    assert waits[-1] == trainings.RETRAIN_EVERY


def test_success_forgets_the_failures(fresh: Workload, noon: datetime) -> None:
    trainings._begin(fresh, now=noon)
    train.train(fresh, now=noon + LEASE)
    row = Training.objects.get()

    assert (row.failures, row.trouble) == (0, "")
    assert row.due_at == noon + LEASE + trainings.RETRAIN_EVERY


def test_the_row_tells_when_a_training_ended_and_what_stopped_it(
    fresh: Workload, noon: datetime
) -> None:
    seconds = iter((100.0, 107.5))
    with (
        pytest.raises(KeyboardInterrupt),
        trainings.lease(fresh, now=noon, stopwatch=lambda: next(seconds)),
    ):
        raise KeyboardInterrupt
    row = Training.objects.get()

    assert row.ended_at == noon + timedelta(seconds=7.5)
    assert (row.failures, row.trouble) == (1, "KeyboardInterrupt: ")


def test_a_lease_that_ran_out_does_not_undo_its_successor(fresh: Workload, noon: datetime) -> None:
    with trainings.lease(fresh, now=noon):
        trainings._begin(fresh, now=noon + LEASE)  # somebody took it for dead

    assert Training.objects.get().started_at == noon + LEASE
    assert Training.objects.get().ended_at is None
