"""The outbox, and from there to the channels."""
