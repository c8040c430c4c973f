"""Signals: what a device's readings say over a window of observed time."""
