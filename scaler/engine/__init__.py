"""The pure core: everything it may know is in the Snapshot, everything it says is a Decision."""
