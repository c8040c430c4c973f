"""What the network servers of LoRaWAN have in common."""
