"""Which partition a record goes to, which member of a group reads it, and what a reader asked for. Pure."""
