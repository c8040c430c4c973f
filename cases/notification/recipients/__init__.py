"""Whom a case is told to, by which channels, and how each wants to be told."""
