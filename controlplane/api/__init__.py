"""/api/v1, for machines."""
