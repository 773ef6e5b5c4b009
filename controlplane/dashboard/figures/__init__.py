"""Values → Plotly figures as plain dicts, and small drawings as SVG paths. Pure."""
