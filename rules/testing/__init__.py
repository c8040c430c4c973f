"""Rule tests: a series of readings in, the expected events out, judged by the engine that judges live data."""
