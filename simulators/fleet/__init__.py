"""Load: thousands of real MQTT connections that send by a schedule, and count what became of each message."""
