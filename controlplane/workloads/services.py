"""Create, change and remove workloads; pin and freeze them. Everything that writes their rows."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from pydantic import ValidationError

from controlplane.accounts.audit import audit
from controlplane.accounts.models import Team
from controlplane.common.errors import Conflict, InvalidInput
from controlplane.workloads.models import Override, Pool, TeamPause, Workload
from controlplane.workloads.spec import PoolSpec, Spec, WorkloadDocument

DEFAULT_LEAD = timedelta(minutes=5)  # until enough starts were seen to measure it
LONGEST_OVERRIDE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Saved:
    """What saving a document did: `created`, `changed` or `unchanged`."""

    workload: Workload
    outcome: str
    before: dict[str, Any] | None


def plain(document: WorkloadDocument) -> dict[str, Any]:
    """The document as JSON-able values in human units, as stored and exported."""
    found = document.model_dump(mode="json", by_alias=True, exclude_none=True)
    metadata = found["metadata"]
    metadata["labels"] = dict(sorted(metadata["labels"].items()))
    return found


def in_order(stored: dict[str, Any]) -> dict[str, Any]:
    """A stored document with its keys as people write them: PostgreSQL's JSON forgets the order."""
    try:
        return plain(WorkloadDocument.model_validate(stored))
    except ValidationError:
        return stored  # of another version; better shown in any order than not at all


@transaction.atomic
def save_document(
    team: Team, document: WorkloadDocument, *, actor: str, now: datetime, etag: str | None = None
) -> Saved:
    """Create or change one workload so that it reads like `document`; saving twice is a no-op.

    Raises Conflict (412) when `etag` is given and is not the row's, and (409) when another
    workload owns one of its scale targets or somebody creates the same workload right now.
    """
    row = (
        Workload.objects.select_for_update().filter(team=team, name=document.metadata.name).first()
    )
    wanted = plain(document)
    if etag is not None and (row is None or row.etag != etag):
        raise changed_meanwhile()
    if row is not None and row.document == wanted:
        return Saved(row, "unchanged", wanted)
    before = row.document if row else None
    row = row or Workload(team=team, name=document.metadata.name, revision=0)
    row.document, row.mode, row.revision = wanted, document.spec.mode, row.revision + 1
    _store(row)
    _sync_pools(row, document.spec, now)
    outcome = "created" if before is None else "changed"
    audit(
        team,
        actor=actor,
        action=f"workload.{outcome}",
        subject=row.name,
        now=now,
        before=before,
        after=wanted,
    )
    return Saved(row, outcome, before)


def changed_meanwhile() -> Conflict:
    return Conflict("workload.changed", "It changed since you read it; read it again.", status=412)


def _store(row: Workload) -> None:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise Conflict(
            "workload.exists", f"Somebody else creates {row.name!r} at this moment; read it again."
        ) from error


def _sync_pools(row: Workload, spec: Spec, now: datetime) -> None:
    """Pool rows follow the document; what was observed at a pool survives an unrelated change."""
    row.pools.exclude(name__in=[pool.name for pool in spec.pools]).delete()
    _leave_old_targets(row, spec)
    for position, pool in enumerate(spec.pools):
        columns = _pool_columns(position, pool, spec)
        try:
            with transaction.atomic():
                Pool.objects.update_or_create(
                    workload=row,
                    name=pool.name,
                    defaults=columns,
                    create_defaults={**columns, "created_at": now},
                )
        except IntegrityError as error:
            owner = _owner(row, columns)
            raise Conflict(
                "target.taken", f"The scale target of pool {pool.name!r} belongs to {owner}."
            ) from error


def _owner(row: Workload, columns: dict[str, Any]) -> str:
    """Who has the scale target; another team's workload is not named."""
    held = Pool.objects.filter(kind=columns["kind"], address=columns["address"])
    found = held.filter(workload__team=row.team).select_related("workload").first()
    return f"workload {found.workload.name!r}" if found else "another team's workload"


def _leave_old_targets(row: Workload, spec: Spec) -> None:
    """Pools that move forget what was seen at the old scale target, and make room there first.

    Else two pools could not swap targets, and a pool would be believed to have the size that was
    read somewhere else.
    """
    targets = {pool.name: (pool.target.kind, _address(pool)) for pool in spec.pools}
    for pool in row.pools.all():
        if targets[pool.name] != (pool.kind, pool.address):
            pool.address = {"moving": pool.pk}
            pool.ready, pool.pending, pool.observed_at, pool.trouble = None, [], None, ""
            pool.save()


