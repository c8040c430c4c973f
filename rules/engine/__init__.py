"""The engine, pure: `engine.Engine` judges, `plans.RuleSet` says by which rules, `snapshots` keep its state."""
