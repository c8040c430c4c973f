"""The registry of record in its database: tables, the statements on them, and `Registry` over both."""
