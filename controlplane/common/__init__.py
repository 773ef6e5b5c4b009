"""Used by every app, knows none of them."""
