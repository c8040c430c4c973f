"""What somebody is told: the occasion, the message, its words."""
