"""Rows of one team → plain values for presenters; each in a constant number of queries."""
