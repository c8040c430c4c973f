"""Logging in elsewhere, by OpenID Connect, and the users that come by it."""
