"""The corpus generator: orders as real senders write them, with the truth of each, the same for the same seed.

It shares no code, word list or layout with the readers and checks it is used to measure.
"""

from __future__ import annotations
