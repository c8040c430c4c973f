"""The secrets that stand for a person: passwords, sessions, tokens, and what is kept of them."""
