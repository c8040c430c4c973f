"""Rules put to the test: practised on a simulated city, or scored by what the platform told."""

from urbansense.scoring.practice import Practice, live_rules, practise

__all__ = ["Practice", "live_rules", "practise"]
