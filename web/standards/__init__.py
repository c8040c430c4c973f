"""The same data by the standards of others, read only."""
