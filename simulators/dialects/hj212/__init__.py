"""HJ 212-2017, as a water station sends it."""
