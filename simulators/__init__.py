"""Devices that are not there: a seeded city, recorded series, and the driver that publishes them over MQTT."""
