"""The REST API and the operator console."""
