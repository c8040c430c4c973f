"""The engine, pure: `lane.Lane` judges, `plans.RuleSet` says by which rules, `snapshots` keep its state."""
