"""Native JSON on `city/…/up` and `city-gateway/…/up`."""