def _address(pool: PoolSpec) -> dict[str, Any]:
    return pool.target.model_dump(mode="json", exclude={"kind"})


def _pool_columns(position: int, pool: PoolSpec, spec: Spec) -> dict[str, Any]:
    bounds = spec.range_of(pool)
    return {
        "position": position,
        "kind": pool.target.kind,
        "address": _address(pool),
        "minimum": bounds.min,
        "maximum": bounds.max,
        "lead_seconds": (pool.lead_time or DEFAULT_LEAD).total_seconds(),
        "price": pool.price.amount if pool.price else None,
        "currency": pool.price.currency if pool.price else "USD",
    }


@transaction.atomic
def remove(row: Workload, *, actor: str, now: datetime, etag: str | None = None) -> None:
    """Delete a workload and its history; its replicas are left as they are.

    Raises Conflict (412) when `etag` is given and is not the row's any more.
    """
    present = Workload.objects.select_for_update().filter(pk=row.pk).first()
    if present is None or (etag is not None and present.etag != etag):
        raise changed_meanwhile()
    audit(
        row.team,
        actor=actor,
        action="workload.removed",
        subject=row.name,
        now=now,
        before=present.document,
    )
    present.delete()


@transaction.atomic
def set_paused(row: Workload, *, paused: bool, actor: str, now: datetime) -> None:
    """Stop or allow all changes of one workload's size."""
    row.paused_by = actor if paused else ""
    row.save(update_fields=["paused_by", "updated_at"])
    action = "workload.paused" if paused else "workload.resumed"
    audit(row.team, actor=actor, action=action, subject=row.name, now=now)


@transaction.atomic
def resume(row: Workload, *, actor: str, now: datetime) -> None:
    """Nothing that people placed holds the size any more: neither a pause nor an override."""
    set_paused(row, paused=False, actor=actor, now=now)
    lift_overrides(row, now=now)


@transaction.atomic
def place_override(
    row: Workload,
    *,
    size: int | None,
    lasting: timedelta,
    actor: str,
    now: datetime,
    reason: str = "",
) -> Override:
    """Pin `size` replicas, or freeze the current size (None), for `lasting`.

    Raises InvalidInput (422) when the pin is outside the owner's bounds or never ends.
    """
    least, most = row.spec.reach
    if size is not None and not least <= size <= most:
        raise InvalidInput(
            "override.bounds",
            f"Pin a size from {least} to {most}, not {size}.",
            status=422,
        )
    if not timedelta(0) < lasting <= LONGEST_OVERRIDE:
        raise InvalidInput("override.expiry", "An override lasts from 1 s to 7 days.", status=422)
    lift_overrides(row, now=now)
    override = Override.objects.create(
        workload=row, size=size, until=now + lasting, by=actor, reason=reason[:300], created_at=now
    )
    audit(
        row.team,
        actor=actor,
        action="workload.override",
        subject=row.name,
        now=now,
        size=size,
        until=override.until.isoformat(),
        reason=reason,
    )
    return override


def lift_overrides(row: Workload, *, now: datetime) -> int:
    """End every override of the workload; how many were active."""
    return row.overrides.filter(lifted_at=None, until__gt=now).update(lifted_at=now)


@transaction.atomic
def set_mode(row: Workload, mode: str, *, actor: str, now: datetime) -> Workload:
    """Change how far decisions go by themselves; the document follows."""
    document = WorkloadDocument.model_validate(row.document)
    changed = document.model_copy(update={"spec": document.spec.model_copy(update={"mode": mode})})
    WorkloadDocument.model_validate(plain(changed))
    return save_document(row.team, changed, actor=actor, now=now).workload


@transaction.atomic
def set_team_paused(team: Team, *, paused: bool, actor: str, now: datetime) -> None:
    """Stop or allow every change of size in the team."""
    if paused:
        TeamPause.objects.get_or_create(team=team, defaults={"by": actor, "at": now})
    else:
        TeamPause.objects.filter(team=team).delete()
    action = "team.paused" if paused else "team.resumed"
    audit(team, actor=actor, action=action, subject=team.slug, now=now)
