"""From MQTT to the log and from the log to the store: codecs, normalising, gateway, recorder, ledger."""
