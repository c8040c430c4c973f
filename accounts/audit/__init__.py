"""The audit log: who did what to what, sealed row by row."""
