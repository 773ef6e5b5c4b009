"""A snapshot in → a decision out, and a decision made real. No Django, no clock."""
