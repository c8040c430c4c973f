"""Logging in: by password at our own page, or at an identity provider."""
