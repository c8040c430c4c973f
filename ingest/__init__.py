"""From MQTT to the log and from the log to the store: dialects, mapping, pipeline, gateway, recorder, ledger."""
