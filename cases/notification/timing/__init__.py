"""When one recipient is told: quiet hours, rates, digests. Pure."""
