"""Moves cases between workers: the dispatch port, claims, leases, timers and the sweep."""
