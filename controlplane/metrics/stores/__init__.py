"""Where samples are kept: the port in base.py, the SQL store, and the fake that ships with it."""
