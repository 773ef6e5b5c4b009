"""Rows and values → what a page shows, in words that templates can print. Pure."""
