"""The composition root: from settings to open connections, from these to services, stage by stage."""
