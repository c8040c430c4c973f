"""Desks and people that die while cases go their way."""
