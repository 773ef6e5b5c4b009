"""Input and output shapes, one file per resource."""
