"""Which workloads make up the demo → what each needs: profile, demand, span, document."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from django.conf import settings

from controlplane.common.errors import Conflict, InvalidInput
from controlplane.decisions import translate
from controlplane.demo import recorded, trace
from controlplane.demo.demand import Generated, Source
from controlplane.demo.document import SYNTHETIC
from controlplane.demo.models import DemoWorkload
from controlplane.demo.profiles import PROFILES, SHAPES, Profile
from controlplane.demo.replay import COARSE, Rules, Span
from controlplane.demo.trace import Recording
from controlplane.metrics.catalogue.signals import describe
from controlplane.workloads.models import Workload
from controlplane.workloads.spec import WorkloadDocument
from scaler.engine.snapshot import Mode

SEED = 20_260_101  # of the whole world: every installation sees the same weather
RECORDED = "recorded"  # what a row calls a profile that a recording made
FINE_MINUTES = 60  # of history, at the live world's own step
HISTORY = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Plan:
    """One workload of the demo; `kind` is how its row names the profile."""

    kind: str
    profile: Profile
    source: Source

    def span(self, now: datetime, days: timedelta = HISTORY) -> Span:
        """Whole minutes of history up to `now`, no more than the source has."""
        minutes = int(days.total_seconds() // 60)
        if isinstance(self.source, recorded.Recorded):
            minutes = min(minutes, int(self.source.origin // 60))
        end = now.timestamp() // 60 * 60
        return Span(end - 60 * minutes, minutes, min(FINE_MINUTES, minutes))

    def static_peak(self, span: Span) -> int:
        """The fleet its owner would run without autoscaling, from the demand of the span."""
        lot = self.source.lot(span.start, step=COARSE, count=span.minutes)
        return min(self.profile.static_peak(lot.requests / COARSE), self.profile.owner.maximum)


def generated() -> list[Plan]:
    """The three generated workloads."""
    return [
        Plan(name, one, Generated(SHAPES[name], SEED, one.prompts, one.answers))
        for name, one in PROFILES.items()
        if one.prompts is not None
    ]


def from_trace(path: Path, *, now: datetime) -> Plan:
    """A workload under recorded demand, named after the file. Raises InvalidInput."""
    recording = trace.read(path)
    if recording.name in PROFILES:
        raise InvalidInput(
            "trace.name", f"{recording.name!r} is a workload of the demo; rename the file."
        )
    source = recorded.anchored(recording, now=now.timestamp() // 60 * 60)
    return Plan(RECORDED, recorded.profile(source), source)


def from_row(row: DemoWorkload) -> Plan | None:
    """The plan of a loaded workload; None when its recording is gone."""
    name = row.workload.name
    if row.profile in PROFILES:
        return next(plan for plan in generated() if plan.kind == row.profile)
    source = restored(name)
    return None if source is None else Plan(RECORDED, recorded.profile(source), source)


def missing(plans: Sequence[Plan], team: int) -> list[Plan]:
    """Those that are not loaded yet. Raises Conflict when a real workload has such a name."""
    loaded = set(
        DemoWorkload.objects.filter(workload__team=team).values_list("workload__name", flat=True)
    )
    wanted = [plan for plan in plans if plan.profile.name not in loaded]
    names = [plan.profile.name for plan in wanted]
    for row in Workload.objects.filter(team=team, name__in=names):
        if row.document["metadata"].get("labels", {}).get(SYNTHETIC) != "true":
            raise Conflict(
                "demo.taken",
                f"{row.name!r} is a workload of yours; the demo would need that name.",
            )
    return wanted


def rules(profile: Profile, document: WorkloadDocument) -> Rules:
    """The document as the engine takes it, through the same translation as live looks."""
    spec = document.spec
    wanted = translate.wanted_signals(spec)
    return Rules(
        workload=profile.name,
        mode=Mode(spec.mode),
        bounds=translate.bounds(spec),
        capacity=translate.capacity(spec, timedelta(seconds=profile.cloud.lead)),
        policies=translate.policies(spec),
        guards=translate.guards(spec),
        demand=spec.demand.signal,
        wanted=wanted,
        window=translate.window(spec),
        units={signal: describe(signal).unit for signal, _quantile in wanted},
    )


def keep(plan: Plan) -> None:
    """Store a recording beside the data, so that the world needs the trace's file no more."""
    source = plan.source
    if not isinstance(source, recorded.Recorded):
        return
    tape = source.recording
    path = _tape(tape.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    with draft.open("wb") as file:
        np.savez_compressed(
            file,
            counted=np.array(tape.counted),
            numbers=np.array([tape.start, tape.step, source.anchor, source.origin]),
            counts=np.stack((tape.requests, tape.input_tokens, tape.output_tokens)),
        )
    draft.replace(path)


def restored(name: str) -> recorded.Recorded | None:
    """What `keep` stored; None when it is not there."""
    path = _tape(name)
    if not path.is_file():
        return None
    with np.load(path, allow_pickle=False) as stored:
        start, step, anchor, origin = stored["numbers"].tolist()
        tape = Recording(name, str(stored["counted"]), start, step, *stored["counts"])
    return recorded.Recorded(tape, anchor, origin)


def _tape(name: str) -> Path:
    return Path(settings.DATA_DIR) / "demo" / f"{re.sub(r'[^a-z0-9.-]', '-', name)}.npz"
