"""The one-rule job in other stream processors, beside ours: `make bench-peers`."""
