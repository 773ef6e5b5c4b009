"""What teams, machines and people may be called: patterns that fit their columns and every list."""

DEFAULT_TEAM = "default"
TEAM = r"^[a-z0-9]([a-z0-9-]{0,58}[a-z0-9])?$"
MACHINE = r"^[^\x00-\x20\x7f][^\x00-\x1f\x7f]{0,79}$"  # the name of a bearer token
USER = r"^[A-Za-z0-9_.@+-]{1,120}$"
