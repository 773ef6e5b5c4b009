"""Routes, one file per resource: authorise, call one service, answer."""
