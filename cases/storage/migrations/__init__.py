"""The schema of the cases, version by version; `upgrading` brings a database to the newest one."""
