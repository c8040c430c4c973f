"""From the log to the store: telemetry and events, each kept once."""
