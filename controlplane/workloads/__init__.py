"""What can be scaled, and how its owner wants it."""
