"""A trail reads from the present size through every wish and limit to the result."""

from datetime import UTC, datetime

from controlplane.dashboard.presenters.trail import trail
from scaler.engine.decision import Decision, Stage, Step
from scaler.policies.recommendation import Recommendation, Silence, Voice

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)


def decision() -> Decision:
    """Wanted 20, held at 8 by the owner's maximum; one policy calm, one blind."""
    return Decision(
        workload="chat",
        at=AT,
        current=6,
        desired=8,
        wanted=20,
        recommendations=(
            Recommendation("threshold", 6, "threshold.calm", (), Voice.CALM),
            Recommendation("target", 12, "target.per_replica"),
            Recommendation("predictive", 20, "predictive.now"),
        ),
        steps=(
            Step(Stage.COMBINE, "combine", 6, 20, "combine.largest", (("policy", "predictive"),)),
            Step(Stage.GUARDRAIL, "freshness", 20, 20, "freshness.ok"),
            Step(Stage.GUARDRAIL, "rate", 20, 12, "rate.up", (("step", 6),)),
            Step(Stage.GUARDRAIL, "bounds", 12, 8, "bounds.max", (("bound", 8),)),
        ),
        silent=(Silence("idle", "reason.of.tomorrow"),),
    )


def test_the_largest_wish_comes_first_and_the_calm_one_last() -> None:
    found = trail(decision(), language="en", zone=UTC)

    assert [(row.name, row.after) for row in found.wishes] == [
        ("predictive", 20),
        ("target", 12),
        ("threshold", None),
    ]


def test_passed_guardrails_are_folded_and_the_last_that_moved_is_binding() -> None:
    found = trail(decision(), language="en", zone=UTC)

    assert [row.name for row in found.passed] == ["freshness"]
    assert [(row.name, row.binding) for row in found.limits] == [("rate", False), ("bounds", True)]
    assert found.binding == "bounds"


def test_bars_share_one_scale_and_limits_hang_where_the_number_fell() -> None:
    found = trail(decision(), language="en", zone=UTC)
    scale = 20 * 1.08
    bounds = found.limits[1]

    assert found.current.width == 6 / scale
    assert (bounds.start, bounds.width, bounds.tone) == (8 / scale, 4 / scale, "down")
    assert found.result.width == 8 / scale


def test_a_reason_of_another_version_is_shown_as_it_is() -> None:
    found = trail(decision(), language="en", zone=UTC)

    assert found.silent[0].sentence == "reason.of.tomorrow"


def test_the_words_are_the_readers() -> None:
    assert "8" in trail(decision(), language="zh-hans", zone=UTC).limits[1].sentence
    assert (
        trail(decision(), language="zh-hans", zone=UTC).limits[1].sentence
        != trail(decision(), language="en", zone=UTC).limits[1].sentence
    )


def test_a_fleet_of_none_divides_by_nothing() -> None:
    empty = Decision("chat", AT, current=0, desired=0, wanted=0)

    assert trail(empty, language="en", zone=UTC).result.width == 0
