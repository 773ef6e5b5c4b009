"""Real processes, real servers: what unit tests cannot show."""
