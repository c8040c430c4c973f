"""Edge nodes: their payloads, births remembered, a new birth asked for where one is missing."""
