"""The schema of the accounts, version by version; `upgrading` brings a database to the newest one."""
