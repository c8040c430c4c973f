"""What happens right now, kept in memory: the newest records of the log and the city at a glance."""
