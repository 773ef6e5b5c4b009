"""Sources → messages → catalogue: what gettext's own tools do, without needing them installed."""
