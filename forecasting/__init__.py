"""Series in → forecast with honest uncertainty out. No Django, no clock, no rows."""
