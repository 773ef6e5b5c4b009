"""What the forecasters said, and which one we trust."""
