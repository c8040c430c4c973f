"""What can be measured, in which unit it stands on the log, and what may be computed from it."""
