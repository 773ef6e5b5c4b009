"""The real servers, for every test of this folder."""

from tests.system.servers import chromium_path, postgres_server, postgres_url, rabbitmq_url

__all__ = ["chromium_path", "postgres_server", "postgres_url", "rabbitmq_url"]
