"""Shares, durations and instants as people read them."""
