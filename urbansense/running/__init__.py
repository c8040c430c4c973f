"""How a process runs its services: start and stop, log, memory, metrics, probe."""
