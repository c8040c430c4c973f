"""Another system's HTTP endpoint."""
