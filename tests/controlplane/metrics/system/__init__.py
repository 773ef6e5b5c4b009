"""The store and the doors as separate, killable processes, and programs that we did not write."""
