"""What became of every report, computed from the log."""
