"""Rules workers that die on a prepared log."""
