"""Whom a case is for, by which channels, and how each wants to be notified."""
