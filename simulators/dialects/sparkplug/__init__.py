"""Sparkplug B, as an edge node sends it."""
