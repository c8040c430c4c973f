"""Conditions in CEL: `condition.Condition` compiles one; the parser, the types and the closures serve it."""
