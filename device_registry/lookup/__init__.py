"""The registry as a running stage sees it: in memory, following `registry.devices`."""
