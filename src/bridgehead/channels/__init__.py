"""Channels: how people are told of work that waits for them, each over its own real protocol."""
