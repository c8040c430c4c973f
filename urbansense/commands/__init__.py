"""The command line: `cli` puts it together, one folder a room."""
