"""YAML that remembers where everything stood, within bounds, and what is wrong with it."""
