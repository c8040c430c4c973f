"""What is published on topics that nobody reads, by sample (docs/adr/0023)."""
