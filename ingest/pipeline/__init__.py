"""From one MQTT message to its records on the log; the fast path for plainly good ones beside it."""
