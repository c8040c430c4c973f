"""The ways to tell somebody, each a folder, each to a real server."""
