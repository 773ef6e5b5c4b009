"""One action of a person or token → one audit row, secrets taken out."""

from datetime import datetime
from typing import Any

from controlplane.accounts.models import AuditEntry, Team
from controlplane.common.logs import hide


def audit(
    team: Team, *, actor: str, action: str, subject: str, now: datetime, **detail: Any
) -> AuditEntry:
    """Write one line, in the caller's transaction."""
    return AuditEntry.objects.create(
        team=team, at=now, actor=actor, action=action, subject=subject[:200], detail=_clean(detail)
    )


def _clean(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return hide(value) if isinstance(value, str) else value
