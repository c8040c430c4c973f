"""The state machine of a case: pure, its transitions one table."""
