"""For those who run the platform: ledger, rejected messages, health, metrics."""
