"""Rules to start from, as YAML documents. Thresholds come with their sources; devices may carry their own in attributes."""
