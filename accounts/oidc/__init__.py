"""Logging in at an identity provider, by OpenID Connect, and the users that come by it."""
