"""The registry's schema, version by version; `upgrading` brings a database to the newest one."""
