"""The case desk: events of the log in, revisions of cases out, and how far behind it is."""
