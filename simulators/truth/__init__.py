"""What truly happened, and what should have been reported of it: labels, read from the world."""
