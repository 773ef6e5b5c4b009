"""Samples in, series out: receivers → wire → ingest → stores → selectors."""
