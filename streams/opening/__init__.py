"""From a URL to the log it names."""
