"""What is true of a city at any instant, whoever looks."""
