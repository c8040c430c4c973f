"""From the simulated city to the broker: reports in the order of their time, dialect sessions, the MQTT connection."""
