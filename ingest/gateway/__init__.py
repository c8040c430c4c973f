"""One gateway slot: from the MQTT broker to the log, acknowledged only when the log has it."""
