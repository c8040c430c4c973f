"""The notification document of a city: its shape, and reading it."""
