"""How commands print: tables, lines, JSON, progress, times, and who gives the command."""
