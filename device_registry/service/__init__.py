"""The registry as others call it: async, every change published to the log at once."""
