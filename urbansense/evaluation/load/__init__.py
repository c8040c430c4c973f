"""The load test: what of it needs the platform (devices, rule, log, ledger, services), and its report."""
