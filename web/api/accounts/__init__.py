"""Users, departments, API tokens, and the log of who did what."""
