"""Four layers in the order of pain, with only what was measured."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from controlplane.dashboard.figures.events import Cluster, EventKind
from controlplane.dashboard.presenters.inputs import inputs
from controlplane.dashboard.presenters.signals import View, chosen, marks, panel, panels, trend
from controlplane.metrics.catalogue.signals import signals
from forecasting.series import Series

START = datetime(2026, 3, 2, tzinfo=UTC)
END = START + timedelta(hours=1)
VIEW = View(START, END, "en", stale=False)


def series(values: list[float]) -> Series:
    return Series(START, timedelta(minutes=1), np.array(values))


def test_layers_stand_in_the_order_of_pain() -> None:
    assert list(chosen(None, [])) == ["experience", "service", "business", "infra"]


def test_every_signal_that_is_shown_is_in_the_catalogue() -> None:
    asked = {signal for wanted in chosen(None, []).values() for signal, _quantile in wanted}

    assert asked - set(signals()) == {"business.cost.per_million_tokens"}  # computed here


def test_the_objective_leads_its_layer_with_its_own_quantile() -> None:
    layer = chosen(("experience.ttft", 0.99), [])["experience"]

    assert layer[0] == ("experience.ttft", 0.99)
    assert [signal for signal, _quantile in layer].count("experience.ttft") == 1


def test_an_owners_own_business_signal_is_shown_beside_ours() -> None:
    assert ("business.orders.rate", None) in chosen(None, ["business.orders.rate"])["business"]


def test_a_signal_without_a_value_has_no_panel() -> None:
    found = panels(
        [("a", None), ("b", None), ("c", None)],
        {("a", None): series([1.0]), ("b", None): series([float("nan")])},
        {"a": "", "b": ""},
        VIEW,
        {},
    )

    assert [each.signal for each in found] == ["a"]


def test_a_value_over_its_objective_is_marked() -> None:
    found = panel(("experience.e2e", 0.95), series([0.1, 0.3]), "s", VIEW, 0.2)

    assert (found.over, found.key) == (True, "experience-e2e-q95")


def test_the_crosshair_reads_what_was_drawn() -> None:
    found = panel(("a", None), series([1.0, float("nan"), 3.0]), "{request}/s", VIEW)

    assert len(found.shares.split()) == len(found.texts.split("|")) == 2
    assert found.texts.split("|")[1].startswith("3")


def test_a_panels_table_leaves_out_what_is_missing() -> None:
    found = panel(("a", None), series([1.0, float("nan"), 3.0]), "", VIEW)

    assert [value for _at, value in found.table] == [3.0, 1.0]


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ([1.0] * 40, "flat"),
        ([1.0] * 36 + [2.0] * 4, "rising"),
        ([2.0] * 36 + [1.0] * 4, "falling"),
        ([], "flat"),
        ([float("nan")] * 5, "flat"),
        ([0.0] * 36 + [1.0] * 4, "rising"),
    ],
)
def test_a_trend_is_a_word(values: list[float], word: str) -> None:
    assert trend(series(values)) == word


def test_events_stand_at_their_share_of_the_width() -> None:
    cluster = Cluster(EventKind.UP, START + timedelta(minutes=15), "", "", 1)

    assert marks([cluster], START, END) == ((0.25, cluster),)


def test_inputs_show_the_age_that_they_had_then() -> None:
    found = inputs(
        {
            "at": "2026-03-02T12:00:00+00:00",
            "replicas": {"ready": 4, "pending": ["x"], "observed_at": "2026-03-02T11:59:50+00:00"},
            "observations": [
                {"signal": "a", "value": None, "received_at": None, "history": []},
                {"signal": "b", "value": 0.5, "received_at": "2026-03-02T11:59:57+00:00"},
            ],
        },
        {"b": "1"},
    )

    assert (found.ready, found.pending, found.size_age) == (4, 1, 10.0)
    assert [(each.value, each.age, each.unit) for each in found.signals] == [
        (None, None, ""),
        (0.5, 3.0, "1"),
    ]


def test_a_snapshot_of_another_version_is_read_as_far_as_it_goes() -> None:
    found = inputs({}, {})

    assert (found.ready, found.pending, found.signals) == (None, None, ())
