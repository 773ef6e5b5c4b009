"""The application: it listens, remembers, schedules and shows."""
