"""Loading into an installation that is empty, half loaded, taken, or given a trace."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from controlplane.accounts.services import ensure_team
from controlplane.common.errors import Conflict, InvalidInput
from controlplane.demo import doors, load, plans, rows
from controlplane.demo.models import DemoWorkload
from controlplane.metrics.stores.base import Merged
from controlplane.workloads.models import Workload
from scaler.actuators.simulated import SimulatedCloud
from tests.controlplane.demo.conftest import loaded
from tests.controlplane.demo.stories import read, trace
from tests.factories import make_workload

pytestmark = pytest.mark.system  # each loads a demo of its own: seconds, not milliseconds


def test_a_load_that_was_stopped_half_way_starts_over_cleanly(
    db: None, cloud: SimulatedCloud, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_args: Any, **_words: Any) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(rows, "store", stopped)
        with pytest.raises(KeyboardInterrupt):
            loaded(noon)
    assert not Workload.objects.exists()
    stored: list[Merged] = []
    original = doors.store_history

    def watched(*args: Any, **words: Any) -> Merged:
        stored.append(original(*args, **words))
        return stored[-1]

    monkeypatch.setattr(doors, "store_history", watched)
    later = noon + timedelta(minutes=7)

    assert loaded(later) == ["chat-7b", "embed", "rerank"]
    assert sum((one for one in stored), Merged()).conflicts == 0
    assert not read("embed", "service.request.rate", later).missing[-90:].any()


def test_a_real_workload_of_the_same_name_is_left_alone(
    db: None, cloud: SimulatedCloud, noon: datetime
) -> None:
    real = make_workload(ensure_team(load.TEAM), now=noon, name="embed")
    before = real.document

    with pytest.raises(Conflict, match="embed"):
        loaded(noon)
    real.refresh_from_db()
    assert real.document == before
    assert not DemoWorkload.objects.exists()


def test_a_trace_drives_one_more_workload_named_after_its_file(
    db: None, cloud: SimulatedCloud, noon: datetime, tmp_path: Path
) -> None:
    added = loaded(noon, trace=trace(tmp_path))

    assert "my-clients" in added
    assert DemoWorkload.objects.get(workload__name="my-clients").profile == "recorded"
    stored = read("my-clients", "service.request.rate", noon).values
    assert set(np.round(stored[np.isfinite(stored)] * 60).tolist()) == {
        300.0 + 40 * i for i in range(7)
    }
    assert plans.restored("my-clients") is not None


def test_a_bad_trace_loads_nothing_and_says_which_line_is_wrong(
    db: None, cloud: SimulatedCloud, noon: datetime, tmp_path: Path
) -> None:
    path = trace(tmp_path)
    path.write_text(path.read_text().replace(",340", ",nan", 1))

    with pytest.raises(InvalidInput, match="line 3"):
        loaded(noon, trace=path)
    assert not Workload.objects.exists()


def test_a_trace_may_not_take_a_demo_workloads_name(
    db: None, cloud: SimulatedCloud, noon: datetime, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInput, match="rename the file"):
        loaded(noon, trace=trace(tmp_path, name="embed.csv"))


def test_the_command_turns_refusals_into_one_line(
    db: None, cloud: SimulatedCloud, tmp_path: Path
) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("demo_load", trace=tmp_path / "nowhere.csv")
