"""Devices, areas, profiles, credentials, files: the registry."""
