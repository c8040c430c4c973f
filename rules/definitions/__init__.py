"""What stands on `rules.definitions`: versions of rules, calendars and silences, and how they come and go."""
