"""What is scored: the events of a file or a running platform, and the truth they are held against."""
