"""From a URL to the store it names."""
