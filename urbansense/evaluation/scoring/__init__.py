"""How good rules are: practised on a simulated city, or scored by the events of a running platform."""
