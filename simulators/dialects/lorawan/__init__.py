"""LoRaWAN uplinks, as the MQTT integrations of ChirpStack and The Things Stack publish them."""
