"""Bounded reading over any log: between offsets, to the end, as a table of the newest value of each key."""
