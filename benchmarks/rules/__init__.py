"""The rules engine beside a dict in a loop: in memory, on the log, restored, in memory use."""
