"""The time-series store: one port (`timeseries.ports`) and its adapters `embedded` (DuckDB) and `influxdb`."""
