"""What it cost, and what it would have cost."""
