"""The versions, each from the one before."""
