"""The real servers, for every test of this folder."""

from tests.system.servers import postgres_server, postgres_url

__all__ = ["postgres_server", "postgres_url"]
