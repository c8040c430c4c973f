"""When one recipient is notified: quiet hours, rates, digests. Pure."""
