"""What somebody is sent: the occasion, the message, its words."""
