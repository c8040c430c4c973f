"""The MQTT broker that `up` and `demo` start themselves: what `embedded://` in URBANSENSE_MQTT_URL means."""
