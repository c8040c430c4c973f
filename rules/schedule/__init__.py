"""When a rule is active: by the sun, by weekly hours, by calendar."""
