"""Pages and what their scripts read: one file per page."""
