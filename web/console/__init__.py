"""The operator console: one live page, every asset served from here."""
