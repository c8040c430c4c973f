"""Two products of their own on top of the platform: the load test and the score of rules."""
