"""A Mosquitto of our own: a child process on loopback, its sessions in the data folder."""
