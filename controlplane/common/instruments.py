"""Our own counters, gauges and histograms, in one place so that none is named twice."""

from prometheus_client import Counter, Gauge, Histogram

FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

ingest_requests = Counter(
    "tidewise_ingest_requests", "Ingest requests by protocol and outcome.", ["protocol", "outcome"]
)
ingest_samples = Counter(
    "tidewise_ingest_samples", "Samples by protocol and outcome.", ["protocol", "outcome"]
)
ingest_rejected = Counter(
    "tidewise_ingest_rejected", "Refused requests by protocol and reason.", ["protocol", "reason"]
)
ingest_seconds = Histogram(
    "tidewise_ingest_seconds",
    "Time from the last body byte to the answer.",
    ["protocol"],
    buckets=FAST,
)
live_connections = Gauge("tidewise_live_connections", "Open websocket connections.")
live_events = Counter("tidewise_live_events", "Live events by direction.", ["direction"])
