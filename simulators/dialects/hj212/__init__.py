"""Water stations: the frames that they send."""
