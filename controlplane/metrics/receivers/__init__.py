"""The doors that samples come through; each ends in ingest.py."""
