"""Decisions made real: one adapter per place where replicas live."""
