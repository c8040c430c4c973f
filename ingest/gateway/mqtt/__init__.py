"""The MQTT session of a slot on paho, reading many packets at a time (docs/adr/0001)."""
