"""The ground that a city stands on: where it lies, its streets, and what they are called."""
