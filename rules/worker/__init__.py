"""The processes of the rules around the log: the worker that judges partitions, and the correlator behind it."""
