"""The life of a case: opened from an arrival, run in segments, waiting for people, closed once."""
