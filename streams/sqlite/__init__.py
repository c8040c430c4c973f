"""The log in one SQLite file, for one process: what `embedded:` in URBANSENSE_LOG_URL means."""
