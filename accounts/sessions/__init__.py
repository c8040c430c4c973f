"""Logging in and out, and who stands behind a session or a token."""
