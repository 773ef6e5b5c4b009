"""The signals we know and how other systems' names map to them, as data with a strict loader."""
