"""May this call happen? Pure functions, no I/O, no model; the answer is a Decision."""
