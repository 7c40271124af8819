"""Bridgehead takes one narrow AI agent from demo to production, and proves that it is ready."""
