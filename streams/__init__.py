"""The log: one small port (`streams.ports`) and its adapters `kafka` and `embedded`."""
