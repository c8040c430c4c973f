"""Signals: what a device's readings come to over a window of observed time."""
