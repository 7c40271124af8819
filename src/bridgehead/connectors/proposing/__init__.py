"""Proposes the specification of a system from what the system says of itself; every guess says why."""
