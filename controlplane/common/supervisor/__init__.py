"""Command-line choices → every process of an installation, started, watched and stopped together.

Read `run.py` first: it tells the story. `plan.py` says which processes there are, `loop.py` keeps
them alive, `child.py` owns one of them, and the rest are small helpers without knowledge of each
other.
"""
