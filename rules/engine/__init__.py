"""The engine, pure: `engine.Engine` judges, `plans.RuleSet` holds the rules it judges by, `snapshots` keep its state."""
