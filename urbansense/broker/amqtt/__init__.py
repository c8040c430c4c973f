"""amqtt in our own process: MQTT 3.1.1, nothing on disk, and nothing acknowledged that is not in the gateway's log."""
