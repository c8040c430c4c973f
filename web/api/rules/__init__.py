"""Rules, calendars, silences, and rules over the past."""
