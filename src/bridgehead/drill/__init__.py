"""Trials of a deployment against a world that pushes back."""
