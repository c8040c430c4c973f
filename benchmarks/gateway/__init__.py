"""The gateway beside a naive one, on the same broker and log."""
