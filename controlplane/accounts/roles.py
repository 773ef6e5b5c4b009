"""A role or a token's scopes → what it may do. The one permission table."""

from enum import StrEnum


class Scope(StrEnum):
    """What a bearer token may do; given when it is made, never widened."""

    INGEST = "ingest:write"
    READ = "read"
    SCALE = "scale:write"
    ADMIN = "admin"


class Role(StrEnum):
    """What a person may do in one team."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


# A role acts through the same scopes as a token, so that one check serves both.
ROLE_SCOPES: dict[Role, frozenset[Scope]] = {
    Role.VIEWER: frozenset({Scope.READ}),
    Role.OPERATOR: frozenset({Scope.READ, Scope.SCALE}),
    Role.ADMIN: frozenset({Scope.READ, Scope.SCALE, Scope.ADMIN, Scope.INGEST}),
}


def implied(scopes: frozenset[Scope]) -> frozenset[Scope]:
    """Admin may do everything a person of that role may; no other scope implies another."""
    return scopes | ROLE_SCOPES[Role.ADMIN] if Scope.ADMIN in scopes else scopes


def parse_scopes(words: list[str]) -> frozenset[Scope]:
    """Scope names → scopes. Raises ValueError that names the unknown word and the known ones."""
    known = {scope.value: scope for scope in Scope}
    for word in words:
        if word not in known:
            raise ValueError(f"unknown scope {word!r}; use one of: {', '.join(known)}")
    if not words:
        raise ValueError(f"give at least one scope of: {', '.join(known)}")
    return frozenset(known[word] for word in words)
