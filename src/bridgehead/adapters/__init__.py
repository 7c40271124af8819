"""Adapters let agents of other frameworks run as durable cases, their files unchanged."""
