"""The correlation stage's decisions: groups, suppression, flapping and silences. Pure: no I/O, no clock of its own."""
