"""Glyphs never touch, and clusters count everything that they hide."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from controlplane.dashboard.figures.events import LEAST_PIXELS, Event, EventKind, clustered, merged

START = datetime(2026, 3, 2, tzinfo=UTC)
END = START + timedelta(hours=3)
MINUTE = timedelta(minutes=1)


def event(minutes: float, kind: EventKind = EventKind.UP, text: str = "") -> Event:
    return Event(kind, START + minutes * MINUTE, text or f"{kind} {minutes}", f"/d/{minutes}")


@given(
    st.lists(st.tuples(st.floats(0, 180), st.sampled_from(list(EventKind))), max_size=200),
    st.floats(100, 2000),
)
def test_clusters_add_up_and_keep_their_distance(
    found: list[tuple[float, EventKind]], width: float
) -> None:
    clusters = clustered(
        [event(minutes, kind) for minutes, kind in found], start=START, end=END, width=width
    )

    assert sum(each.count for each in clusters) == len(found)
    pixels = [(each.at - START) / (END - START) * width for each in clusters]
    gaps = [b - a for a, b in pairwise(pixels)]
    assert all(gap >= LEAST_PIXELS - 1e-6 for gap in gaps)


def test_a_thousand_events_become_at_most_one_glyph_every_twelve_pixels() -> None:
    events = [event(180 * i / 1000) for i in range(1000)]

    clusters = clustered(events, start=START, end=END, width=900)

    assert len(clusters) <= 900 / LEAST_PIXELS + 1
    assert sum(each.count for each in clusters) == 1000


def test_a_cluster_shows_the_worst_that_it_holds() -> None:
    close = [event(1), event(1.1, EventKind.FAILED), event(1.2, EventKind.DOWN)]

    (cluster,) = clustered(close, start=START, end=END, width=300)

    assert (cluster.kind, cluster.label, cluster.href) == (EventKind.FAILED, "+3", "/d/1.1")


def test_events_outside_the_span_are_not_drawn() -> None:
    events = [event(-1), event(181)]

    assert clustered(events, start=START, end=END, width=900) == ()


def test_a_hold_that_repeats_at_every_look_is_one_event() -> None:
    holds = [event(i, EventKind.BLOCKED, "held at 8: bounds") for i in range(5)]

    (one,) = merged(holds)

    assert (one.count, one.at) == (5, START)


def test_the_same_words_after_something_else_are_a_new_event() -> None:
    events = [event(0, text="+1 → 3"), event(1, EventKind.DOWN, "−1 → 2"), event(2, text="+1 → 3")]

    assert len(merged(events)) == 3
