"""Seeded noise, asked by key: the same question has the same answer."""
