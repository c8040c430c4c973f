"""The ways to notify somebody, each a folder, each to a real server."""
