"""Edge nodes: their births, data and deaths, as they send them."""
