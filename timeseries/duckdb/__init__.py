"""The embedded store: one DuckDB file, for one process."""
