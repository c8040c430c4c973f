"""A simulated city put before rules in this process: the pipeline, engine and correlation that judge live data."""

from urbansense.evaluation.scoring.practice.judging import Practice, live_rules, practise

__all__ = ["Practice", "live_rules", "practise"]
