"""Programs that measure; `make bench` runs each of them. No figure here is ever asserted."""
